"""The ledger asked while its file is missing, damaged, or being written, and for what stands in bodies."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from proxy_core.ledger.reading import Ledger, LedgerUnreadable, LookCancelled
from proxy_core.ledger.request_events import BodyKind
from proxy_core.ledger.rows import Filter, Grouping, Sum
from proxy_core.ledger.store import LedgerFile
from tests.ledger.records import bodies, on_event, story_of, told, written


def test_a_file_that_is_not_there_is_an_empty_ledger_until_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "data" / "ledger.sqlite"
    ledger = Ledger(path)
    assert (ledger.page(), ledger.after(0), ledger.row("r"), ledger.body("r", BodyKind.ANSWER)) == ((), (), None, None)
    assert (ledger.count(), ledger.total(), ledger.sums(Grouping.MODEL), ledger.sessions()) == (0, Sum(), (), ())
    assert (ledger.names(Grouping.MODEL), ledger.kept("r"), ledger.starting("r")) == ((), (), ())
    assert not path.parent.exists()
    written(path, told("r"))
    assert ledger.count() == 1
    ledger.close()
    assert ledger.count() == 1
    ledger.close()


def test_reading_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    written(path, told("r"))
    before = path.read_bytes()
    ledger = Ledger(path)
    assert ledger.count() == 1
    ledger.close()
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", [b"not a database" * 500, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_file_is_said(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(damage)
    with pytest.raises(LedgerUnreadable, match="cannot be read"):
        Ledger(path).page()


@pytest.mark.skipif(sys.platform == "win32", reason="there it is a file that is not there")
def test_a_file_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(LedgerUnreadable, match=r"cannot be read: Not a directory\.$"):
        Ledger(tmp_path / "data" / "ledger.sqlite").page()


def test_bodies_are_searched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    records = [
        [*bodies(f"r{n}", request=b'{"say":"needle %d, \\u00e4rger, \\"quoted\\""}' % n), *told(f"r{n}")]
        for n in range(30)
    ]
    for record in records:
        record.insert(0, record.pop(4))  # it begins before anything passes
    written(path, *records)
    ledger = Ledger(path)

    def found(needle: str, **more: object) -> list[str]:
        wanted = Filter(body=needle, **more)  # type: ignore[arg-type]
        rows = [row.record.id for row in ledger.page(wanted, limit=50)]
        assert rows[::-1] == [row.record.id for row in ledger.after(0, wanted, limit=50)]
        assert ledger.count(wanted) == len(rows) == ledger.total(wanted).requests
        return rows

    assert found("NEEDLE 7,") == ["r7"]
    assert found("needle 1")[0] == "r19"
    assert len(found("hello world")) == 30, "in an answer whose text came in two events"
    assert len(found("ärger")) == 30, "as JSON escapes it"
    assert found('"quoted"', text="nowhere") == []
    assert len(found('"quoted"', text="opus")) == 30
    assert found("haystack") == []
    assert len(ledger.page(Filter(body="needle"), limit=4)) == 4
    assert [session.id for session in ledger.sessions(Filter(body="needle 3,"))] == ["s"]
    ledger.close()


def test_a_search_can_be_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.sqlite"
    events = told("r")
    written(path, [events[0], *bodies("r"), *events[1:]])
    ledger = Ledger(path)
    ended = threading.Event()
    from proxy_core.ledger import compression

    def slow(body: bytes, text: str) -> bool:
        ledger.cancel()  # as another thread does, in the middle of the search
        return False

    monkeypatch.setattr(compression, "holds", slow)
    written(path, [told("r2")[0], *bodies("r2"), *told("r2")[1:]])
    with pytest.raises(LookCancelled):
        ledger.page(Filter(body="x"))
    assert not ended.is_set()
    assert ledger.count() == 2, "the next question is answered"
    ledger.close()


def test_many_threads_ask_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    keeper = LedgerFile(path)
    ledger = Ledger(path)
    wrong: list[str] = []

    def ask() -> None:
        seen, last = 0, 0  # an updated row may use up a number, so that numbers ascend and need not be adjacent
        while seen < 200:
            rows = ledger.after(last, limit=50)
            ids = [row.record.id for row in rows]
            if ids != [f"r{number}" for number in range(seen, seen + len(ids))]:
                wrong.append(f"{ids} after {seen}")
            seen += len(rows)
            last = rows[-1].number if rows else last
            if ledger.count() < seen:
                wrong.append("fewer than there were")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        on_event(keeper, told(f"r{number}"))
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    keeper.close(10)
    ledger.close()
    assert wrong == []


def test_what_was_told_comes_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    events = told("r1")
    written(path, events, price=lambda _: (0.5, False))
    ledger = Ledger(path)
    row = ledger.row("r1")
    assert row is not None
    assert (row.record, row.cost, row.estimated) == (story_of(events), 0.5, False)
    assert ledger.count() == 1
    ledger.close()


def test_which_are_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    assert ledger.over(["r1"]) == frozenset()
    written(path, told("r1"), told("r2")[:3], told("r3"))
    assert ledger.over(["r1", "r2", "nobody"]) == {"r1"}
    assert ledger.over([]) == frozenset()
    ledger.close()
