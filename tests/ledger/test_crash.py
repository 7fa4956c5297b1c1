"""``kill -9`` in the middle of everything; ``python -m tests.ledger.crash`` does so at full scale."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.ledger import crash


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_what_was_answered_is_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for seed in range(2):
        told = await crash.play(home, 60, seed)
        assert told.answered > 10
        assert told.lost == ()
        assert told.faults == ()
    assert await crash.after(home) == 0
