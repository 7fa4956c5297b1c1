"""One thread that puts questions to a key store, so that a keyring that hangs holds up that thread and nothing else."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar

Answer = TypeVar("Answer")

_SLICE: Final = 0.5
"""Seconds after which a waiting thread looks again which question is open; Windows takes Ctrl+C only in between."""


class StoreWorker:
    """Puts one question at a time.

    Its thread lives as long as there are questions. It is a daemon: neither the end of the process nor that of an event
    loop waits for it. May be used from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._is_running = False
        self._open_since: float | None = None

    @property
    def open_for(self) -> float:
        """For how many seconds the question that is open now has been; 0 where none is."""
        since = self._open_since
        return 0.0 if since is None else time.monotonic() - since

    def ask(self, question: Callable[[], Answer], *, first: bool = False) -> Future[Answer]:
        """Have ``question`` called, before the others that wait where it is to be ``first``.

        The future holds what it returns or raises.
        """
        answer: Future[Answer] = Future()
        with self._lock:
            if first:
                self._queue.appendleft((question, answer))
            else:
                self._queue.append((question, answer))
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._work, name="understudy-keyring", daemon=True).start()
        return answer

    def wait(self, answer: Future[Any], within: float, *, slow: Callable[[], None] | None = None) -> bool:
        """Wait in this thread until there is an answer; False once one question has been open for ``within`` seconds.

        ``slow`` is called after two seconds of waiting.
        """
        began = time.monotonic()
        while not answer.done():
            left = within - self.open_for
            if left <= 0:
                return False
            if slow is not None and time.monotonic() - began >= 2.0:
                slow()
                slow = None
            with suppress(TimeoutError):
                answer.exception(min(left, _SLICE))
        return True

    async def wait_async(self, answer: Future[Any], within: float) -> bool:
        """As :meth:`wait` in an event loop, for ``within`` seconds at most; not behind one that hangs already."""
        if answer.done() or self.open_for >= within:
            return answer.done()
        loop = asyncio.get_running_loop()
        answered = loop.create_future()

        def resolve() -> None:
            if not answered.done():
                answered.set_result(None)

        def notify(_: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(resolve)

        answer.add_done_callback(notify)
        await asyncio.wait((answered,), timeout=within)
        return answer.done()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._is_running = False
                    return
                question, answer = self._queue.popleft()
            if not answer.set_running_or_notify_cancel():
                continue
            self._open_since = time.monotonic()
            try:
                result = question()
            except BaseException as error:  # noqa: BLE001 - the top of the thread: raised where the answer is awaited
                self._open_since = None
                answer.set_exception(error)
            else:
                self._open_since = None
                answer.set_result(result)


SYSTEM_KEYRING: Final = StoreWorker()
"""For the system's keyring, which is one for the whole process."""
