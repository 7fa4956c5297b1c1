"""The ledger as a listener: what it hears is there soon, whoever else writes, and the proxy never waits for it."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from proxy_core.config.settings import LogSettings
from proxy_core.ledger import body_keeping, store, writer
from proxy_core.ledger.book import CUT_OFF, Book
from proxy_core.ledger.journal import Began, Carried, Ended, News, Part, Progressed, Routed, State, Story, Usage
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.rows import Filter, Kept
from proxy_core.ledger.store import Keeping, LedgerFile
from tests.ledger.stories import ANSWER, NOON, bodies, hear, sql, story_of, told, until, written


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.sqlite"


def _with_bodies(id_: str, request: bytes = b'{"say":"hi"}') -> list[News]:
    first, *rest = told(id_)
    return [first, *bodies(id_, request), *rest]


def _slow_to_wake(timeout: float | None = None) -> bool:
    time.sleep(0.2)
    return True


def test_a_running_request_is_seen_and_so_is_its_end(path: Path) -> None:
    keeper, ledger = LedgerFile(path), Ledger(path)
    news = told("r1")
    hear(keeper, news[:2])
    until(lambda: ledger.count() == 1)
    (row,) = ledger.page()
    assert row.story == story_of(news[:2])
    assert row.story.state is State.RUNNING
    hear(keeper, news[2:])
    until(lambda: ledger.page()[0].story.state is State.DONE)
    (ended,) = ledger.page()
    assert (ended.number, ended.story) == (row.number, story_of(news))
    keeper.close()
    ledger.close()


def test_an_answered_request_is_there_within_a_tenth_of_a_second(path: Path) -> None:
    keeper, ledger = LedgerFile(path), Ledger(path)
    hear(keeper, told("first"))
    until(lambda: ledger.count() == 1)
    took = []
    for number in range(20):
        hear(keeper, told(f"r{number}"))
        heard = time.monotonic()
        until(lambda: ledger.row(f"r{number}") is not None)  # noqa: B023 - called at once
        took.append(time.monotonic() - heard)
    assert sorted(took)[15] < 0.1, took
    keeper.close()
    ledger.close()


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_its_files_are_their_owners(path: Path) -> None:
    keeper, ledger = LedgerFile(path), Ledger(path)
    hear(keeper, told("r"))
    until(lambda: ledger.count() == 1)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) == {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}
    assert set(modes.values()) == {0o600}
    keeper.close()
    ledger.close()


def test_prices_are_asked_for_once_a_request_has_ended(path: Path) -> None:
    asked: list[Story] = []

    def price(story: Story) -> tuple[float, bool] | None:
        asked.append(story)
        return None if story.id == "unpriced" else (0.125, story.id != "said")

    written(path, told("unpriced"), told("said"), told("estimated"), told("running")[:2], price=price)
    ledger = Ledger(path)
    rows = {row.story.id: (row.cost, row.estimated) for row in ledger.page()}
    total = ledger.total()
    ledger.close()
    assert rows == {
        "unpriced": (None, True),
        "said": (0.125, False),
        "estimated": (0.125, True),
        "running": (None, True),
    }
    assert (total.requests, total.priced, total.estimated, total.cost) == (4, 2, 1, 0.25)
    assert {story.id for story in asked} == {"unpriced", "said", "estimated"}


def test_bodies_are_kept_without_secrets(path: Path) -> None:
    planted = b'{"say":"my key is hunter2-hunter2 and sk-abc123def456ghi789"}'
    answer = (
        *ANSWER[:2],
        ANSWER[2].replace(b"Hello ", b"hunter2-"),
        ANSWER[3].replace(b"world", b"hunter2"),
        *ANSWER[4:],
    )
    first, *rest = told("r1", error="hunter2-hunter2 was refused", why="because of hunter2-hunter2")
    written(path, [first, *bodies("r1", planted, answer), *rest], secrets=lambda: ["hunter2-hunter2"])
    ledger = Ledger(path)
    assert ledger.body("r1", Part.REQUEST) == b'{"say":"my key is [hidden] and [hidden]"}'
    assert json.loads(ledger.body("r1", Part.UPSTREAM) or b"") == {"model": "gpt-4.1", "messages": []}
    kept = json.loads(ledger.body("r1", Part.ANSWER) or b"")
    assert kept["content"] == [{"type": "text", "text": "[hidden]"}], "found although it came in two events"
    assert {each.part: each.hidden for each in ledger.kept("r1")} == {Part.REQUEST: 2, Part.UPSTREAM: 0, Part.ANSWER: 1}
    (row,) = ledger.page()
    assert (row.story.error, row.story.why) == ("[hidden] was refused", "because of [hidden]")
    assert row.bodies == frozenset(Part)
    ledger.close()
    assert b"hunter2" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_packed_answer_is_kept_unpacked(path: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b'{"type":"message","content":[]}') + packer.flush()
    first, *rest = told("r1")
    coded = [
        Carried("r1", NOON, Part.ANSWER, (packed[:9],), 9, "gzip", whole=False),
        Carried("r1", NOON, Part.ANSWER, (packed[9:],), 9, "gzip"),
        Carried("r1", NOON, Part.REQUEST, (b"\1\2\3",), 3, "br"),
    ]
    written(path, [first, *coded, *rest])
    ledger = Ledger(path)
    assert ledger.body("r1", Part.ANSWER) == b'{"type":"message","content":[]}'
    assert ledger.kept("r1")[1] == Kept(Part.REQUEST, 0, cut=True)
    ledger.close()


def test_a_long_body_is_cut_and_marked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_keeping, "LONGEST", 100)
    first, *rest = told("r1")
    pieces = [Carried("r1", NOON, Part.ANSWER, (b"x" * 60,), 60, whole=number == 9) for number in range(10)]
    long = Carried("r1", NOON, Part.REQUEST, (b"y" * 500,), 500)
    keeper = LedgerFile(path)
    hear(keeper, [first, *pieces, long, *rest])
    keeper.close(10)
    ledger = Ledger(path)
    assert (ledger.body("r1", Part.ANSWER), ledger.body("r1", Part.REQUEST)) == (b"x" * 60, b"y" * 100)
    assert ledger.kept("r1") == (Kept(Part.ANSWER, 60, cut=True), Kept(Part.REQUEST, 100, cut=True))
    ledger.close()
    assert keeper._bytes == keeper._writer.freed, "nothing is counted as waiting for ever"


def test_bodies_can_be_switched_off_while_it_runs(path: Path) -> None:
    settings = LogSettings(bodies=False)
    keeper, ledger = LedgerFile(path, log=lambda: settings), Ledger(path)
    hear(keeper, told("r0"))
    until(lambda: ledger.count() == 1)
    hear(keeper, _with_bodies("r1"))
    until(lambda: ledger.count() == 2)
    settings = LogSettings(bodies=True)
    hear(keeper, told("r2"))
    until(lambda: ledger.count() == 3)
    hear(keeper, _with_bodies("r3"))
    keeper.close(10)
    assert {row.story.id: bool(row.bodies) for row in ledger.page()} == {
        "r0": False,
        "r1": False,
        "r2": False,
        "r3": True,
    }
    ledger.close()


def test_when_too_much_waits_bodies_go_first_and_rows_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BYTES_WAITING", 1000)
    held = threading.Event()
    true_write = Book.write

    def slow(self: Book, entries: object) -> object:
        held.wait(20)
        return true_write(self, entries)  # type: ignore[arg-type]

    monkeypatch.setattr(Book, "write", slow)
    keeper, ledger = LedgerFile(path), Ledger(path)
    begun = time.monotonic()
    for number in range(300):
        hear(keeper, _with_bodies(f"r{number}", request=b"z" * 400))
    assert time.monotonic() - begun < 5, "the proxy does not wait for the disk"
    held.set()
    keeper.close(20)
    assert ledger.count(Filter(states=frozenset({State.DONE}))) == 300
    kept = sum(len(row.bodies) for row in ledger.page(limit=300))
    assert 0 < kept < 900
    assert keeper.state == Keeping(lost_bodies=900 - kept)
    assert keeper._bytes == keeper._writer.freed
    ledger.close()


def test_when_far_too_much_waits_news_is_left_out_and_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "NEWS_WAITING", 50)
    keeper = LedgerFile(path)
    monkeypatch.setattr(keeper._awake, "wait", _slow_to_wake)
    for number in range(30):
        hear(keeper, told(f"r{number}"))
    keeper.close(10)
    assert keeper.state.lost > 0


def test_several_writers_share_one_file(path: Path) -> None:
    keepers = [LedgerFile(path) for _ in range(3)]
    for number in range(150):
        hear(keepers[number % 3], told(f"r{number:03}"))
    for keeper in keepers:
        keeper.close(20)
        assert keeper.state.ok
    ledger = Ledger(path)
    assert sorted(row.story.id for row in ledger.page(limit=999)) == [f"r{number:03}" for number in range(150)]
    assert ledger.total().cost == 0
    assert len(sql(path, "SELECT * FROM kinds")) <= 3, "they find each other's"
    ledger.close()


def test_what_a_dead_process_left_running_is_ended(path: Path) -> None:
    def alive(pid: int) -> bool:
        return pid == os.getpid()

    first = LedgerFile(path, is_alive=alive)
    hear(first, told("answered"), told("under way")[:4], told("just begun")[:1])
    first.close()
    sql(path, "UPDATE runs SET pid = 1")
    second, ledger = LedgerFile(path, is_alive=alive), Ledger(path)
    until(lambda: ledger.count(Filter(states=frozenset({State.RUNNING}))) == 0)
    rows = {row.story.id: row.story for row in ledger.page()}
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
    hear(first, told("under way")[:4])
    ledger = Ledger(path)
    until(lambda: ledger.count() == 1)
    second = LedgerFile(path)
    hear(second, told("another"))
    until(lambda: ledger.count() == 2)
    assert ledger.count(Filter(states=frozenset({State.RUNNING}))) == 1
    hear(first, told("under way")[4:])
    first.close()
    second.close()
    assert ledger.count(Filter(states=frozenset({State.DONE}))) == 2
    ledger.close()


def test_who_was_taken_for_dead_and_was_not_is_put_right(path: Path) -> None:
    first, ledger = LedgerFile(path), Ledger(path)
    hear(first, told("r", error="")[:4])
    until(lambda: ledger.count() == 1)
    second = LedgerFile(path, is_alive=lambda _: False)
    until(lambda: ledger.total().failed == 1)
    hear(first, told("r")[4:])
    until(lambda: ledger.total().failed == 0)
    (row,) = ledger.page()
    assert (row.story.state, row.story.error) == (State.DONE, "")
    assert (ledger.total().requests, ledger.count()) == (1, 1)
    first.close()
    second.close()
    ledger.close()


def test_an_end_without_a_beginning_and_news_after_the_end(path: Path) -> None:
    late = Ended("late", NOON, State.DONE, 200)
    routed = Routed("stray", NOON, "BIG", "why", "openai", "gpt", "direct")
    again = Ended("r", NOON + 9, State.DONE, 200)
    written(path, told("r"), [late, routed, again, Progressed("r", NOON, 5)])
    ledger = Ledger(path)
    assert sorted(row.story.id for row in ledger.page()) == ["late", "r"]
    ledger.close()


def test_strange_texts_survive(path: Path) -> None:
    strange = "lone \ud800 surrogate, \0 zero, \u2028, 'quotes', 😀"
    written(path, told("r", asked_for=strange, error=strange, session=strange, agent=strange))
    ledger = Ledger(path)
    (row,) = ledger.page()
    assert row.story.asked_for == strange.replace("\ud800", "\ufffd")
    assert ledger.sessions()[0].id == strange.replace("\ud800", "\ufffd")
    ledger.close()


def test_closing_writes_what_waits(path: Path) -> None:
    keeper = LedgerFile(path)
    for number in range(500):
        hear(keeper, told(f"r{number}"))
    keeper.close(20)
    ledger = Ledger(path)
    assert ledger.count() == 500
    ledger.close()
    assert not keeper._thread.is_alive()


def test_an_idle_ledger_writes_nothing(path: Path) -> None:
    keeper, ledger = LedgerFile(path), Ledger(path)
    hear(keeper, told("r"))
    until(lambda: ledger.count() == 1)
    time.sleep(0.3)
    before = {file.name: file.stat().st_mtime_ns for file in path.parent.iterdir()}
    time.sleep(0.5)
    assert {file.name: file.stat().st_mtime_ns for file in path.parent.iterdir()} == before
    keeper.close()
    ledger.close()


def test_a_beginning_told_twice_is_one_request(path: Path) -> None:
    began = told("r")[0]
    assert isinstance(began, Began)
    written(path, [began, replace(began, at=NOON + 1), *told("r")[1:]])
    ledger = Ledger(path)
    assert ledger.count() == ledger.total().requests == 1
    ledger.close()


def test_absurd_numbers_of_a_provider_are_bounded(path: Path) -> None:
    absurd = Usage(10**30, -5, 3, 2**63, 1)
    written(path, told("r1", usage=absurd, cost=float("inf")), told("r2"), price=lambda _: (float("nan"), True))
    ledger = Ledger(path)
    total = ledger.total()
    assert (total.requests, total.priced, total.cost) == (2, 0, 0.0)
    assert total.input == 10**12 + 10
    assert total.output == 5
    ledger.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_our_own_ends_the_ledger_and_is_said(path: Path) -> None:
    def price(story: Story) -> tuple[float, bool] | None:
        raise ZeroDivisionError

    said: list[str] = []
    keeper = LedgerFile(path, price=price, report=said.append)
    hear(keeper, told("r1"))
    until(lambda: not keeper.state.ok)
    for number in range(10):
        hear(keeper, _with_bodies(f"r{number}"))
    assert "stopped" in keeper.state.sentence
    assert said == [keeper.state.sentence]
    assert not keeper._waiting, "nothing piles up"
    assert keeper.state.lost >= 10
    keeper.close()


def test_bodies_wait_for_quiet_and_rows_do_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "TOGETHER", 0.2)
    keeper, ledger = LedgerFile(path), Ledger(path)
    hear(keeper, _with_bodies("first"))
    begun = time.monotonic()
    number = 0
    while time.monotonic() - begun < 0.9:  # never quiet for as long as two batches are apart
        hear(keeper, told(f"r{number}"))
        number += 1
        time.sleep(0.005)
    assert ledger.row("first") is not None
    assert ledger.kept("first") == ()
    until(lambda: len(ledger.kept("first")) == 3)
    keeper.close()
    ledger.close()


def test_bodies_do_not_wait_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LATEST", 0.2)
    keeper, ledger = LedgerFile(path), Ledger(path)
    hear(keeper, _with_bodies("first"))
    begun = time.monotonic()
    number = 0
    while not ledger.kept("first"):
        assert time.monotonic() - begun < 10
        hear(keeper, told(f"r{number}"))
        number += 1
        time.sleep(0.005)
    assert time.monotonic() - begun > 0.2
    keeper.close()
    ledger.close()


def test_too_many_bodies_do_not_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BYTES_HELD_BACK", 1000)
    monkeypatch.setattr(writer, "LATEST", 1e9)
    keeper, ledger = LedgerFile(path), Ledger(path)
    begun = time.monotonic()
    number = 0
    while not ledger.kept("r0"):
        assert time.monotonic() - begun < 10
        hear(keeper, _with_bodies(f"r{number}"))
        number += 1
        time.sleep(0.005)
    assert number > 3
    keeper.close()
    ledger.close()


def test_a_secret_in_one_row_of_many_goes_and_the_others_stay(path: Path) -> None:
    stories = [told(f"r{number}", agent=f"agent {number}") for number in range(50)]
    stories[20] = told("r20", agent="it had hunter2-hunter2 in it", session="of hunter2-hunter2")
    written(path, *stories, secrets=lambda: ["hunter2-hunter2"])
    ledger = Ledger(path)
    rows = {row.story.id: row.story for row in ledger.page()}
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
    usage = Usage(10, 5, 3, 2, 1, cache_write_hour=2, searches=1, terms="fast us")
    written(path, told("r1", usage=usage))
    ledger = Ledger(path)
    assert ledger.page()[0].story.usage == usage
    ledger.close()
