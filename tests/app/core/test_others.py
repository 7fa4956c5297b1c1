"""What another process writes to the ledger is noticed, and what we write ourselves is not taken for it."""

from __future__ import annotations

from pathlib import Path

from app.services.ledger_file_watcher import LedgerFileWatcher


def settled(ledger: Path) -> LedgerFileWatcher:
    others = LedgerFileWatcher(ledger)
    others.look()
    others.look()
    return others


def test_a_change_that_nothing_of_ours_explains_is_anothers(tmp_path: Path) -> None:
    others = settled(tmp_path / "ledger.sqlite")
    assert not others.look()
    (tmp_path / "ledger.sqlite").write_bytes(b"x")
    assert others.look()
    assert not others.look()
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"xy")
    assert others.look()


def test_what_we_told_is_written_a_moment_later_and_is_ours(tmp_path: Path) -> None:
    others = settled(tmp_path / "ledger.sqlite")
    others.we_wrote()
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"x")
    assert not others.look()
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"xyz")
    assert not others.look()
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"xyzz")
    assert others.look()
