"""The baseline of a relay: bare ASGI, aiohttp's client, bytes forwarded as each read brings them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp

from bench.floors.serving import body_of, serve


class BareRelay:
    """The app."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        body = await body_of(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"] if name not in _OWN}
        async with self._session.post(f"{self._upstream}{scope['path']}", data=body, headers=headers) as answer:
            media = answer.headers["content-type"].encode()
            await send({"type": "http.response.start", "status": answer.status, "headers": [(b"content-type", media)]})
            while data := await answer.content.readany():
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


_OWN = {b"host", b"content-length", b"connection", b"transfer-encoding"}


if __name__ == "__main__":
    serve(BareRelay)
