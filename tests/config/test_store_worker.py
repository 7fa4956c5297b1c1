"""One question at a time, and a store that hangs holds up neither a loop nor the end of the process."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest

from proxy_core.config.store_worker import StoreWorker
from tests.support.secret_service import python, without_a_bus


def test_an_answer_and_an_error_come_back() -> None:
    worker = StoreWorker()
    assert worker.ask(lambda: 7).result(10) == 7

    def fails() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        worker.ask(fails).result(10)


def test_questions_wait_for_each_other_and_the_urgent_come_first() -> None:
    worker, gate, told = StoreWorker(), threading.Event(), list[str]()
    first = worker.ask(gate.wait)
    others = [worker.ask(partial(told.append, name)) for name in ("b", "c")]
    urgent = worker.ask(partial(told.append, "a"), first=True)
    assert told == []
    gate.set()
    first.result(10)
    for answer in (*others, urgent):
        answer.result(10)
    assert told == ["a", "b", "c"]


def test_waiting_ends_while_a_question_hangs() -> None:
    worker, gate, slow = StoreWorker(), threading.Event(), list[str]()
    try:
        hangs, behind = worker.ask(gate.wait), worker.ask(lambda: 1)
        assert worker.wait(hangs, 2.2, slow=lambda: slow.append("told")) is False
        assert slow == ["told"]
        assert worker.wait(behind, 2.2) is False
        with pytest.raises(StopIteration):  # it does not wait at all behind one that hangs
            worker.wait_async(behind, 2.0).send(None)
    finally:
        gate.set()
    assert behind.result(10) == 1
    assert worker.wait(behind, 2.0) is True


def test_a_store_that_hangs_keeps_no_loop_and_no_process_from_ending(tmp_path: Path) -> None:
    script = """
import asyncio, threading
from proxy_core.config.store_worker import StoreWorker
worker = StoreWorker()
hangs = worker.ask(threading.Event().wait)
assert asyncio.run(worker.wait_async(hangs, 0.1)) is False
print("ended")
"""
    assert python(script, without_a_bus(tmp_path)).stdout == "ended\n"
