"""A chat-completions server on a real loopback socket that does what a script says, honest answers or damage.

The script of one answer is a list of steps, played in order after the request was read whole. Raw bytes, no HTTP
library: a server that is to break the rules cannot be built on one that keeps them.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, assert_never


@dataclass(frozen=True, slots=True)
class Head:
    """The status line and headers. ``chunked`` frames what follows; otherwise the body ends with the connection."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    chunked: bool = True


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes of the body; with ``piece`` they go out that many at a time, each piece in a write of its own."""

    data: bytes
    piece: int = 0


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes written past all framing."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Silence, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Silence until the client goes."""


@dataclass(frozen=True, slots=True)
class Reset:
    """A TCP reset."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is closed without the end of the body."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of the body as the framing has it."""


Step = Head | Body | Raw | Wait | Hang | Reset | Cut | Finish


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Sequence[Step] | Callable[[Request], Sequence[Step]]


class ChatServer:
    """Answers the n-th request with the n-th script, and every later one with the last."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.scripts = list(scripts)
        self.requests: list[Request] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.closed_by_client = 0
        self.written = 0
        self.port = 0
        self._playing = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.address}/v1"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._open):
            writer.transport.abort()
        await self._server.wait_closed()
        while self._open:
            await self._wait_for_change()

    async def client_gone(self, count: int = 1, within: float = 30.0) -> None:
        """Returns once the client closed ``count`` connections; ``TimeoutError`` after ``within`` seconds."""
        async with asyncio.timeout(within):
            while self.closed_by_client < count:
                await self._wait_for_change()

    async def quiet(self, within: float = 30.0) -> None:
        """Returns once no answer is under way: each was played to its end, or its client went."""
        async with asyncio.timeout(within):
            while self._playing:
                await self._wait_for_change()

    async def asked(self, count: int = 1, within: float = 30.0) -> None:
        """Returns once ``count`` requests have come."""
        async with asyncio.timeout(within):
            while len(self.requests) < count:
                await self._wait_for_change()

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        if (task := asyncio.current_task()) is not None:
            self.tasks.add(task)
        self.connections += 1
        number = self.connections
        try:
            while (request := await _read_request(reader, number)) is not None:
                self.requests.append(request)
                self._changed.set()
                script = self.scripts[min(len(self.requests), len(self.scripts)) - 1]
                steps = script(request) if callable(script) else script
                self._playing += 1
                try:
                    if not await self._play(steps, reader, writer):
                        return
                finally:
                    self._playing -= 1
                    self._changed.set()
            self.closed_by_client += 1
        except (ConnectionError, asyncio.IncompleteReadError):
            self.closed_by_client += 1
        finally:
            self._open.discard(writer)
            writer.close()
            self._changed.set()

    async def _play(self, steps: Sequence[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """False when the connection is over."""
        chunked = False
        keep = True
        for step in steps:
            match step:
                case Head():
                    chunked = step.chunked
                    keep = chunked or any(name.lower() == "content-length" for name in step.headers)
                    writer.write(_head(step))
                case Body():
                    await self._body(step, writer, chunked)
                case Raw(data):
                    writer.write(data)
                case Wait(seconds):
                    await asyncio.sleep(seconds)
                case Hang():
                    await writer.drain()
                    if not await reader.read(1):
                        raise ConnectionResetError("the client went")
                case Reset():
                    await writer.drain()
                    _reset(writer)
                    return False
                case Cut():
                    await writer.drain()
                    return False
                case Finish():
                    writer.write(b"0\r\n\r\n" if chunked else b"")
                case _:
                    assert_never(step)
            await writer.drain()
        return keep

    async def _body(self, step: Body, writer: asyncio.StreamWriter, chunked: bool) -> None:
        size = step.piece or len(step.data) or 1
        for start in range(0, len(step.data), size):
            piece = step.data[start : start + size]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
            self.written += len(piece)
            if step.piece:
                # A turn of the loop, so that the piece is a packet of its own.
                await asyncio.sleep(0.0005)


@asynccontextmanager
async def chat_server(*scripts: Script) -> AsyncIterator[ChatServer]:
    server = ChatServer(scripts)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def sse(*payloads: Mapping[str, Any] | str, end: str = "\n\n") -> bytes:
    """Frames; a string stands for itself (``[DONE]``)."""
    return b"".join(
        f"data: {each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)}{end}".encode()
        for each in payloads
    )


def delta(finish: str | None = None, **content: Any) -> dict[str, Any]:
    """A chunk as OpenAI sends it."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "test-model",
        "choices": [{"index": 0, "delta": content, "finish_reason": finish}],
    }


def usage(prompt: int, completion: int, cached: int = 0) -> dict[str, Any]:
    """OpenAI's last chunk with ``include_usage``: no choices."""
    return {
        **delta(),
        "choices": [],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }


def completion(content: str = "Hello", **message: Any) -> dict[str, Any]:
    """An answer that does not stream."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "test-model",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13},
    }


def streamed(
    *payloads: Mapping[str, Any] | str, piece: int = 0, headers: Mapping[str, str] | None = None
) -> list[Step]:
    """A good stream of these chunks."""
    head = Head(headers={"content-type": "text/event-stream", **(headers or {})})
    return [head, Body(sse(*payloads), piece), Finish()]


def text_stream(*texts: str, piece: int = 0) -> list[Step]:
    """A good stream that says these pieces of text, with usage."""
    return streamed(
        delta(role="assistant", content=""),
        *(delta(content=text) for text in texts),
        delta("stop"),
        usage(11, len(texts)),
        "[DONE]",
        piece=piece,
    )


def whole(
    body: Mapping[str, Any] | bytes, status: int = 200, content_type: str = "application/json", **headers: str
) -> list[Step]:
    """An answer in one piece, with its length."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    head = Head(status, {"content-type": content_type, "content-length": str(len(data)), **named}, chunked=False)
    return [head, Body(data)]


async def _read_request(reader: asyncio.StreamReader, connection: int) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await _read_body(reader, headers)
    return Request(method, target, headers, body, connection)


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body


def _head(head: Head) -> bytes:
    framing = {"transfer-encoding": "chunked"} if head.chunked else {}
    if not head.chunked and "content-length" not in head.headers:
        framing = {"connection": "close"}
    lines = [f"HTTP/1.1 {head.status} Scripted", *(f"{k}: {v}" for k, v in {**head.headers, **framing}.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
