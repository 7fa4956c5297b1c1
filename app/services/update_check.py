"""Whether there is a newer release: asked of the project's page once, when the user says so, and never by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from proxy_core.errors import UnderstudyError

RELEASES: Final = "https://api.github.com/repos/understudy-app/understudy/releases/latest"
"""GitHub's account of the newest release that is neither a draft nor a pre-release (its REST API, "Get the latest
release")."""

PAGES: Final = "https://github.com/understudy-app/understudy/releases/"
"""What a release's own page begins with; no other link is shown to a person."""

PATIENCE: Final = 10.0
"""Seconds for which each step of the answer is waited for."""

MOST: Final = 1 << 20
"""Bytes of an answer that are read; GitHub's description of a release has a few thousand."""

Transport = Callable[[str], bytes]
"""From a URL to the body of its answer. Raises CheckFailed."""


class CheckFailed(UnderstudyError):
    """Nobody could be asked, or the answer was none; the message is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release that is newer than what runs. ``page`` is where a person gets it."""

    version: str
    page: str


def latest(current: str, transport: Transport | None = None, url: str = RELEASES) -> Release | None:
    """The newest release, or None if ``current`` is as new. Blocks for as long as ``transport`` does.

    Raises CheckFailed.
    """
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - wanted when the user asks, not before

    told = _table((transport or over_https)(url))
    tag, page = str(told.get("tag_name", "")), str(told.get("html_url", ""))
    try:
        newest = Version(tag)
        is_newer = newest > Version(current)
    except InvalidVersion as error:
        raise CheckFailed(f"The answer about the newest version could not be understood: {error}.") from error
    if not is_newer:
        return None
    return Release(str(newest), page if page.startswith(PAGES) else PAGES)


def over_https(url: str) -> bytes:
    """Ask, with the system's own proxy settings and certificates, and no word of who asks but the program's name.

    Raises CheckFailed.
    """
    from http.client import HTTPException  # noqa: PLC0415
    from urllib.error import HTTPError  # noqa: PLC0415
    from urllib.request import Request, urlopen  # noqa: PLC0415

    request = Request(url, headers={"Accept": "application/vnd.github+json", "User-Agent": "understudy"})  # noqa: S310
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - the one constant above
            body: bytes = answer.read(MOST)
    except HTTPError as error:
        error.close()
        raise CheckFailed(
            f"The project's page answered with {error.code} when asked for the newest version."
        ) from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise CheckFailed(f"The project's page could not be asked for the newest version: {reason}.") from error
    return body


def _table(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError as error:
        raise CheckFailed("The answer about the newest version is not JSON.") from error
    if not isinstance(told, dict):
        raise CheckFailed("The answer about the newest version is not what it should be.")
    return told
