"""The check for a newer release: asked of the project's page when the user says so, and never by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from proxy_core.config import http_client
from proxy_core.config.outbound_policy import OutboundPolicy
from proxy_core.errors import UnderstudyError

if TYPE_CHECKING:
    import httpx

RELEASES: Final = "https://api.github.com/repos/understudy-app/understudy/releases/latest"
"""GitHub's account of the newest release that is neither a draft nor a pre-release (its REST API, "Get the latest
release")."""

PAGES: Final = "https://github.com/understudy-app/understudy/releases/"
"""What a release's own page begins with; no other link is shown to a person."""

_SECONDS: Final = 10.0
"""How long each step of the answer may take."""

_MOST: Final = 1 << 20
"""Bytes of an answer that are read; GitHub's description of a release has a few thousand."""


class CheckFailed(UnderstudyError):
    """Nobody could be asked, or the answer was none; the message is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release that is newer than what runs. ``page`` is where a person gets it."""

    version: str
    page: str


def latest(current: str, policy: OutboundPolicy, transport: httpx.BaseTransport | None = None) -> Release | None:
    """Return the newest release, or None if ``current`` is as new. ``transport`` takes the place of the network.

    Blocks. Raises CheckFailed, and :class:`~proxy_core.errors.ProxyUnusable`.
    """
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - wanted when the user asks, not before

    told = _table(_fetch(policy, transport))
    tag, page = str(told.get("tag_name", "")), str(told.get("html_url", ""))
    try:
        newest = Version(tag)
        is_newer = newest > Version(current)
    except InvalidVersion as error:
        raise CheckFailed(f"The answer about the newest version could not be understood: {error}.") from error
    if not is_newer:
        return None
    return Release(str(newest), page if page.startswith(PAGES) else PAGES)


def _fetch(policy: OutboundPolicy, transport: httpx.BaseTransport | None) -> bytes:
    """Ask with no word of who asks but the program's name. GitHub redirects on its own host when a project is renamed.

    Raises CheckFailed.
    """
    import httpx  # noqa: PLC0415 - 0.1 s, when the user asks and not before

    try:
        with http_client.client(RELEASES, policy, seconds=_SECONDS, transport=transport) as client:
            request = client.build_request("GET", RELEASES, headers={"Accept": "application/vnd.github+json"})
            response = client.send(request, stream=True)
            moved = response.next_request
            if moved is not None and (moved.url.scheme, moved.url.netloc) == (request.url.scheme, request.url.netloc):
                response.close()
                response = client.send(moved, stream=True)
            body = http_client.read(response, _MOST, _SECONDS) if response.status_code == httpx.codes.OK else None
            response.close()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__  # a timeout has no words
        raise CheckFailed(f"The project's page could not be asked for the newest version: {reason}.") from error
    if response.status_code != httpx.codes.OK:
        status = response.status_code
        raise CheckFailed(f"The project's page answered with {status} when asked for the newest version.")
    return body or b""


def _table(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError as error:
        raise CheckFailed("The answer about the newest version is not JSON.") from error
    if not isinstance(told, dict):
        raise CheckFailed("The answer about the newest version is not what it should be.")
    return told
