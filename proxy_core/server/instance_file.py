"""Which Understudy runs on this machine: told to other processes of the same user through a small file."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from proxy_core.config import atomic_file
from proxy_core.config.environment import is_loopback
from proxy_core.config.local_token import proof
from proxy_core.config.secret import Secret

_SECONDS: Final = 2.0
"""How long a running Understudy may take to say that it is there."""


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """A running Understudy. ``address`` is its URL, ``started`` Unix time in seconds."""

    pid: int
    address: str
    started: float
    version: str


def announce(path: Path, presence: InstanceInfo) -> None:
    """Say that it runs: written whole or not at all, readable by its user only."""
    atomic_file.write(path, json.dumps(asdict(presence)).encode())


def unannounced(path: Path, error: OSError) -> str:
    """Return what a person should know where ``announce`` failed."""
    reason = error.strerror or type(error).__name__
    return (
        f"Other commands cannot find this proxy: {path} could not be written ({reason}). "
        "Set ANTHROPIC_BASE_URL by hand."
    )


def withdraw(path: Path, pid: int) -> None:
    """Take back what ``pid`` said; another's word stays."""
    told = read(path)
    if told is not None and told.pid == pid:
        path.unlink(missing_ok=True)


def read(path: Path) -> InstanceInfo | None:
    """What the file says, true or not; None when there is none, or it is not ours."""
    try:
        told = json.loads(path.read_text("utf-8"))
        return InstanceInfo(int(told["pid"]), str(told["address"]), float(told["started"]), str(told["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_running(path: Path) -> InstanceInfo | None:
    """The Understudy that runs: the file's, if its process lives and its address answers as Understudy.

    A file left behind by a crash is no presence. Anybody may answer there: before a token goes to it, :func:`proves`.
    """
    told = read(path)
    if told is None or not is_alive(told.pid, others=False) or not answers(told.address):
        return None
    return told


def answers(address: str) -> bool:
    """Whether an Understudy answers ``GET /health`` at ``address``. Asks loopback only, and through no HTTP proxy."""
    told, _ = _health(address)
    return told.get("name") == "understudy"


def proves(address: str, local: Secret) -> bool:
    """Whether what answers at ``address`` proves that it holds the local token, too. Asks as :func:`answers` does."""
    nonce = secrets.token_urlsafe(32)
    told, (host, port) = _health(address, nonce)
    given = told.get("proof")
    return isinstance(given, str) and Secret(proof(local, nonce, host, port)).matches(given)


def _health(address: str, nonce: str = "") -> tuple[dict[str, Any], tuple[str, int]]:
    """What is told at ``address``, empty where it is no JSON object, and the address that was really spoken to."""
    nobody: Final = ("", 0)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return {}, nobody
    if host is None or not is_loopback(host):
        return {}, nobody
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.connect()
        host, port = connection.sock.getpeername()[:2]
        connection.request("GET", f"/health?nonce={nonce}" if nonce else "/health")
        answer = connection.getresponse()
        told = json.loads(answer.read(65536))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return {}, nobody
    finally:
        connection.close()
    return (told if answer.status == 200 and isinstance(told, dict) else {}), (host, port)


def is_alive(pid: int, *, others: bool = True) -> bool:
    """Whether the process lives; without ``others`` only if it is this user's."""
    if pid <= 0:
        return False
    if sys.platform == "win32":  # os.kill would end it there; whether it answers decides
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return others
    return True
