"""The ledger as a listener: what it hears is there soon, whoever else writes, and the proxy never waits for it."""

from __future__ import annotations

import stat
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from proxy_core.ledger import store, writer
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.record_repository import AT_ONCE
from proxy_core.ledger.request_events import Finished, Progress, RecordedUsage, RequestRecord, Routed, Started, State
from proxy_core.ledger.store import LedgerFile
from tests.ledger.records import NOON, on_event, sql, story_of, told, until, with_bodies, written


def _slow_to_wake(timeout: float | None = None) -> bool:
    time.sleep(0.2)
    return True


def test_a_running_request_is_seen_and_so_is_its_end(path: Path) -> None:
    keeper, ledger = LedgerFile(path), Ledger(path)
    events = told("r1")
    on_event(keeper, events[:2])
    until(lambda: ledger.count() == 1)
    (row,) = ledger.page()
    assert row.record == story_of(events[:2])
    assert row.record.state is State.RUNNING
    on_event(keeper, events[2:])
    until(lambda: ledger.page()[0].record.state is State.DONE)
    (ended,) = ledger.page()
    assert (ended.number, ended.record) == (row.number, story_of(events))
    keeper.close()
    ledger.close()


def test_requests_that_end_do_not_wait_for_a_thousand_that_begin(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "TOGETHER", 0.0)  # a batch has time for a few rows only
    begun = [told(f"r{number}")[:2] for number in range(1000)]
    keeper, ledger = LedgerFile(path), Ledger(path)
    try:
        on_event(keeper, *begun, told("ended"))
        until(lambda: ledger.row("ended") is not None)
        assert (ended := ledger.row("ended")) is not None
        assert ended.record.state is State.DONE
        assert ended.number <= 1000 - AT_ONCE
        until(lambda: ledger.count() == 1001)
    finally:
        keeper.close()
        ledger.close()


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_its_files_are_their_owners(path: Path) -> None:
    keeper, ledger = LedgerFile(path), Ledger(path)
    on_event(keeper, told("r"))
    until(lambda: ledger.count() == 1)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) == {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}
    assert set(modes.values()) == {0o600}
    keeper.close()
    ledger.close()


def test_prices_are_asked_for_once_a_request_has_ended(path: Path) -> None:
    asked: list[RequestRecord] = []

    def price(record: RequestRecord) -> tuple[float, bool] | None:
        asked.append(record)
        return None if record.id == "unpriced" else (0.125, record.id != "said")

    written(path, told("unpriced"), told("said"), told("estimated"), told("running")[:2], price=price)
    ledger = Ledger(path)
    rows = {row.record.id: (row.cost, row.estimated) for row in ledger.page()}
    total = ledger.total()
    ledger.close()
    assert rows == {
        "unpriced": (None, True),
        "said": (0.125, False),
        "estimated": (0.125, True),
        "running": (None, True),
    }
    assert (total.requests, total.priced, total.estimated, total.cost) == (4, 2, 1, 0.25)
    assert {record.id for record in asked} == {"unpriced", "said", "estimated"}


def test_when_far_too_much_waits_news_is_left_out_and_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "NEWS_WAITING", 50)
    keeper = LedgerFile(path)
    monkeypatch.setattr(keeper._awake, "wait", _slow_to_wake)
    for number in range(30):
        on_event(keeper, told(f"r{number}"))
    keeper.close(10)
    assert keeper.state.lost > 0


def test_an_end_without_a_beginning_and_news_after_the_end(path: Path) -> None:
    late = Finished("late", NOON, State.DONE, 200)
    routed = Routed("stray", NOON, "BIG", "why", "openai", "gpt", "direct")
    again = Finished("r", NOON + 9, State.DONE, 200)
    written(path, told("r"), [late, routed, again, Progress("r", NOON, 5)])
    ledger = Ledger(path)
    assert sorted(row.record.id for row in ledger.page()) == ["late", "r"]
    ledger.close()


def test_strange_texts_survive(path: Path) -> None:
    strange = "lone \ud800 surrogate, \0 zero, \u2028, 'quotes', 😀"
    written(path, told("r", asked_for=strange, error=strange, session=strange, agent=strange))
    ledger = Ledger(path)
    (row,) = ledger.page()
    assert row.record.asked_for == strange.replace("\ud800", "\ufffd")
    assert ledger.sessions()[0].id == strange.replace("\ud800", "\ufffd")
    ledger.close()


def test_closing_writes_what_waits(path: Path) -> None:
    keeper = LedgerFile(path)
    for number in range(500):
        on_event(keeper, told(f"r{number}"))
    keeper.close(20)
    ledger = Ledger(path)
    assert ledger.count() == 500
    ledger.close()
    assert not keeper._thread.is_alive()


def test_an_idle_ledger_writes_nothing(path: Path) -> None:
    keeper, ledger = LedgerFile(path), Ledger(path)
    on_event(keeper, told("r"))
    until(lambda: ledger.count() == 1)
    time.sleep(0.3)
    before = {file.name: file.stat().st_mtime_ns for file in path.parent.iterdir()}
    time.sleep(0.5)
    assert {file.name: file.stat().st_mtime_ns for file in path.parent.iterdir()} == before
    keeper.close()
    ledger.close()


def test_a_beginning_told_twice_is_one_request(path: Path) -> None:
    began = told("r")[0]
    assert isinstance(began, Started)
    written(path, [began, replace(began, at=NOON + 1), *told("r")[1:]])
    ledger = Ledger(path)
    assert ledger.count() == ledger.total().requests == 1
    ledger.close()


def test_absurd_numbers_of_a_provider_are_bounded(path: Path) -> None:
    absurd = RecordedUsage(10**30, -5, 3, 2**63, 1)
    written(path, told("r1", usage=absurd, cost=float("inf")), told("r2"), price=lambda _: (float("nan"), True))
    ledger = Ledger(path)
    total = ledger.total()
    assert (total.requests, total.priced, total.cost) == (2, 0, 0.0)
    assert total.input == 10**12 + 10
    assert total.output == 5
    ledger.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_our_own_ends_the_ledger_and_is_said(path: Path) -> None:
    def price(record: RequestRecord) -> tuple[float, bool] | None:
        raise ZeroDivisionError

    said: list[str] = []
    keeper = LedgerFile(path, price=price, report=said.append)
    on_event(keeper, told("r1"))
    until(lambda: not keeper.state.ok)
    for number in range(10):
        on_event(keeper, with_bodies(f"r{number}"))
    assert "stopped" in keeper.state.sentence
    assert said == [keeper.state.sentence]
    assert not keeper._waiting, "nothing piles up"
    assert keeper.state.lost >= 10
    keeper.close()


def test_a_secret_in_one_row_of_many_goes_and_the_others_stay(path: Path) -> None:
    records = [told(f"r{number}", agent=f"agent {number}") for number in range(50)]
    records[20] = told("r20", agent="it had hunter2-hunter2 in it", session="of hunter2-hunter2")
    written(path, *records, secrets=lambda: ["hunter2-hunter2"])
    ledger = Ledger(path)
    rows = {row.record.id: row.record for row in ledger.page()}
    ledger.close()
    assert (rows["r20"].agent, rows["r20"].session) == ("it had [hidden] in it", "of [hidden]")
    assert all(rows[f"r{number}"].agent == f"agent {number}" for number in range(50) if number != 20)
    assert b"hunter2" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_session_is_one_however_many_of_its_requests_are_written_at_once(path: Path) -> None:
    first = told("r1", at=NOON + 50, project="", profile="")
    written(path, first, told("r2", at=NOON), told("r3", at=NOON + 100, agent="b"), told("r4", session="other"))
    ledger = Ledger(path)
    found = {session.id: session for session in ledger.sessions()}
    assert set(found) == {"s", "other"}
    assert sql(path, "SELECT id, project, profile, began, latest FROM sessions WHERE id = 's'") == [
        ("s", "/p", "Work", NOON, NOON + 103)
    ]
    assert {id_ for (id_,) in sql(path, "SELECT id FROM agents")} == {"a", "b"}
    ledger.close()


def test_usage_in_words_is_kept(path: Path) -> None:
    usage = RecordedUsage(10, 5, 3, 2, 1, cache_write_hour=2, searches=1, terms="fast us")
    written(path, told("r1", usage=usage))
    ledger = Ledger(path)
    assert ledger.page()[0].record.usage == usage
    ledger.close()
