"""What the tests of the ledger share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.records import until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger is to stand; nothing is there yet, its folder neither."""
    return tmp_path / "data" / "ledger.sqlite"


@pytest.fixture(autouse=True)
def _every_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a connection open: only from 3.13 on does Python warn, in whatever test runs then."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        opened.append(connect(*args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", noted)
    yield
    until(lambda: not any(map(_is_open, opened)))  # by a thread that has just been told to end, too


def _is_open(connection: sqlite3.Connection) -> bool:
    try:
        connection.interrupt()  # from any thread, and without effect while nothing runs
    except sqlite3.ProgrammingError:
        return False
    return True
