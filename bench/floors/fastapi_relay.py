"""The usual way to write a relay: FastAPI, httpx, a StreamingResponse."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from bench.floors.serving import serve

_OWN = {"host", "content-length", "connection", "transfer-encoding"}


def make_app(upstream: str) -> FastAPI:
    """The app."""
    app = FastAPI()
    client = httpx.AsyncClient(
        base_url=upstream, timeout=600, trust_env=False, limits=httpx.Limits(max_connections=None)
    )

    @app.post("/{path:path}")
    async def relay(path: str, request: Request) -> StreamingResponse:
        headers = {name: value for name, value in request.headers.items() if name not in _OWN}
        outgoing = client.build_request("POST", f"/{path}", content=await request.body(), headers=headers)
        answer = await client.send(outgoing, stream=True)

        async def pass_on() -> AsyncIterator[bytes]:
            try:
                async for data in answer.aiter_raw():
                    yield data
            finally:
                await answer.aclose()

        return StreamingResponse(pass_on(), answer.status_code, media_type=answer.headers["content-type"])

    return app


if __name__ == "__main__":
    serve(make_app)
