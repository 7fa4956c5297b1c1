"""SQLite connections that a test opened: none stays open after it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import pytest

_PATIENCE = 60.0
"""Seconds for a thread that was just told to end to close its connection."""


def all_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a connection open; Python warns from 3.13 on only, in whatever test runs then."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def recorded(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        opened.append(connect(*args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", recorded)
    yield
    end = time.monotonic() + _PATIENCE
    while left := [connection for connection in opened if _is_open(connection)]:
        assert time.monotonic() < end, f"still open: {left}"
        time.sleep(0.01)


def _is_open(connection: sqlite3.Connection) -> bool:
    try:
        connection.interrupt()  # from any thread, and without effect while nothing runs
    except sqlite3.ProgrammingError:
        return False
    return True
