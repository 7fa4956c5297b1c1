"""The certificates that our macOS package sets for itself: kept apart from the user's own, and not inherited.

A program started from here would otherwise trust our list instead of the user's, which may include a company's own
authority.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Final

CERTIFICATES: Final = "SSL_CERT_FILE"
"""Read by OpenSSL, and so by curl, Python and other programs that a terminal may run."""

OURS: Final = "UNDERSTUDY_OWN_CERTIFICATES"
"""Set to the same file if we set the other variable."""


def give(environ: MutableMapping[str, str], file: str) -> None:
    """Use ``file`` unless the user has set one."""
    if CERTIFICATES not in environ:
        environ[CERTIFICATES] = environ[OURS] = file


def without(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` as it was before :func:`give`; a value that was set since stays."""
    kept = dict(environ)
    if OURS in kept and kept.pop(OURS) == kept.get(CERTIFICATES):
        del kept[CERTIFICATES]
    return kept
