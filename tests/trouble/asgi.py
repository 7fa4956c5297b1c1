"""The proxy's app called as a server calls it, without the server: fast enough for ten thousand requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy_core.config import paths
from proxy_core.config.key_store import MemoryStore
from proxy_core.server.runtime import Options, ProxyRuntime
from tests.support.proxy import TOKEN, Heard

PORT = 8082


@dataclass(frozen=True, slots=True)
class Got:
    """An answer. ``is_whole`` is False when the app left it unfinished."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")


@dataclass(frozen=True, slots=True)
class App:
    """The app and what its journal heard."""

    call: Any
    heard: Heard

    async def post(self, path: str, body: bytes) -> Got:
        """One request of a client that stays until it is answered."""
        status, headers, pieces = 0, dict[str, str](), list[bytes]()
        whole = asyncio.Event()
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Mapping[str, Any]:
            if waiting:
                return waiting.pop()
            await whole.wait()
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            else:
                pieces.append(message.get("body", b""))
                if not message.get("more_body"):
                    whole.set()

        own = {"host": f"127.0.0.1:{PORT}", "x-api-key": TOKEN, "content-type": "application/json"}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in own.items()],
            "server": ("127.0.0.1", PORT),
            "client": ("127.0.0.1", 1),
        }
        await self.call(scope, receive, send)
        return Got(status, headers, b"".join(pieces), whole.is_set())


@asynccontextmanager
async def app(home: Path, environ: Mapping[str, str], settings: str = "version = 1\n") -> AsyncIterator[App]:
    """The app of a proxy whose files are under ``home``."""
    places = paths.find({"UNDERSTUDY_HOME": str(home)})
    places.settings_file.parent.mkdir(parents=True, exist_ok=True)
    places.settings_file.write_text(settings)
    heard = Heard()
    service = ProxyRuntime(Options(places, {"UNDERSTUDY_TOKEN": TOKEN, **environ}, MemoryStore(), heard)).make_service()
    try:
        yield App(service.app, heard)
    finally:
        await service.aclose()
