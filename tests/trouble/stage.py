"""The stage of every fault: one proxy with all engines, before a provider that fails as the model's name tells it."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

import httpx

from proxy_core.api import retries
from proxy_core.ledger.request_events import RequestRecord
from tests.support.chat_server import ChatServer, Request, Step
from tests.support.proxy import Running, request, running
from tests.trouble.faults import PLAYED, UNPLAYED
from tests.trouble.wires import ANTHROPIC, CHAT, KEY

ENGINES: Final = ("direct", "litellm", "relay")
SILENCE: Final = 3.0
"""Seconds: the proxy's time out for the first chunk and between two."""

LET_GO: Final = 120.0
"""Seconds for which a provider is waited for to be let go, once the client has its answer."""

PATIENCE: Final = 120.0
"""Seconds of silence after which the client gives up: far over what the proxy may take on a busy machine."""

ENOUGH: Final = 50_000
"""Bytes of an answer without end that are read."""

NOTHING: Final = 0
HUNG: Final = -1
"""Statuses of an answer that did not begin: the connection ended, or nothing came."""

_PROVIDERS: Final = {"direct": "openai", "litellm": "acme", "relay": "anthropic"}


@dataclass(frozen=True, slots=True)
class Case:
    """One question: a fault, the engine that meets it, and whether the client wants a stream."""

    fault: str
    engine: str
    streamed: bool

    @property
    def name(self) -> str:
        return f"{self.fault} | {self.engine} | {'streamed' if self.streamed else 'whole'}"

    @property
    def slug(self) -> str:
        return f"{[*PLAYED, *UNPLAYED].index(self.fault)}-{self.engine}-{int(self.streamed)}"

    @property
    def model(self) -> str:
        provider = _PROVIDERS[self.engine]
        if self.fault in UNPLAYED:
            provider = f"{self.fault.split()[0].lower()}-{self.engine}"
        return f"{provider}/{self.slug}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the client got.

    ``cut``: the connection ended before the answer did; ``held``: the provider was not let go.
    """

    case: Case
    status: int
    headers: httpx.Headers
    body: bytes
    cut: bool
    asked: int
    held: bool
    record: RequestRecord

    @property
    def is_stream(self) -> bool:
        return str(self.headers.get("content-type", "")).startswith("text/event-stream")


class _Played(list[Step]):
    """Steps that know whose they are."""

    def __init__(self, steps: Sequence[Step], slug: str) -> None:
        super().__init__(steps)
        self.slug = slug


class FaultyProvider(ChatServer):
    """Plays the fault that the model's name in a request names, on the wire that the path tells."""

    def __init__(self) -> None:
        super().__init__([self._script])
        self.asked_for: Counter[str] = Counter()
        self.playing: Counter[str] = Counter()
        self._faults = list(PLAYED)

    def _script(self, asked: Request) -> Sequence[Step]:
        slug = asked.json["model"].rpartition("/")[2]
        number, _, streamed = slug.split("-")
        self.asked_for[slug] += 1
        wire = ANTHROPIC if asked.target.startswith("/v1/messages") else CHAT
        return _Played(PLAYED[self._faults[int(number)]](wire, streamed == "1"), slug)

    async def _play(self, steps: Sequence[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        assert isinstance(steps, _Played)
        self.playing[steps.slug] += 1
        try:
            return await super()._play(steps, reader, writer)
        finally:
            self.playing[steps.slug] -= 1

    async def let_go(self, slug: str) -> bool:
        """Whether the answers to this question are over within LET_GO."""
        deadline = asyncio.get_running_loop().time() + LET_GO
        while self.playing[slug] and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        return not self.playing[slug]


@dataclass(frozen=True, slots=True)
class Stage:
    """Ready to be asked."""

    proxy: Running
    provider: FaultyProvider

    async def warm_up(self) -> None:
        """Have LiteLLM and the HTTP client loaded, which takes longer than the waits here are."""
        for engine in ENGINES:
            while (await self.ask(Case("none", engine, streamed=False))).status != 200:
                pass
            for streamed in (True, False):
                await self.ask(Case("500", engine, streamed))
        self.provider.asked_for.clear()
        self.proxy.heard.records.clear()

    async def ask(self, case: Case) -> Outcome:
        """Ask once, and read whatever comes until nothing more does."""
        body, cut = bytearray(), False
        question = request("Say it.", model=case.model, stream=case.streamed)
        session = {"x-claude-code-session-id": case.slug}
        status, headers = NOTHING, httpx.Headers()
        try:
            async with self.proxy.client.stream(
                "POST", "/v1/messages", json=question, headers=session, timeout=PATIENCE
            ) as answer:
                status, headers = answer.status_code, answer.headers
                async for piece in answer.aiter_raw():
                    body += piece
                    if case.fault == "without end" and len(body) > ENOUGH:
                        break
        except (httpx.RemoteProtocolError, httpx.ReadError):
            cut = True
        except httpx.ReadTimeout:
            status = HUNG
        held = not await self.provider.let_go(case.slug)
        record = [each for each in self.proxy.heard.records.values() if each.session == case.slug][-1]
        asked = self.provider.asked_for[case.slug]
        return Outcome(case, status, headers, bytes(body), cut, asked, held, record)


@asynccontextmanager
async def faulty_stage(home: Path) -> AsyncIterator[Stage]:
    """A stage whose files are under ``home``, with waits so short that all of it can be watched."""
    provider = FaultyProvider()
    await provider.start()
    plain = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    plain_port = plain.sockets[0].getsockname()[1]
    elsewhere = {
        "refused": "http://127.0.0.1:9/v1",
        "unknown": "https://no-such-host.invalid/v1",
        "tls": f"https://127.0.0.1:{plain_port}/v1",
    }
    settings = [
        "version = 1",
        "[timeouts]",
        *(f"{name} = {SILENCE}" for name in ("connect", "first_chunk", "between_chunks")),
        f'[providers.openai]\nbase_url = "{provider.base_url}"',
        f'[providers.acme]\ncustom = true\nbase_url = "{provider.base_url}"\nengine = "litellm"',
        f'[providers.anthropic]\nbase_url = "{provider.address}"',
    ]
    environ = {f"{name}_API_KEY": KEY for name in ("OPENAI", "ACME", "ANTHROPIC")}
    for name, url in elsewhere.items():
        for engine in ENGINES:
            settings.append(f'[providers.{name}-{engine}]\ncustom = true\nbase_url = "{url}"\nengine = "{engine}"')
            environ[f"{name.upper()}_{engine.upper()}_API_KEY"] = KEY
    try:
        with (
            mock.patch.object(retries, "_WAITS", (0.01, 0.02)),
            mock.patch.object(socket, "getaddrinfo", _knows_nobody),
        ):
            async with running(home, environ, "\n".join(settings)) as proxy:
                yield Stage(proxy, provider)
    finally:
        plain.close()
        await provider.stop()


_getaddrinfo: Final = socket.getaddrinfo


def _knows_nobody(host: Any, *rest: Any, **more: Any) -> Any:
    """A resolver that says by itself what every resolver must say of these names, without asking anyone."""
    if str(host).endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _getaddrinfo(host, *rest, **more)
