"""No request is sent twice behind the user's back, and each that left is an attempt: counted at the provider."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import pytest_asyncio

from proxy_core.ledger.request_events import State
from tests.support.proxy import Running, request, running
from tests.trouble.wires import ANTHROPIC, CHAT, KEY

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # LiteLLM's own.
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

MODELS = {"direct": "openai/m", "litellm": "acme/m", "relay": "anthropic/m"}
MAY_BE_REPEATED = {429, 502, 503, 504, 529}

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


class Provider:
    """Answers the first request on a connection; what it does with the next is ``play``'s matter."""

    def __init__(self) -> None:
        self.sent = 0
        self.kept = 0
        self.play: Play | None = None
        self.working = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            number = 0
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.sent += 1
                number += 1
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                if self.play is not None:
                    self.kept += number > 1
                    await self.play(reader, writer, length)
                    return
                await reader.readexactly(length)
                wire = ANTHROPIC if head.startswith(b"POST /v1/messages") else CHAT
                lines = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(wire.whole)
                writer.write(b"HTTP/1.1 200 OK\r\n" + lines + wire.whole)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def works_and_drops(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter, length: int) -> None:
        await reader.readexactly(length)
        await asyncio.sleep(0.3)

    async def works_and_resets(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int) -> None:
        await reader.readexactly(length)
        await asyncio.sleep(0.05)
        reset(writer)

    async def begins_to_answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int) -> None:
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-ty")
        await writer.drain()
        await asyncio.sleep(0.05)

    async def does_not_read(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter, __: int) -> None:
        writer.close()

    async def resets_in_the_body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.read(100)
        reset(writer)

    async def says_502(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int) -> None:
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 502 Bad\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()

    async def says_422(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int) -> None:
        await reader.readexactly(length)
        said = json.dumps({"error": {"message": "no tools here"}}).encode()
        lines = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(said)
        writer.write(b"HTTP/1.1 422 No\r\n" + lines + said)
        await writer.drain()

    async def never_answers(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter, length: int) -> None:
        await reader.readexactly(length)
        self.working.set()
        await reader.read()


DROPS = [
    Provider.works_and_drops,
    Provider.works_and_resets,
    Provider.begins_to_answer,
    Provider.does_not_read,
    Provider.resets_in_the_body,
    Provider.says_502,
    Provider.says_422,
]


def reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def serving(provider: Provider) -> AsyncIterator[int]:
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, limit=4_000_000)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, Provider]]:
    provider = Provider()
    async with serving(provider) as port:
        address = f"http://127.0.0.1:{port}"
        settings = (
            f'version = 1\n[providers.openai]\nbase_url = "{address}/v1"\n'
            f'[providers.acme]\ncustom = true\nbase_url = "{address}/v1"\nengine = "litellm"\n'
            f'[providers.anthropic]\nbase_url = "{address}"\n'
        )
        environ = {f"{name}_API_KEY": KEY for name in ("OPENAI", "ACME", "ANTHROPIC")}
        async with running(tmp_path_factory.mktemp("once"), environ, settings) as proxy:
            yield proxy, provider


def attempts(proxy: Running) -> int:
    return sum(len(record.attempts) for record in proxy.heard.records.values())


async def asked(
    stage: tuple[Running, Provider], engine: str, play: Play, text: str, *, streamed: bool
) -> httpx.Response:
    """The answer to a request on a connection that served one before."""
    proxy, provider = stage
    provider.play = None
    assert (await proxy.ask(model=MODELS[engine])).status_code == 200
    proxy.heard.records.clear()
    provider.sent = provider.kept = 0
    provider.play = play
    return await proxy.client.post("/v1/messages", json=request(text, model=MODELS[engine], stream=streamed))


@pytest.mark.parametrize(("text", "streamed"), [("hi", True), ("x" * 1_000_000, False)], ids=["small", "large"])
@pytest.mark.parametrize("play", DROPS, ids=lambda play: play.__name__)
@pytest.mark.parametrize("engine", MODELS)
async def test_a_request_is_sent_once_and_the_client_may_repeat_it(
    stage: tuple[Running, Provider],
    engine: str,
    play: Callable[[Provider, asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]],
    text: str,
    streamed: bool,
) -> None:
    proxy, provider = stage
    answer = await asked(stage, engine, play.__get__(provider), text, streamed=streamed)
    assert (provider.sent, provider.kept) == (1, 1)
    assert attempts(proxy) == 1
    assert proxy.heard.last.state is State.FAILED
    if play is Provider.says_422:
        assert answer.status_code in {400, 422}
        return
    assert answer.status_code in MAY_BE_REPEATED
    assert answer.headers.get("x-should-retry") != "false"
    if engine != "relay" or play is not Provider.says_502:
        error = answer.json()
        assert (error["type"], error["error"]["type"]) == ("error", "api_error")
        assert error["request_id"] == answer.headers["request-id"]


@pytest.mark.parametrize("engine", MODELS)
async def test_one_that_nobody_waited_for_is_an_attempt_too(stage: tuple[Running, Provider], engine: str) -> None:
    proxy, provider = stage
    provider.working.clear()
    asking = asyncio.create_task(asked(stage, engine, provider.never_answers, "hi", streamed=True))
    await provider.working.wait()
    asking.cancel()
    async with asyncio.timeout(20):
        while proxy.heard.last.state is State.RUNNING:
            await asyncio.sleep(0.01)
    assert (provider.sent, attempts(proxy)) == (1, 1)


@pytest.mark.parametrize("engine", ["direct", "litellm"])
async def test_each_that_was_turned_away_is_an_attempt(stage: tuple[Running, Provider], engine: str) -> None:
    proxy, provider = stage

    async def turn_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int) -> None:
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 429 Slow\r\nretry-after-ms: 10\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()

    answer = await asked(stage, engine, turn_away, "hi", streamed=True)
    assert answer.status_code == 429
    assert provider.sent == attempts(proxy) > 1
