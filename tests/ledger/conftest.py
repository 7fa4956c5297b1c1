"""What the tests of the ledger share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import connections


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger is to stand; nothing is there yet, its folder neither."""
    return tmp_path / "data" / "ledger.sqlite"


@pytest.fixture(autouse=True)
def _every_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from connections.all_closed(monkeypatch)
