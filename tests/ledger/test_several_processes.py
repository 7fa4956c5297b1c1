"""One ledger and several processes: all may write, and what a dead one left running is ended."""

from __future__ import annotations

import os
from pathlib import Path

from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.record_repository import CUT_OFF
from proxy_core.ledger.request_events import State
from proxy_core.ledger.rows import Filter
from proxy_core.ledger.store import LedgerFile
from tests.ledger.records import on_event, sql, told, until


def test_several_writers_share_one_file(path: Path) -> None:
    keepers = [LedgerFile(path) for _ in range(3)]
    for number in range(150):
        on_event(keepers[number % 3], told(f"r{number:03}"))
    for keeper in keepers:
        keeper.close(20)
        assert keeper.state.ok
    ledger = Ledger(path)
    assert sorted(row.record.id for row in ledger.page(limit=999)) == [f"r{number:03}" for number in range(150)]
    assert ledger.total().cost == 0
    assert len(sql(path, "SELECT * FROM kinds")) <= 3, "they find each other's"
    ledger.close()


def test_what_a_dead_process_left_running_is_ended(path: Path) -> None:
    def alive(pid: int) -> bool:
        return pid == os.getpid()

    first = LedgerFile(path, is_alive=alive)
    on_event(first, told("answered"), told("under way")[:4], told("just begun")[:1])
    first.close()
    sql(path, "UPDATE runs SET pid = 1")
    second, ledger = LedgerFile(path, is_alive=alive), Ledger(path)
    until(lambda: ledger.count(Filter(states=frozenset({State.RUNNING}))) == 0)
    rows = {row.record.id: row.record for row in ledger.page()}
    for id_ in ("under way", "just begun"):
        assert (rows[id_].state, rows[id_].error, rows[id_].error_type) == (State.FAILED, CUT_OFF, "api_error")
        assert rows[id_].ended is not None
    assert rows["under way"].why == "opus plays BIG"
    assert rows["answered"].state is State.DONE
    assert ledger.total().failed == 2
    second.close()
    ledger.close()


def test_what_a_living_process_runs_stays_running(path: Path) -> None:
    first = LedgerFile(path)
    on_event(first, told("under way")[:4])
    ledger = Ledger(path)
    until(lambda: ledger.count() == 1)
    second = LedgerFile(path)
    on_event(second, told("another"))
    until(lambda: ledger.count() == 2)
    assert ledger.count(Filter(states=frozenset({State.RUNNING}))) == 1
    on_event(first, told("under way")[4:])
    first.close()
    second.close()
    assert ledger.count(Filter(states=frozenset({State.DONE}))) == 2
    ledger.close()


def test_who_was_taken_for_dead_and_was_not_is_put_right(path: Path) -> None:
    first, ledger = LedgerFile(path), Ledger(path)
    on_event(first, told("r", error="")[:4])
    until(lambda: ledger.count() == 1)
    second = LedgerFile(path, is_alive=lambda _: False)
    until(lambda: ledger.total().failed == 1)
    on_event(first, told("r")[4:])
    until(lambda: ledger.total().failed == 0)
    (row,) = ledger.page()
    assert (row.record.state, row.record.error) == (State.DONE, "")
    assert (ledger.total().requests, ledger.count()) == (1, 1)
    first.close()
    second.close()
    ledger.close()
