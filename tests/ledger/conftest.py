"""What the tests of the ledger share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger is to stand; nothing is there yet, its folder neither."""
    return tmp_path / "data" / "ledger.sqlite"
