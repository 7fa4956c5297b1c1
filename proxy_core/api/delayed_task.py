"""Work that goes on beside a block of other work, begun only when that lasts: most answers are over before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self


class DelayedBackgroundTask:
    """``async with DelayedBackgroundTask(seconds, work):`` a block that has ``work`` beside it from so many seconds on.

    The end of the block ends the work. An error of the work ends the block, which then raises that error.
    """

    __slots__ = ("_block", "_cancelled_before", "_failure", "_is_over", "_loop", "_seconds", "_task", "_timer", "_work")

    def __init__(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._seconds = seconds
        self._work = work
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._is_over = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._block = asyncio.current_task(self._loop)
        self._cancelled_before = self._block.cancelling() if self._block else 0
        self._timer = self._loop.call_later(self._seconds, self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._timer.cancel()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait((self._task,))
        self._task = None
        if self._failure is not None and self._block is not None:
            still_wanted = self._block.uncancel() > self._cancelled_before  # somebody else cancels the block as well
            if kind is asyncio.CancelledError and not still_wanted:
                failure, self._failure = self._failure, None
                try:
                    raise failure from None
                finally:
                    del failure  # or it and this frame would hold each other

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._work())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not self._is_over and self._block is not None:
            self._failure = failure
            self._block.cancel()
