"""The local token that lets a client in, and the tokens made from it for single launches of Claude Code.

A launch token carries what the ledger should know of its requests (project, profile) and is signed with the local
token, so that no list of launches has to be kept or shared between processes; renewing the local token ends them all.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Final

from proxy_core.config.secret import Secret

_PREFIX: Final = "us-"
_LAUNCH: Final = "us-launch."


@dataclass(frozen=True, slots=True)
class Launch:
    """What one launch of Claude Code is for: ``project`` is its folder, ``profile`` what it asked for or empty."""

    id: str
    project: str = ""
    profile: str = ""


def new_local_token() -> Secret:
    """256 random bits."""
    return Secret(_PREFIX + secrets.token_urlsafe(32))


def launch_token(local: Secret, launch: Launch) -> Secret:
    """A token that is good as long as ``local`` is, and says which launch it belongs to."""
    payload = _encode(json.dumps([launch.id, launch.project, launch.profile]).encode())
    return Secret(f"{_LAUNCH}{payload}.{_signature(local, payload)}")


def admits(local: Secret, presented: str) -> Launch | None:
    """The launch that ``presented`` stands for, an empty one for the local token itself, None when it opens nothing."""
    if local.matches(presented):
        return Launch("")
    if not presented.startswith(_LAUNCH):
        return None
    payload, dot, signature = presented[len(_LAUNCH) :].partition(".")
    if not dot or not hmac.compare_digest(_signature(local, payload).encode(), signature.encode("utf-8", "replace")):
        return None
    try:
        id_, project, profile = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):  # pragma: no cover - a signed payload of another version
        return None
    return Launch(id_, project, profile)


def _signature(local: Secret, payload: str) -> str:
    key = local.reveal().encode("utf-8", "surrogatepass")
    return _encode(hmac.digest(key, payload.encode("utf-8", "surrogatepass"), hashlib.sha256))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
