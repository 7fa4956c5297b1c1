"""Who leaves is let go of on both sides; who does not read makes nobody collect; who is stopped says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import psutil
import pytest
import pytest_asyncio

from proxy_core.ledger.request_events import State
from tests.anthropic_grammar import read
from tests.support.chat_server import Body, ChatServer, Hang, Head, Request, Step, chat_server, delta, sse
from tests.support.proxy import Running, request, running
from tests.trouble.raw import answers, post
from tests.trouble.wires import ANTHROPIC, CHAT, KEY

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # LiteLLM's own.
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

CLIENTS = 50
MODELS = {"direct": "openai/m", "litellm": "acme/m", "relay": "anthropic/m"}
MOMENTS = ("before the head", "after the head", "in the middle")


class Provider:
    """Plays one moment to everybody, on the wire that the path tells."""

    def __init__(self) -> None:
        self.moment = ""

    def __call__(self, asked: Request) -> Sequence[Step]:
        wire = ANTHROPIC if asked.target.startswith("/v1/messages") else CHAT
        streamed = bool(asked.json.get("stream"))
        first, second = wire.parts(streamed=streamed)
        head = Head(headers={"content-type": "text/event-stream" if streamed else "application/json"})
        match self.moment:
            case "before the head":
                return [Hang()]
            case "after the head":
                return [head, Hang()]
            case "in the middle":
                return [head, Body(first), Hang()]
            case "a flood":
                again = sse(delta(content="x" * 10_000)) if wire is CHAT else second[: second.index(b"\n\n") + 2] * 90
                return [head, Body(first), *[Body(again)] * 8_000, Hang()]
            case _:
                return [
                    Head(headers={**head.headers, "content-length": str(len(first + second))}, chunked=False),
                    Body(first + second),
                ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, ChatServer, Provider]]:
    provider = Provider()
    async with chat_server(provider) as upstream:
        settings = (
            f'version = 1\n[providers.openai]\nbase_url = "{upstream.base_url}"\n'
            f'[providers.acme]\ncustom = true\nbase_url = "{upstream.base_url}"\nengine = "litellm"\n'
            f'[providers.anthropic]\nbase_url = "{upstream.address}"\n'
        )
        environ = {f"{name}_API_KEY": KEY for name in ("OPENAI", "ACME", "ANTHROPIC")}
        async with running(tmp_path_factory.mktemp("leaving"), environ, settings) as proxy:
            for model in MODELS.values():  # all is loaded, every pool has its connection
                for streamed in (True, False):
                    assert (await proxy.ask(model=model, stream=streamed)).status_code == 200
            yield proxy, upstream, provider


def bytes_of(proxy: Running, engine: str, *, streamed: bool) -> bytes:
    return post(json.dumps(request(model=MODELS[engine], stream=streamed)).encode(), port=proxy.port)


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("engine", MODELS)
async def test_fifty_that_leave_at_once(
    stage: tuple[Running, ChatServer, Provider], engine: str, moment: str, streamed: bool
) -> None:
    proxy, upstream, provider = stage
    provider.moment = moment
    upstream.requests.clear()
    proxy.heard.records.clear()
    await calm(upstream)
    tasks, descriptors = len(asyncio.all_tasks()), psutil.Process().num_fds()
    clients = [await asyncio.open_connection("127.0.0.1", proxy.port) for _ in range(CLIENTS)]
    for _, writer in clients:
        writer.write(bytes_of(proxy, engine, streamed=streamed))
    await upstream.asked(CLIENTS)
    if streamed and moment == "in the middle":
        for reader, _ in clients:
            await reader.readuntil(b"Half of ")
    else:
        await asyncio.sleep(0.1)
    for _, writer in clients:
        writer.close()
    await upstream.quiet()
    await calm(upstream)
    assert {record.state for record in proxy.heard.records.values()} == {State.CANCELLED}
    assert len(proxy.heard.records) == CLIENTS
    assert len(asyncio.all_tasks()) <= tasks
    assert psutil.Process().num_fds() <= descriptors + 2  # a pool may have grown by what it keeps


async def calm(upstream: ChatServer) -> None:
    """Returns once no more tasks end: the wake of what was before is over."""
    await upstream.quiet()
    before = 0
    while (now := len(asyncio.all_tasks())) != before:
        before = now
        await asyncio.sleep(0.15)


@pytest.mark.parametrize("engine", MODELS)
async def test_a_client_that_does_not_read_makes_nobody_collect(
    stage: tuple[Running, ChatServer, Provider], engine: str
) -> None:
    proxy, upstream, provider = stage
    provider.moment = "a flood"
    upstream.written = 0
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1024)
    writer.write(bytes_of(proxy, engine, streamed=True))
    await upstream.asked()
    looks = [0]
    while looks[-1] < 100_000 or len(set(looks[-4:])) > 1:  # until nothing moves any more
        looks.append(upstream.written)
        await asyncio.sleep(0.3)
    assert upstream.written < 30_000_000, "what the sockets between us hold, and no more"
    writer.close()
    await upstream.quiet()


@pytest.mark.parametrize("engine", ["direct", "litellm"])
async def test_who_is_stopped_is_told(engine: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A stream ends with an error, an answer that has not begun is one: in shape, and soon after the grace."""
    provider = Provider()
    async with chat_server(provider) as upstream:
        settings = (
            f'version = 1\n[providers.openai]\nbase_url = "{upstream.base_url}"\n'
            f'[providers.acme]\ncustom = true\nbase_url = "{upstream.base_url}"\nengine = "litellm"\n'
        )
        environ = {f"{name}_API_KEY": KEY for name in ("OPENAI", "ACME")}
        async with running(tmp_path_factory.mktemp("stopping"), environ, settings) as proxy:
            assert (await proxy.ask(model=MODELS[engine])).status_code == 200  # LiteLLM is loaded
            proxy.heard.records.clear()
            upstream.requests.clear()
            provider.moment = "in the middle"
            under_way = [await asyncio.open_connection("127.0.0.1", proxy.port) for _ in range(6)]
            for number, (_, writer) in enumerate(under_way):
                writer.write(bytes_of(proxy, engine, streamed=number % 2 == 0))
            await upstream.asked(6)
            await under_way[0][0].readuntil(b"Half of ")
            proxy.serving.stop()
            got = [await reader.read() for reader, _ in under_way]  # nobody ends these but the proxy
            await upstream.quiet()
            for _, writer in under_way:
                writer.close()
    for number, data in enumerate(got[1:], 1):
        (answer,) = answers(data)
        if number % 2 == 0:
            reading = read(answer.body)
            assert (reading.text, reading.complete) == ("Half of ", False)
            assert reading.error is not None
            assert reading.error["type"] == "overloaded_error"
        else:
            assert (answer.status, answer.error["type"]) == (529, "overloaded_error")
    assert {record.state for record in proxy.heard.records.values()} == {State.FAILED}
