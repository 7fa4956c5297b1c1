"""Work beside a block: begun late, ended with it, and heard of when it fails."""

from __future__ import annotations

import asyncio

import pytest

from proxy_core.api.delayed_task import DelayedBackgroundTask


class Work:
    """Goes on until it is ended, unless it is to fail."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.begun = asyncio.Event()
        self.ended = False

    async def __call__(self) -> None:
        self.begun.set()
        if self.failure is not None:
            raise self.failure
        try:
            await asyncio.sleep(60)
        finally:
            self.ended = True


async def test_a_short_block_has_none() -> None:
    work = Work()
    async with DelayedBackgroundTask(0.01, work):
        pass
    await asyncio.sleep(0.03)
    assert not work.begun.is_set()


async def test_ends_with_the_block() -> None:
    work = Work()
    async with DelayedBackgroundTask(0.01, work):
        await work.begun.wait()
    assert work.ended


async def test_its_error_ends_the_block() -> None:
    with pytest.raises(LookupError):
        async with DelayedBackgroundTask(0.01, Work(LookupError())):
            await asyncio.sleep(60)
    await asyncio.sleep(0)  # nobody is cancelled any more


async def test_the_blocks_own_error_comes_through() -> None:
    work = Work()

    async def block() -> None:
        async with DelayedBackgroundTask(0.01, work):
            await work.begun.wait()
            raise KeyError

    with pytest.raises(KeyError):
        await block()
    assert work.ended


async def test_who_is_cancelled_from_outside_stays_cancelled() -> None:
    work = Work()

    async def block() -> None:
        async with DelayedBackgroundTask(0.01, work):
            await asyncio.sleep(60)

    task = asyncio.create_task(block())
    await work.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.ended


async def test_one_within_the_other() -> None:
    inner = Work()
    with pytest.raises(LookupError):
        async with DelayedBackgroundTask(0.02, Work(LookupError())), DelayedBackgroundTask(0.01, inner):
            await asyncio.sleep(60)
    assert inner.ended
