"""Jobs away from Qt's thread: in order, their results handed back, their faults told, none holding the process up."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from app.services.worker_queue import WorkerQueue
from proxy_core.errors import ConfigError


class Posts:
    """Qt's thread as far as lanes know it: calls what was posted when the test turns to it."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def post(self, call: Callable[[], None]) -> None:
        self._calls.put(call)

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self._calls.get(timeout=60)()

    @property
    def idle(self) -> bool:
        return self._calls.empty()


@pytest.fixture
def posts() -> Posts:
    return Posts()


def test_jobs_are_done_in_order_elsewhere_and_answered_here(posts: Posts) -> None:
    faults: list[BaseException] = []
    lane = WorkerQueue("test", posts.post, faults.append)
    where: list[int] = []
    results: list[tuple[int, int]] = []

    def job(number: int) -> int:
        where.append(threading.get_ident())
        return number

    for number in range(20):
        lane.run(lambda number=number: job(number), lambda got: results.append((got, threading.get_ident())))  # type: ignore[misc]
    posts.turn(20)
    here = threading.get_ident()
    assert results == [(number, here) for number in range(20)]
    assert len(set(where)) == 1
    assert here not in where
    assert faults == []


def test_a_sentence_is_handed_back_where_the_job_could_not_be_done(posts: Posts) -> None:
    faults: list[BaseException] = []
    lane = WorkerQueue("test", posts.post, faults.append)
    said: list[str] = []

    def job() -> None:
        raise ConfigError("The keyring is locked.")

    lane.run(job, failed=said.append)
    posts.turn()
    assert said == ["The keyring is locked."]
    assert faults == []


def test_a_fault_of_ours_is_told_and_the_lane_goes_on(posts: Posts) -> None:
    faults: list[BaseException] = []
    lane = WorkerQueue("test", posts.post, faults.append)
    said: list[str] = []
    done: list[str] = []

    def job() -> None:
        raise KeyError("sk-a-secret-that-nobody-may-see")

    lane.run(job, failed=said.append)
    lane.run(lambda: "next", done.append)
    posts.turn(2)
    assert [type(fault) for fault in faults] == [KeyError]
    assert len(said) == 1
    assert "secret" not in said[0]
    assert done == ["next"]


def test_a_slow_job_holds_up_its_lane_alone_and_more_threads_do_more_at_once(posts: Posts) -> None:
    lane = WorkerQueue("test", posts.post, lambda _: None, threads=2)
    go, done = threading.Event(), list[str]()
    lane.run(lambda: go.wait(60), lambda _: done.append("slow"))
    lane.run(lambda: None, lambda _: done.append("quick"))
    posts.turn()
    assert done == ["quick"]
    go.set()
    posts.turn()
    assert done == ["quick", "slow"]


def test_what_has_not_begun_when_it_closes_is_not_done(posts: Posts) -> None:
    lane = WorkerQueue("test", posts.post, lambda _: None)
    begun, go, done = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        begun.set()
        go.wait(60)

    lane.run(first, lambda _: done.append("first"))
    lane.run(lambda: None, lambda _: done.append("second"))
    assert begun.wait(60)
    lane.close()
    lane.run(lambda: None, lambda _: done.append("too late"))
    go.set()
    posts.turn()
    assert done == ["first"]
    assert posts.idle


def test_the_last_job_comes_after_the_one_that_is_being_done_in_its_thread(posts: Posts) -> None:
    lane = WorkerQueue("test", posts.post, lambda _: None)
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()
    done: list[tuple[str, int]] = []

    def first() -> None:
        begun.set()
        go.wait(60)
        done.append(("first", threading.get_ident()))

    def last() -> None:
        done.append(("last", threading.get_ident()))
        ended.set()

    lane.run(first)
    lane.run(lambda: done.append(("dropped", 0)))
    assert begun.wait(60)
    lane.close(last)
    lane.close()
    assert done == []
    go.set()
    assert ended.wait(60)
    assert [name for name, _ in done] == ["first", "last"]
    assert len({where for _, where in done}) == 1


def test_the_last_job_is_done_here_where_there_was_no_other(posts: Posts) -> None:
    where: list[int] = []
    WorkerQueue("test", posts.post, lambda _: None).close(lambda: where.append(threading.get_ident()))
    assert where == [threading.get_ident()]


def test_a_job_that_waits_for_ever_does_not_keep_the_process_alive() -> None:
    script = (
        "import threading\n"
        "from app.services.worker_queue import WorkerQueue\n"
        "begun = threading.Event()\n"
        "lane = WorkerQueue('test', lambda _: None, lambda _: None)\n"
        "lane.run(lambda: (begun.set(), threading.Event().wait()))\n"
        "begun.wait()\n"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=120, check=False).returncode == 0
