"""What a disk can do to the ledger: it is full, gone, damaged, written by a later version; requests go on."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from proxy_core.config.settings import LogSettings
from proxy_core.errors import ConfigError
from proxy_core.ledger import ledger_file, retention, writer
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.record_repository import RecordRepository
from proxy_core.ledger.request_events import BodyKind
from proxy_core.ledger.rows import Contents, Filter
from proxy_core.ledger.schema import VERSION
from proxy_core.ledger.store import LedgerFile
from tests.ledger.records import NOON, bodies, every_byte, on_event, sql, told, until, written


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_TRY_AGAIN", 0.05)


def _aside(path: Path) -> list[Path]:
    return [file for file in path.parent.glob("*.damaged-*") if not file.name.endswith(("-wal", "-shm"))]


@pytest.mark.parametrize("damage", [b"not a database" * 700, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(path: Path, damage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    said: list[str] = []
    keeper = LedgerFile(path, report=said.append)
    on_event(keeper, told("r1"))
    keeper.close(10)
    (aside,) = _aside(path)
    assert aside.read_bytes() == damage
    assert said == [f"The ledger was damaged. It was set aside as {aside}, and a new one was begun."]
    assert (keeper.state.ok, keeper.state.sentence, keeper.state.lost) == (True, said[0], 0)
    ledger = Ledger(path)
    assert ledger.count() == 1
    ledger.close()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file is not renamed there")
def test_damage_that_shows_while_it_runs(path: Path) -> None:
    said: list[str] = []
    keeper, ledger = LedgerFile(path, report=said.append), Ledger(path)
    under_way = told("under way")
    on_event(keeper, told("r1"), under_way[:3])
    until(lambda: ledger.count() == 2)
    sql(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    for number in range(40):
        on_event(keeper, told(f"after {number}", asked_for=f"model {number}"))
    on_event(keeper, under_way[3:])
    keeper.close(10)
    ledger.close()
    assert len(_aside(path)) == 1
    assert len(said) == 1
    ids = {row.record.id for row in ledger.page()}
    assert ids >= {"under way", *(f"after {number}" for number in range(40))}
    assert keeper.state.lost == 0
    ledger.close()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file is not renamed there")
def test_a_file_that_another_process_set_aside_is_left_there(path: Path) -> None:
    keeper, ledger = LedgerFile(path), Ledger(path)
    on_event(keeper, told("r1"))
    until(lambda: ledger.count() == 1)
    ledger.close()
    assert ledger_file.set_aside(path, ledger_file.identity(path), NOON) is not None
    on_event(keeper, told("r2"))
    keeper.close(10)
    assert [row.record.id for row in ledger.page()] == ["r2"]
    assert ledger_file.set_aside(path, (1, 1), NOON) is None, "two that find the damage set one file aside"
    ledger.close()


def test_a_file_that_was_deleted_comes_back(path: Path) -> None:
    keeper, ledger = LedgerFile(path), Ledger(path)
    on_event(keeper, told("r1"))
    until(lambda: ledger.count() == 1)
    ledger.close()
    for file in path.parent.iterdir():
        file.unlink()
    on_event(keeper, told("r2"))
    keeper.close(10)
    assert [row.record.id for row in ledger.page()] == ["r2"]
    ledger.close()


def test_a_full_disk_is_said_counted_and_got_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "STORIES_HELD", 20)
    said: list[str] = []
    keeper, ledger = LedgerFile(path, report=said.append), Ledger(path)
    on_event(keeper, told("before"))
    until(lambda: ledger.count() == 1)
    connection = keeper._writer._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(50):
        on_event(keeper, told(f"r{number:02}", error="long " * 400 + str(number)), bodies(f"r{number:02}"))
    until(lambda: not keeper.state.ok and keeper.state.lost > 0)
    assert said == [f"The ledger at {path} cannot be written: the disk is full. Requests go on."]
    connection.execute("PRAGMA max_page_count = 1000000")
    on_event(keeper, told("after"))
    until(lambda: keeper.state.ok)
    keeper.close(10)
    assert ledger.row("after") is not None
    assert ledger.row("r49") is not None, "the newest of those that waited are not lost"
    assert ledger.count() + keeper.state.lost == 52
    ledger.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    path = tmp_path / "data" / "ledger.sqlite"
    keeper = LedgerFile(path)
    on_event(keeper, told("r1"), bodies("r1"))
    until(lambda: not keeper.state.ok)
    assert str(path) in keeper.state.sentence
    (tmp_path / "data").unlink()
    until(lambda: keeper.state.ok)
    keeper.close(10)
    ledger = Ledger(path)
    assert ledger.count() == 1
    ledger.close()


def test_a_later_versions_file_is_read_and_never_written(path: Path) -> None:
    written(path, told("r1"))
    sql(path, f"PRAGMA user_version = {VERSION + 1}")
    sql(path, "ALTER TABLE requests ADD COLUMN mood TEXT")
    before = path.read_bytes()
    keeper = LedgerFile(path)
    on_event(keeper, told("r2"))
    until(lambda: not keeper.state.ok)
    assert "newer version of Understudy" in keeper.state.sentence
    keeper.close()
    assert path.read_bytes() == before
    ledger = Ledger(path)
    assert [row.record.id for row in ledger.page(Filter(text="opus"))] == ["r1"]
    ledger.close()
    with pytest.raises(ConfigError, match="newer"):
        retention.wipe(path, NOON)
    assert path.read_bytes() == before


def test_another_programs_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    sql(path, "CREATE TABLE theirs (a)")
    before = path.read_bytes()
    keeper = LedgerFile(path)
    on_event(keeper, told("r2"))
    until(lambda: not keeper.state.ok)
    keeper.close()
    assert path.read_bytes() == before
    assert not _aside(path)


def test_a_file_that_another_process_holds_is_waited_for(path: Path) -> None:
    written(path, told("r1"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    keeper = LedgerFile(path)
    on_event(keeper, told("r2"))
    other.execute("COMMIT")
    other.close()
    keeper.close(10)
    ledger = Ledger(path)
    assert ledger.count() == 2
    ledger.close()


def test_a_file_that_another_process_took_at_the_last_moment_is_opened_once_more(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[sqlite3.Connection] = []

    def busy_at_first(connection: sqlite3.Connection, *rest: Any) -> RecordRepository:
        tried.append(connection)
        if len(tried) == 1:
            locked = sqlite3.OperationalError("database is locked")
            locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise locked
        return RecordRepository(connection, *rest)

    monkeypatch.setattr(writer, "RecordRepository", busy_at_first)
    keeper = LedgerFile(path)
    on_event(keeper, told("r1"))
    until(lambda: len(tried) > 1)
    keeper.close(10)
    assert sql(path, "SELECT count(*) FROM requests") == [(1,)]


def _hundred(path: Path, at: float = NOON, **given: object) -> LedgerFile:
    keeper = LedgerFile(path, clock=lambda: at, **given)  # type: ignore[arg-type]
    for number in range(100):
        first, *rest = told(f"r{number:03}", at + number)
        random = os.urandom(12_000).hex().encode()
        on_event(keeper, [first, *bodies(f"r{number:03}", request=random), *rest])
    return keeper


def test_bodies_go_by_size_the_oldest_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "CHORES_EVERY", 0.1)
    keeper = _hundred(path, log=lambda: LogSettings(megabytes=1))
    ledger = Ledger(path)
    until(lambda: ledger.count() == 100)
    _until_written(keeper)
    until(
        lambda: sql(path, "SELECT sum(packed_size) FROM bodies")[0][0] <= 1_000_000 and not keeper._writer._has_chores
    )
    keeper.close(10)
    kept = [bool(row.bodies) for row in ledger.page()]
    assert kept == sorted(kept, reverse=True), "the newest are kept"
    assert 60 < sum(kept) < 100
    ledger.close()
    assert path.stat().st_size < 1_700_000, "the file shrank too"


def _until_written(keeper: LedgerFile) -> None:
    until(lambda: not keeper._waiting and not keeper._writer.busy and keeper._bytes == keeper._writer.freed)


def test_bodies_go_by_age_and_rows_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "CHORES_EVERY", 0.1)
    keeper = _hundred(path)
    _until_written(keeper)
    keeper.close(10)
    later = LedgerFile(path, clock=lambda: NOON + 7 * 86_400 + 50, log=lambda: LogSettings(days=7))
    until(lambda: sql(path, "SELECT count(*) FROM bodies")[0][0] == 0 and not later._writer._has_chores)
    later.close()
    ledger = Ledger(path)
    assert ledger.count() == 100
    assert ledger.body("r099", BodyKind.REQUEST) is None
    ledger.close()
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize("rows", [True, False])
def test_a_wipe_leaves_nothing_and_shrinks_the_file(path: Path, rows: bool) -> None:
    keeper = _hundred(path)
    on_event(keeper, told("marked", error="MARKED-ERROR"))
    first, *rest = told("running", asked_for="MARKED-MODEL")
    on_event(keeper, [first, *bodies("running", request=b'"MARKED-BODY"'), *rest[:3]])
    ledger = Ledger(path)
    _until_written(keeper)
    until(lambda: ledger.row("running") is not None and len(ledger.kept("running")) == 3)
    assert b"MARKED-ERROR" in every_byte(path.parent)
    ledger.close()
    keeper.wipe(rows=rows)
    left = every_byte(path.parent)
    assert b"MARKED-BODY" not in left
    assert (b"MARKED-ERROR" in left) is (b"MARKED-MODEL" in left) is not rows
    assert sum(file.stat().st_size for file in path.parent.iterdir()) < 500_000
    assert ledger.count() == (0 if rows else 102)
    assert ledger.total().requests == ledger.count()
    assert not any(row.bodies for row in ledger.page(limit=200))
    on_event(keeper, rest[3:], told("after"))
    keeper.close(10)
    assert {"running", "after"} <= {row.record.id for row in ledger.page(limit=200)}, "what runs comes back, whole"
    row = ledger.row("running")
    assert row is not None
    assert row.record.asked_for == "MARKED-MODEL"
    if rows:
        assert ledger.total().requests == 2
        assert min(row.number for row in ledger.page()) > 100, "numbers are never used twice"
    ledger.close()


def test_what_a_wipe_takes_is_counted_before_it(path: Path) -> None:
    ledger = Ledger(path)
    assert ledger.contents() == Contents()
    keeper = _hundred(path)
    on_event(keeper, told("without"))
    on_event(keeper, told("running")[:2])
    _until_written(keeper)
    until(lambda: ledger.count() == 102)
    held = ledger.contents()
    assert (held.requests, held.conversations, held.set_aside) == (102, 100, False)
    assert held.bytes == sum(
        file.stat().st_size for file in path.parent.glob(f"{path.name}*") if "lock" not in file.name
    )
    assert 0 < held.conversation_bytes < held.bytes
    keeper.close(10)
    damaged = path.with_name(f"{path.name}.damaged-20261122-120000-000000")
    damaged.write_bytes(b"x" * 5000)
    assert ledger.contents().set_aside
    retention.wipe(path, NOON, rows=False)
    assert (ledger.contents().requests, ledger.contents().conversations) == (102, 0)
    retention.wipe(path, NOON)
    assert (ledger.contents().requests, ledger.contents().set_aside) == (0, False)
    ledger.close()


def test_a_wipe_of_nothing(path: Path) -> None:
    retention.wipe(path, NOON)
    assert not path.exists()
