"""Calls to a server of ours, as the tests of every engine need them."""

from __future__ import annotations

from typing import Any

from proxy_core.config.secret import Secret
from proxy_core.config.settings import Timeouts
from proxy_core.errors import ProviderError
from proxy_core.upstream.port import Chunk, ChunkStream, Upstream, UpstreamCall

KEY = "sk-test-4f3c2b1a09f8e7d6c5b4"

SHORT = Timeouts(connect=2.0, first_chunk=0.4, between_chunks=0.4)


def call_to(base_url: str, *, stream: bool = True, timeouts: Timeouts | None = None, **body: Any) -> UpstreamCall:
    """A small call; ``body`` is laid over it."""
    return UpstreamCall(
        provider="acme",
        provider_name="Acme",
        model="test-model",
        base_url=base_url,
        api_key=Secret(KEY),
        body={
            "model": "test-model",
            "messages": [{"role": "user", "content": "Hi"}],
            "stream": stream,
            **({"stream_options": {"include_usage": True}} if stream else {}),
            **body,
        },
        timeouts=timeouts or Timeouts(connect=30.0, first_chunk=30.0, between_chunks=30.0),
    )


async def chunks_of(engine: Upstream, call: UpstreamCall) -> list[Chunk]:
    """All the chunks of one call."""
    stream = await engine.open(call)
    try:
        return [chunk async for batch in stream for chunk in batch]
    finally:
        await stream.aclose()


async def drained(stream: ChunkStream) -> tuple[list[Chunk], ProviderError | None]:
    """What came, and the error that ended it."""
    got: list[Chunk] = []
    try:
        async for batch in stream:
            got += batch
    except ProviderError as error:
        return got, error
    finally:
        await stream.aclose()
    return got, None


def text_of(chunks: list[Chunk]) -> str:
    """The text that chunks add up to."""
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
