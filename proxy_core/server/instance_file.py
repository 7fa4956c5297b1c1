"""The running Understudy, announced to other processes of the same user in a small file."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from proxy_core.config import atomic_file, http_client
from proxy_core.config.environment import is_loopback
from proxy_core.config.local_token import proof
from proxy_core.config.processes import is_alive
from proxy_core.config.secret import Secret

_SECONDS: Final = 2.0
"""How long each step of a health check may take."""

_MOST: Final = 65_536
"""Bytes of a health check's answer that are read."""


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """A running Understudy. ``address`` is its URL, ``started`` Unix time in seconds."""

    pid: int
    address: str
    started: float
    version: str


def announce(path: Path, presence: InstanceInfo) -> None:
    """Write the file, whole or not at all, readable by its user only."""
    atomic_file.write(path, json.dumps(asdict(presence)).encode())


def unannounced(path: Path, error: OSError) -> str:
    """Return the sentence for a person where :func:`announce` failed."""
    reason = error.strerror or type(error).__name__
    return (
        f"Other commands cannot find this proxy: {path} could not be written ({reason}). "
        "Set ANTHROPIC_BASE_URL by hand."
    )


def withdraw(path: Path, pid: int) -> None:
    """Remove the file if it is of the process ``pid``."""
    told = read(path)
    if told is not None and told.pid == pid:
        path.unlink(missing_ok=True)


def read(path: Path) -> InstanceInfo | None:
    """Return what the file says, true or not; None where it is missing or damaged."""
    try:
        told = json.loads(path.read_text("utf-8"))
        return InstanceInfo(int(told["pid"]), str(told["address"]), float(told["started"]), str(told["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_running(path: Path) -> InstanceInfo | None:
    """Return the Understudy of the file, if its process lives and its address answers as Understudy does.

    A crash leaves its file behind. Any program may answer there: call :func:`proves` before a token is sent to it.
    """
    told = read(path)
    if told is None or not is_alive(told.pid, same_user=True) or not answers(told.address):
        return None
    return told


def answers(address: str) -> bool:
    """Return whether an Understudy answers ``GET /health`` at ``address``, which has to be on loopback."""
    told, _ = _health(address)
    return told.get("name") == "understudy"


def proves(address: str, local: Secret) -> bool:
    """Return whether the server at ``address``, on loopback, proves that it holds the local token."""
    nonce = secrets.token_urlsafe(32)
    told, (host, port) = _health(address, nonce)
    given = told.get("proof")
    return isinstance(given, str) and Secret(proof(local, nonce, host, port)).matches(given)


def _health(address: str, nonce: str = "") -> tuple[dict[str, Any], tuple[str, int]]:
    """Return the answer, empty where it is no JSON object, and the host and port that the connection really led to."""
    nothing: tuple[dict[str, Any], tuple[str, int]] = ({}, ("", 0))
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port  # raises where it is none
    except ValueError:
        return nothing
    if host is None or not is_loopback(host):
        return nothing
    import httpx  # noqa: PLC0415 - 0.1 s, and most starts find no file

    url = f"{address}/health?nonce={nonce}" if nonce else f"{address}/health"
    try:
        with http_client.client(url, None, seconds=_SECONDS) as client, client.stream("GET", url) as response:
            peer = response.extensions["network_stream"].get_extra_info("server_addr")[:2]
            answer = json.loads(http_client.read(response, _MOST, _SECONDS) or b"")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RecursionError):
        return nothing
    return (answer if response.status_code == 200 and isinstance(answer, dict) else {}), peer
