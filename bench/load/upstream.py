"""The provider: answers in the format of OpenAI or Anthropic, and stamps each chunk with its time.

Run as ``python -m bench.load.upstream``; prints its port.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from itertools import count, cycle
from typing import Final, cast

import httptools
import orjson

from bench.load.wanted import Kind, Wanted

Json = Mapping[str, object]

_BLOCK: Final = 64
"""Chunks that a burst writes at a time."""

_GOLDEN: Final = 0.6180339887
"""Streams start at this fraction of an interval after each other, so that their chunks do not coincide."""


class Words(ABC):
    """The format of one API."""

    @abstractmethod
    def begin(self) -> bytes:
        """Return what precedes the first text."""

    @abstractmethod
    def chunk(self, text: str) -> bytes:
        """Return a piece of text."""

    @abstractmethod
    def end(self, chunks: int) -> bytes:
        """Return what follows the last text."""

    @abstractmethod
    def whole(self, text: str) -> bytes:
        """Return an answer that is not streamed."""


class OpenAI(Words):
    """Chat completions, with the fields that OpenAI fills."""

    _FRAME: Final[Json] = {
        "id": "chatcmpl-BNchmrk0000000000000000000000",
        "object": "chat.completion.chunk",
        "created": 1790000000,
        "model": "gpt-4.1-2025-04-14",
        "service_tier": "default",
        "system_fingerprint": "fp_b3f1157249",
    }
    _USAGE: Final[Json] = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}

    def begin(self) -> bytes:
        """The role."""
        return self._framed({"role": "assistant", "content": "", "refusal": None}, None)

    def chunk(self, text: str) -> bytes:
        """One delta."""
        return self._framed({"content": text}, None)

    def end(self, chunks: int) -> bytes:
        """The finish reason, the usage in a chunk of its own, and the declared end."""
        usage = {**self._FRAME, "choices": [], "usage": {**self._USAGE, "completion_tokens": chunks}}
        return self._framed({}, "stop") + b"data: " + orjson.dumps(usage) + b"\n\ndata: [DONE]\n\n"

    def whole(self, text: str) -> bytes:
        """One completion."""
        message: Json = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return orjson.dumps({**self._FRAME, "object": "chat.completion", "choices": [choice], "usage": self._USAGE})

    def _framed(self, delta: Json, reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return b"data: " + orjson.dumps({**self._FRAME, "choices": [choice], "usage": None}) + b"\n\n"


class Anthropic(Words):
    """Messages, as Anthropic streams them."""

    _MESSAGE: Final[Json] = {
        "id": "msg_0",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 1},
    }

    def begin(self) -> bytes:
        """The message and its block."""
        start = {"type": "message_start", "message": {**self._MESSAGE, "content": [], "stop_reason": None}}
        block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        return _event(start) + _event(block)

    def chunk(self, text: str) -> bytes:
        """One delta."""
        return _event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})

    def end(self, chunks: int) -> bytes:
        """The ends of block and message."""
        delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": chunks}}
        return _event({"type": "content_block_stop", "index": 0}) + _event(delta) + _event({"type": "message_stop"})

    def whole(self, text: str) -> bytes:
        """One message."""
        content = [{"type": "text", "text": text}]
        return orjson.dumps({**self._MESSAGE, "content": content, "stop_reason": "end_turn"})


def _event(event: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), orjson.dumps(event))


class Connection(asyncio.Protocol):
    """One connection: requests in turn, each answered as its prompt asks."""

    _numbers = count()

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._body = bytearray()
        self._flows = asyncio.Event()
        self._flows.set()
        self._answer: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own type

    def connection_lost(self, exc: Exception | None) -> None:
        self._flows.set()
        if self._answer is not None:
            self._answer.cancel()

    def pause_writing(self) -> None:
        self._flows.clear()

    def resume_writing(self) -> None:
        self._flows.set()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path = url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        body, self._body = bytes(self._body), bytearray()
        words: Words = Anthropic() if b"/messages" in self._path else OpenAI()
        wanted = Wanted.read(body)
        match wanted.kind:
            case Kind.WHOLE:
                text = " ".join(f"word{number}" for number in range(wanted.chunks)) + "~"
                answer = words.whole(text)
                head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(answer)
                self._transport.write(head + answer)
            case Kind.BURST:
                self._answer = self._loop.create_task(self._burst(words, wanted.chunks))
            case Kind.PACED:
                self._answer = self._loop.create_task(self._paced(words, wanted))

    def _open(self, words: Words) -> None:
        head = (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        self._transport.write(head + _piece(words.begin()))

    async def _burst(self, words: Words, chunks: int) -> None:
        """Write as fast as the reader takes it; the texts differ, since some programs end a repetitive answer."""
        self._open(words)
        texts = cycle(_piece(words.chunk(f" word{number}~")) for number in range(_BLOCK))
        for block in _blocks(texts, chunks):
            self._transport.write(block)
            await self._flows.wait()
            if self._transport.is_closing():
                return
        self._close(words, chunks)

    async def _paced(self, words: Words, wanted: Wanted) -> None:
        self._open(words)
        interval = 1 / wanted.per_second
        begin = self._loop.time() + interval * (next(self._numbers) * _GOLDEN % 1)
        for number in range(wanted.chunks):
            await asyncio.sleep(begin + number * interval - self._loop.time())
            await self._flows.wait()
            if self._transport.is_closing():
                return
            self._transport.write(_piece(words.chunk(f" @{time.monotonic_ns()}~")))
        self._close(words, wanted.chunks)

    def _close(self, words: Words, chunks: int) -> None:
        self._transport.write(_piece(words.end(chunks)) + b"0\r\n\r\n")


def _piece(data: bytes) -> bytes:
    """Return a chunk in HTTP's chunked coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _blocks(pieces: Iterator[bytes], number: int) -> Iterator[bytes]:
    """Yield ``number`` pieces, :data:`_BLOCK` at a time."""
    whole = b"".join(next(pieces) for _ in range(_BLOCK))
    for _ in range(number // _BLOCK):
        yield whole
    yield b"".join(next(pieces) for _ in range(number % _BLOCK))


async def serve() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.freeze()
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve())
