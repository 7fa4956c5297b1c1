"""The ledger's file opened to be written: made private, brought up to date, set aside when it is damaged."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from datetime import datetime
from glob import escape
from pathlib import Path
from typing import Final

from proxy_core.config.paths import private_folder
from proxy_core.ledger.schema import bring_up, foreign, newer

BUSY: Final = 5.0
"""Seconds that a write waits for another process's; a batch takes milliseconds, a migration of a large file seconds."""

_BESIDE: Final = ("", "-wal", "-shm")
_ASIDE: Final = ".damaged-"
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOG_SIZE: Final = 16 * 1024 * 1024
"""Bytes to which SQLite cuts its write-ahead log after a checkpoint; without a limit it keeps its largest size."""


class NotOurs(Exception):
    """The file is no ledger that this version may write; the text says why."""


def connect(path: Path) -> sqlite3.Connection:
    """Open it, made if it was missing. Raises sqlite3.Error, OSError, :class:`NotOurs`."""
    private_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same mode
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    try:
        if refusal := foreign(connection, path) or newer(connection, path):
            raise NotOurs(refusal)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = FAST")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_SIZE}")
        bring_up(connection)
        connection.execute("SELECT max(number) FROM requests").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def is_damage(fault: sqlite3.Error) -> bool:
    """Whether it says that the file itself is broken."""
    code = getattr(fault, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGE


def identity(path: Path) -> tuple[int, int] | None:
    """Which file stands there; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_dev


def set_aside(path: Path, damaged: tuple[int, int] | None, now: float) -> Path | None:
    """Rename the damaged file and what belongs to it; None where another process has just done so. Raises OSError."""
    with path.with_name(f"{path.name}.lock").open("ab") as lock:
        _hold(lock.fileno())
        if damaged is None or identity(path) != damaged:
            return None
        aside = path.with_name(f"{path.name}{_ASIDE}{datetime.fromtimestamp(now):%Y%m%d-%H%M%S-%f}")  # noqa: DTZ006
        for ending in _BESIDE:
            part = path.with_name(path.name + ending)
            if part.exists():
                part.replace(aside.with_name(aside.name + ending))
        return aside


def those_aside(path: Path) -> tuple[Path, ...]:
    """The damaged files that were set aside, the oldest first, with all that belongs to them."""
    return tuple(sorted(path.parent.glob(f"{escape(path.name)}{_ASIDE}*")))


def size_on_disk(path: Path) -> int:
    """Bytes of the ledger, of SQLite's files beside it, and of the damaged ones that were set aside."""
    size = 0
    for file in (*(path.with_name(path.name + ending) for ending in _BESIDE), *those_aside(path)):
        with contextlib.suppress(OSError):  # not there, or just deleted by another process
            size += file.stat().st_size
    return size


def _hold(handle: int) -> None:
    """Until the handle is closed. Windows renames no open file, so that there only one can do it anyway."""
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415 - not on every system

        fcntl.flock(handle, fcntl.LOCK_EX)
