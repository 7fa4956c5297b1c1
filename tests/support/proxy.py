"""A proxy of the real parts, served in the test's own loop, with a journal that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from proxy_core.config import paths
from proxy_core.config.key_store import MemoryStore
from proxy_core.config.keys import Keys
from proxy_core.ledger.request_events import RequestEvent, RequestRecord, apply
from proxy_core.server.listening import Listening
from proxy_core.server.runtime import Options, ProxyRuntime
from proxy_core.server.uvicorn_server import Serving

TOKEN: Final = "us-test-0123456789abcdef"


class Heard:
    """A listener that keeps every story."""

    def __init__(self) -> None:
        self.records: dict[str, RequestRecord] = {}
        self.events: list[RequestEvent] = []

    def on_event(self, events: RequestEvent) -> None:
        self.events.append(events)
        self.records[events.id] = apply(self.records.get(events.id), events)

    @property
    def last(self) -> RequestRecord:
        return list(self.records.values())[-1]


@dataclass
class Running:
    """``client`` shows the local token; ``faults`` are those of our own, which no test expects."""

    proxy: ProxyRuntime
    heard: Heard
    url: str
    port: int
    client: httpx.AsyncClient
    serving: Serving
    home: Path
    faults: list[str] = field(default_factory=list)

    async def ask(self, **fields: Any) -> httpx.Response:
        """``POST /v1/messages``, read whole."""
        return await self.client.post("/v1/messages", json=request(**fields))


def request(text: str = "hi", **fields: Any) -> dict[str, Any]:
    """A small request of the Messages API."""
    return {
        "model": "claude-sonnet-5-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": text}],
        **fields,
    }


@asynccontextmanager
async def running(
    home: Path,
    environ: Mapping[str, str],
    settings: str = "",
    *,
    dotenv: Mapping[str, str] | None = None,
    keys: Keys | None = None,
) -> AsyncIterator[Running]:
    """A proxy whose files are under ``home`` and whose settings file says ``settings``."""
    places = paths.find({"UNDERSTUDY_HOME": str(home)})
    if settings:
        places.settings_file.parent.mkdir(parents=True, exist_ok=True)
        places.settings_file.write_text(settings)
    heard, faults = Heard(), list[str]()
    variables = {"UNDERSTUDY_TOKEN": TOKEN, **environ}
    proxy = ProxyRuntime(Options(places, variables, MemoryStore(), heard, keys=keys, dotenv=dotenv or {}))
    listening = Listening("127.0.0.1", 0)
    service = proxy.make_service()
    started = asyncio.Event()
    serving = Serving(service.app, grace=1, started=started.set, stopping=lambda: None, fault=faults.append)
    task = asyncio.create_task(serving.serve_on(listening.share()))
    await started.wait()
    address = listening.address
    headers = {"x-api-key": TOKEN, "anthropic-version": "2023-06-01"}
    try:
        async with httpx.AsyncClient(base_url=address.url, headers=headers, trust_env=False, timeout=30) as client:
            yield Running(proxy, heard, address.url, address.port, client, serving, home, faults)
    finally:
        serving.stop_at_once()
        await task
        await service.aclose()
        listening.close()
    assert faults == [], faults
