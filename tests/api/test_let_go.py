"""What is left of a request once it is over: nothing, without the garbage collector's help."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy_core.anthropic_api.request import MessagesRequest
from proxy_core.api.exchange import Exchange
from proxy_core.upstream.port import UpstreamCall
from proxy_core.upstream.relay import RelayCall
from tests.support.chat_server import Body, Cut, Hang, Head, Script, Step, chat_server, delta, sse, text_stream, whole
from tests.support.proxy import running

LARGE = (Exchange, MessagesRequest, UpstreamCall, RelayCall)
"""They hold the request's body, which may be megabytes."""

BEGUN: list[Step] = [Head(), Body(sse(delta(content="x")))]
SCRIPTS: dict[str, Script] = {
    "a good end": text_stream("a ", "b"),
    "a refusal": whole({"error": {"message": "No"}}, 400),
    "a limit": whole({"error": {"message": "Slow down"}}, 429, retry_after="60"),
    "a cut": [*BEGUN, Cut()],
    "a cut before the head": [Cut()],
    "no chunk at all": [Head(), Body(b"data: {not json\n\n")],
    "an error among the chunks": [*BEGUN, Body(sse({"error": {"message": "No"}}))],
    "no JSON": whole(b"<html>", content_type="text/html"),
    "a client that leaves": [*BEGUN, Hang()],
}


@pytest.fixture
def there_before() -> Iterator[list[object]]:
    """What other tests and the modules themselves hold. From here on nothing is collected."""
    gc.collect()
    gc.disable()
    yield large()
    gc.enable()


@pytest.mark.parametrize("engine", ["direct", "relay"])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_nothing_holds_the_body(script: Script, engine: str, there_before: list[object], tmp_path: Path) -> None:
    async with chat_server(script) as upstream:
        variables = {"OPENAI_BASE_URL": upstream.base_url, "OPENAI_API_KEY": "sk-0123456789"}
        if engine == "relay":
            variables = {
                "UNDERSTUDY_PASSTHROUGH_URL": upstream.address,
                "ANTHROPIC_API_KEY": "sk-ant-0123456789",
                "BIG_MODEL": "passthrough",
            }
        async with running(tmp_path, variables) as proxy:
            asking = asyncio.create_task(proxy.ask(stream=True))
            await asyncio.wait((asking,), timeout=0.6)
            asking.cancel()
            await asyncio.wait((asking,))
            left = await nothing_left(there_before)
    assert left == []


async def nothing_left(there_before: list[object]) -> list[str]:
    """What is left of the requests, as soon as it is nothing, else after three seconds."""
    known = {id(each) for each in there_before}
    for _ in range(60):
        await asyncio.sleep(0.05)
        if not (left := [type(each).__name__ for each in large() if id(each) not in known]):
            break
    return left


def large() -> list[object]:
    return [each for each in gc.get_objects() if isinstance(each, LARGE)]
