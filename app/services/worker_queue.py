"""Work that may block, away from Qt's thread: jobs go in, and what came of them is handed back in it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from proxy_core.errors import UnderstudyError

Result = TypeVar("Result")

Post = Callable[[Callable[[], None]], None]
"""Has something called in Qt's thread; may be called from any."""

Died = Callable[[BaseException], None]
"""Is told of a fault of our own that ended a job, in the job's thread."""

_END: Final = None


def _nothing(_: object) -> None:
    """Nobody waits for what came of it."""


class WorkerQueue:
    """Jobs in their order, as many at a time as there are ``threads``. Threads start with the first job.

    They do not hold the process up when it ends: a keyring that waits for its password must not keep the app alive.
    """

    def __init__(self, name: str, post: Post, died: Died, *, threads: int = 1) -> None:
        self._name = name
        self._post = post
        self._died = died
        self._missing = threads
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._started: list[threading.Thread] = []
        self._is_open = True

    def run(
        self,
        job: Callable[[], Result],
        then: Callable[[Result], None] = _nothing,
        failed: Callable[[str], None] = _nothing,
    ) -> None:
        """Call ``job`` in a thread of this lane, then ``then`` with its result in Qt's.

        ``failed`` gets the sentence of an :class:`UnderstudyError` instead; of any other fault it gets a sentence that
        says so, after ``died`` was told of it.
        """
        if not self._is_open:
            return
        self._jobs.put(lambda: self._do(job, then, failed))
        if self._missing:
            self._missing -= 1
            thread = threading.Thread(target=self._work, name=f"understudy-{self._name}", daemon=True)
            self._started.append(thread)
            thread.start()

    def close(self, last: Callable[[], None] | None = None) -> None:
        """Drop the jobs that have not begun and take no new ones.

        ``last`` is called in a thread of this queue after the job that it is doing, or here if it never had one. A
        second call does nothing.
        """
        if not self._is_open:
            return
        self._is_open = False
        while not self._jobs.empty():
            try:
                self._jobs.get_nowait()
            except queue.Empty:  # taken up in this moment
                break
        if last is not None and self._started:
            self._jobs.put(last)
        elif last is not None:
            last()
        for _ in self._started:
            self._jobs.put(_END)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not _END:
            job()

    def _do(self, job: Callable[[], Result], then: Callable[[Result], None], failed: Callable[[str], None]) -> None:
        try:
            result = job()
        except UnderstudyError as error:
            sentence = error.message
            self._post(lambda: failed(sentence))
        except BaseException as fault:  # noqa: BLE001 - the top of the thread: told, and the lane goes on
            self._died(fault)
            self._post(lambda: failed(_FAULT))
        else:
            self._post(lambda: then(result))


_FAULT: Final = "That failed through a fault of Understudy's own; a report of it was kept."
