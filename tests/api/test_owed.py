"""An answer that ends early is paid for as well: what was counted until then is told, whoever ended it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from proxy_core.ledger.request_events import RecordedUsage, RequestRecord, State
from tests.support.anthropic_server import message_bytes
from tests.support.chat_server import Body, Cut, Hang, Head, Step, chat_server, delta, sse, usage
from tests.support.proxy import Running, running

KEY = "sk-upstream-0123456789"
BEGUN = message_bytes("Half of ").partition(b"event: content_block_stop")[0]
COUNTED = sse(delta(content="Half of "), usage(11, 2))


@asynccontextmanager
async def stage(home: Path, steps: list[Step]) -> AsyncIterator[Running]:
    async with chat_server(steps) as upstream:
        settings = (
            f'version = 1\n[providers.openai]\nbase_url = "{upstream.base_url}"\n'
            f'[providers.anthropic]\nbase_url = "{upstream.address}"\n'
        )
        async with running(home, {f"{name}_API_KEY": KEY for name in ("OPENAI", "ANTHROPIC")}, settings) as proxy:
            yield proxy


async def story_of(home: Path, model: str, body: bytes, end: Step, *, leave: bool) -> RequestRecord:
    async with stage(home, [Head(), Body(body), end]) as proxy:
        asking = {"model": model, "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        async with proxy.client.stream("POST", "/v1/messages", json=asking) as answer:
            pieces = answer.aiter_raw()
            while b"Half of " not in await anext(pieces):
                pass
            if not leave:
                with suppress(httpx.RemoteProtocolError):  # a relayed cut is a cut
                    async for _ in pieces:
                        pass
        while proxy.heard.last.state is State.RUNNING:
            await proxy.client.get("/health")
        return proxy.heard.last


@pytest.mark.parametrize("leave", [True, False], ids=["the client leaves", "the provider breaks off"])
@pytest.mark.parametrize(
    ("model", "body", "expected"),
    [
        ("anthropic/m", BEGUN, RecordedUsage(input=25, output=1, cache_read=7, cache_write=3)),
        ("openai/m", COUNTED, RecordedUsage(input=11, output=2)),
    ],
)
async def test_what_was_counted_is_told(
    tmp_path: Path, model: str, body: bytes, expected: RecordedUsage, leave: bool
) -> None:
    record = await story_of(tmp_path, model, body, Hang() if leave else Cut(), leave=leave)
    assert record.state is (State.CANCELLED if leave else State.FAILED)
    assert record.usage == expected
