"""Small ASGI applications to serve, and raw requests to send them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from proxy_core.server.listening import ListenAddress
from proxy_core.server.proxy_server import Service

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Small:
    """Answers ``/`` at once, ``/late`` a while after its head, ``/slow`` for ever, ``/broken`` with a fault.

    ``/die`` ends its event loop.
    """

    def __init__(self) -> None:
        self.closed = 0
        self.asked: list[str] = []
        self.cancelled = 0

    def service(self) -> Service:
        return Service(self.app, self.aclose)

    async def aclose(self) -> None:
        self.closed += 1

    async def app(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        if scope["path"] == "/die":
            asyncio.get_running_loop().call_soon(_end_the_thread)
        if scope["path"] == "/broken":
            raise ValueError("sk-secret-in-the-text")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        if scope["path"] == "/late":
            await asyncio.sleep(0.5)
        if scope["path"] == "/slow":
            try:
                while True:
                    await send({"type": "http.response.body", "body": b"x", "more_body": True})
                    await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        await send({"type": "http.response.body", "body": b"hello"})


def _end_the_thread() -> None:
    raise SystemExit(3)


def ask(address: ListenAddress, path: str = "/") -> bytes:
    """One request, and all of its answer."""
    return raw(address, f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())


def raw(address: ListenAddress, data: bytes, *, seconds: float = 30.0) -> bytes:
    """These bytes, and all that comes back until the connection closes; what was reset counts as closed."""
    with socket.create_connection((address.host, address.port), timeout=seconds) as connection:
        received = b""
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                received += piece
        except ConnectionError:
            pass
        return received
