"""The local token that lets a client in, and the tokens made from it for single launches of Claude Code.

A launch token carries what the ledger should know of its requests (project, profile) and is signed with the local
token, so that no list of launches has to be kept or shared between processes; renewing the local token ends them all.
It ends after :data:`LAUNCH_SECONDS`, too, and with its launch (:mod:`proxy_core.launch.launch_records`).

A proxy proves with the local token that it holds it (:func:`proof`). Each use of it signs under a name of its own, so
that no proof is ever a launch token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import Final

from proxy_core.config.paths import spelled
from proxy_core.config.secret import Secret

LAUNCH_SECONDS: Final = 7 * 86_400.0
"""For so long a launch token is good at most."""

NONCE: Final = re.compile(r"[0-9A-Za-z_-]{16,128}")
"""What may be asked to be proved with."""

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


def launch_token(local: Secret, launch: Launch, issued: float | None = None) -> Secret:
    """A token that is good for a week from ``issued`` (Unix time in seconds, now if None), as long as ``local`` is."""
    at = int(time.time() if issued is None else issued)
    payload = _encode(json.dumps([launch.id, spelled(launch.project), launch.profile, at]).encode())
    return Secret(f"{_LAUNCH}{payload}.{_signature(local, 'launch', payload)}")


def admits(local: Secret, presented: str, now: float | None = None) -> Launch | None:
    """The launch that ``presented`` stands for, an empty one for the local token itself, None when it opens nothing.

    ``now`` is Unix time in seconds, the clock's if None.
    """
    if local.matches(presented):
        return Launch("")
    if not presented.startswith(_LAUNCH):
        return None
    payload, dot, signature = presented[len(_LAUNCH) :].partition(".")
    expected = _signature(local, "launch", payload)
    if not dot or not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        return None
    try:
        id_, project, profile, issued = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):  # pragma: no cover - a signed payload of another version
        return None
    if abs((time.time() if now is None else now) - issued) > LAUNCH_SECONDS:  # a clock may have been put back, too
        return None
    return Launch(id_, project, profile)


def proof(local: Secret, nonce: str, host: str, port: int) -> str:
    """What only a holder of ``local`` can answer to ``nonce``, and only for the address that it answers on itself.

    Without the address a program in the proxy's place could pass the question on to the proxy on another port.
    """
    return _signature(local, "proof", f"{nonce} {host} {port}")


def _signature(local: Secret, purpose: str, text: str) -> str:
    key = local.reveal().encode("utf-8", "surrogatepass")
    return _encode(hmac.digest(key, f"understudy {purpose}\0{text}".encode("utf-8", "surrogatepass"), hashlib.sha256))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
