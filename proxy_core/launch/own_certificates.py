"""The certificates that our package for macOS gives itself: told from the user's own, and handed on to nobody.

Whoever is started from here would otherwise trust our list instead of the user's, which may know a company's own.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Final

CERTIFICATES: Final = "SSL_CERT_FILE"
"""What OpenSSL reads; so do curl, Python and others that a terminal may run."""

OURS: Final = "UNDERSTUDY_OWN_CERTIFICATES"
"""Set to the same file where it was we who set the other."""


def give(environ: MutableMapping[str, str], file: str) -> None:
    """Have ``file`` used where nobody has said otherwise."""
    if CERTIFICATES not in environ:
        environ[CERTIFICATES] = environ[OURS] = file


def without(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` as it was before :func:`give`; what somebody set since stays."""
    kept = dict(environ)
    if OURS in kept and kept.pop(OURS) == kept.get(CERTIFICATES):
        del kept[CERTIFICATES]
    return kept
