"""What is left of a request once it is over: nothing, without the garbage collector's help."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from proxy_core.anthropic_api.request import MessagesRequest
from proxy_core.api.exchange import Exchange
from proxy_core.ledger.request_events import State
from proxy_core.upstream.port import UpstreamCall
from proxy_core.upstream.relay import RelayCall
from tests.support.anthropic_server import event
from tests.support.chat_server import Body, Cut, Finish, Hang, Head, Script, Step, chat_server, sse, whole
from tests.support.proxy import request, running
from tests.trouble.wires import ANTHROPIC, CHAT, KEY, Wire, error_body

LARGE = (Exchange, MessagesRequest, UpstreamCall, RelayCall)
"""They hold the request's body, which may be megabytes."""

MODELS = {"direct": "openai/m", "relay": "anthropic/m"}
WIRES = {"direct": CHAT, "relay": ANTHROPIC}
STATES = {"a good end": State.DONE, "a client that leaves": State.CANCELLED}
"""How each request ends; all others fail."""


def scripts(wire: Wire) -> dict[str, Script]:
    begun: list[Step] = [Head(headers={"content-type": "text/event-stream"}), Body(wire.half)]
    broken = sse(error_body(wire, "No")) if wire is CHAT else event("error", **error_body(wire, "No"))
    return {
        "a good end": [*begun, Body(wire.rest), Finish()],
        "a refusal": whole(error_body(wire, "No"), 400),
        "a limit": whole(error_body(wire, "Slow down"), 429, retry_after="60"),
        "a cut": [*begun, Cut()],
        "a cut before the head": [Cut()],
        "nothing that can be read": [begun[0], Body(b"data: {not json\n\n"), Finish()],
        "an error among the chunks": [*begun, Body(broken), Finish()],
        "no JSON": whole(b"<html>", 500, content_type="text/html"),
        "a client that leaves": [*begun, Hang()],
    }


@pytest.fixture
def there_before() -> Iterator[list[object]]:
    """What other tests and the modules themselves hold. From here on nothing is collected."""
    importlib.import_module("proxy_core.api.relaying")  # it is imported when it is first needed, and holds one
    gc.collect()
    gc.disable()
    yield large()
    gc.enable()


@pytest.mark.parametrize("engine", MODELS)
@pytest.mark.parametrize("name", scripts(CHAT))
async def test_nothing_holds_the_body(name: str, engine: str, there_before: list[object], tmp_path: Path) -> None:
    async with chat_server(scripts(WIRES[engine])[name]) as upstream:
        settings = (
            f'version = 1\n[providers.openai]\nbase_url = "{upstream.base_url}"\n'
            f'[providers.anthropic]\nbase_url = "{upstream.address}"\n'
        )
        environ = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
        async with running(tmp_path, environ, settings) as proxy:
            asked = request(model=MODELS[engine], stream=True)
            with contextlib.suppress(httpx.RemoteProtocolError):
                async with proxy.client.stream("POST", "/v1/messages", json=asked) as answer:
                    async for line in answer.aiter_lines():
                        if name == "a client that leaves" and "Half of " in line:
                            break
            left = await nothing_left(there_before)
            served = len(upstream.requests), proxy.heard.last.state, len(proxy.heard.last.attempts)
    assert left == []
    assert served == (1, STATES.get(name, State.FAILED), 1)


async def nothing_left(there_before: list[object]) -> list[str]:
    """What is left of the requests, as soon as it is nothing, else after half a minute."""
    known = {id(each) for each in there_before}
    for _ in range(600):
        await asyncio.sleep(0.05)
        if not (left := [type(each).__name__ for each in large() if id(each) not in known]):
            break
    return left


def large() -> list[object]:
    return [each for each in gc.get_objects() if isinstance(each, LARGE)]
