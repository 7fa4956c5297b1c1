"""Bodies in the ledger: without secrets, packed, cut, switched off, and never before a row."""

from __future__ import annotations

import json
import threading
import time
import zlib
from functools import partial
from pathlib import Path

import pytest

from proxy_core.config.settings import LogSettings
from proxy_core.ledger import body_keeping, store, writer
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.record_repository import RecordRepository
from proxy_core.ledger.request_events import BodyCaptured, BodyKind, State
from proxy_core.ledger.rows import Filter, Kept
from proxy_core.ledger.store import LedgerFile, LedgerHealth
from tests.ledger.records import ANSWER, NOON, bodies, on_event, told, until, with_bodies, written


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
    assert ledger.body("r1", BodyKind.REQUEST) == b'{"say":"my key is [hidden] and [hidden]"}'
    assert json.loads(ledger.body("r1", BodyKind.UPSTREAM) or b"") == {"model": "gpt-4.1", "messages": []}
    kept = json.loads(ledger.body("r1", BodyKind.ANSWER) or b"")
    assert kept["content"] == [{"type": "text", "text": "[hidden]"}], "found although it came in two events"
    assert {each.part: each.hidden for each in ledger.kept("r1")} == {
        BodyKind.REQUEST: 2,
        BodyKind.UPSTREAM: 0,
        BodyKind.ANSWER: 1,
    }
    (row,) = ledger.page()
    assert (row.record.error, row.record.why) == ("[hidden] was refused", "because of [hidden]")
    assert row.bodies == frozenset(BodyKind)
    ledger.close()
    assert b"hunter2" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_packed_answer_is_kept_unpacked(path: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b'{"type":"message","content":[]}') + packer.flush()
    first, *rest = told("r1")
    coded = [
        BodyCaptured("r1", NOON, BodyKind.ANSWER, packed[:9], "gzip", whole=False),
        BodyCaptured("r1", NOON, BodyKind.ANSWER, packed[9:], "gzip"),
        BodyCaptured("r1", NOON, BodyKind.REQUEST, b"\1\2\3", "br"),
    ]
    written(path, [first, *coded, *rest])
    ledger = Ledger(path)
    assert ledger.body("r1", BodyKind.ANSWER) == b'{"type":"message","content":[]}'
    assert ledger.kept("r1")[1] == Kept(BodyKind.REQUEST, 0, cut=True)
    ledger.close()


def test_a_long_body_is_cut_and_marked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_keeping, "LONGEST", 100)
    first, *rest = told("r1")
    pieces = [BodyCaptured("r1", NOON, BodyKind.ANSWER, b"x" * 60, whole=number == 9) for number in range(10)]
    long = BodyCaptured("r1", NOON, BodyKind.REQUEST, b"y" * 500)
    keeper = LedgerFile(path)
    on_event(keeper, [first, *pieces, long, *rest])
    keeper.close(10)
    ledger = Ledger(path)
    assert (ledger.body("r1", BodyKind.ANSWER), ledger.body("r1", BodyKind.REQUEST)) == (b"x" * 60, b"y" * 100)
    assert ledger.kept("r1") == (Kept(BodyKind.ANSWER, 60, cut=True), Kept(BodyKind.REQUEST, 100, cut=True))
    ledger.close()
    assert keeper._bytes == keeper._writer.freed, "nothing is counted as waiting for ever"


def test_bodies_can_be_switched_off_while_it_runs(path: Path) -> None:
    settings = LogSettings(bodies=False)
    keeper, ledger = LedgerFile(path, log=lambda: settings), Ledger(path)
    on_event(keeper, told("r0"))
    until(lambda: ledger.count() == 1)
    on_event(keeper, with_bodies("r1"))
    until(lambda: ledger.count() == 2)
    settings = LogSettings(bodies=True)
    on_event(keeper, told("r2"))
    until(lambda: ledger.count() == 3)
    on_event(keeper, with_bodies("r3"))
    keeper.close(10)
    assert {row.record.id: bool(row.bodies) for row in ledger.page()} == {
        "r0": False,
        "r1": False,
        "r2": False,
        "r3": True,
    }
    ledger.close()


def test_when_too_much_waits_bodies_go_first_and_rows_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BYTES_WAITING", 1000)
    held = threading.Event()
    true_write = RecordRepository.write

    def slow(self: RecordRepository, entries: object) -> object:
        held.wait()  # for ever, where the proxy waits for the disk
        return true_write(self, entries)  # type: ignore[arg-type]

    monkeypatch.setattr(RecordRepository, "write", slow)
    keeper, ledger = LedgerFile(path), Ledger(path)
    for number in range(300):
        on_event(keeper, with_bodies(f"r{number}", request=b"z" * 400))
    held.set()
    keeper.close(20)
    assert ledger.count(Filter(states=frozenset({State.DONE}))) == 300
    kept = sum(len(row.bodies) for row in ledger.page(limit=300))
    assert 0 < kept < 900
    assert keeper.state == LedgerHealth(lost_bodies=900 - kept)
    assert keeper._bytes == keeper._writer.freed
    ledger.close()


class Restless(LedgerFile):
    """A ledger to whose eyes requests come and go all the time."""

    @property
    def _quiet(self) -> bool:
        return False

    @_quiet.setter
    def _quiet(self, quiet: bool) -> None:
        """Whatever was found."""


def test_bodies_wait_for_quiet_and_rows_do_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LATEST", 1e9)
    keeper, ledger = Restless(path), Ledger(path)
    on_event(keeper, with_bodies("first"))
    for number in range(20):  # as many batches, at least
        on_event(keeper, told(f"r{number}"))
        until(partial(_is_done, ledger, f"r{number}"))
    assert ledger.kept("first") == ()
    keeper.close(10)
    assert len(ledger.kept("first")) == 3
    ledger.close()


def test_bodies_are_kept_when_it_is_quiet(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LATEST", 1e9)
    keeper, ledger = LedgerFile(path), Ledger(path)
    on_event(keeper, with_bodies("first"))
    until(lambda: len(ledger.kept("first")) == 3)
    keeper.close()
    ledger.close()


def test_bodies_do_not_wait_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LATEST", 0.2)
    keeper, ledger = Restless(path), Ledger(path)
    begun = time.monotonic()
    on_event(keeper, with_bodies("first"))
    until(lambda: len(ledger.kept("first")) == 3)
    assert time.monotonic() - begun > 0.2
    keeper.close()
    ledger.close()


def test_too_many_bodies_do_not_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BYTES_HELD_BACK", 10_000)
    monkeypatch.setattr(writer, "LATEST", 1e9)
    keeper, ledger = Restless(path), Ledger(path)
    on_event(keeper, with_bodies("few"))
    until(partial(_is_done, ledger, "few"))
    assert ledger.kept("few") == ()
    on_event(keeper, with_bodies("many", request=b"z" * 20_000))
    until(lambda: len(ledger.kept("few")) == 3)
    keeper.close()
    ledger.close()


def _is_done(ledger: Ledger, id_: str) -> bool:
    row = ledger.row(id_)
    return row is not None and row.record.state is State.DONE
