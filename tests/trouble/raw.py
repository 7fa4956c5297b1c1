"""Requests as raw bytes on a socket, and what came back, cut into answers by a reader of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.proxy import TOKEN


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a connection."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> Mapping[str, Any]:
        """The error in it; checks the shape."""
        value = json.loads(self.body)
        assert value["type"] == "error", value
        assert value["request_id"].startswith("req_"), value
        assert value["request_id"] == self.headers["request-id"]
        error: Mapping[str, Any] = value["error"]
        assert set(error) == {"type", "message"}
        return error


def post(body: bytes, *lines: str, port: int, path: str = "/v1/messages", version: str = "1.1") -> bytes:
    """A request that is let in; ``lines`` replace the content-length."""
    framing = lines or (f"content-length: {len(body)}",)
    head = [
        f"POST {path} HTTP/{version}",
        f"host: 127.0.0.1:{port}",
        f"x-api-key: {TOKEN}",
        "content-type: application/json",
        *framing,
    ]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


async def talk(port: int, *pieces: bytes, seconds: float = 60.0, pause: float = 0.0, calm: float = 0.1) -> bytes:
    """Send the pieces; what came until the other side closed, was ``calm`` after it spoke, or ``seconds`` went by."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sending = asyncio.create_task(_send(writer, pieces, pause))
    got = bytearray()
    try:
        async with asyncio.timeout(seconds) as patience:
            while data := await reader.read(65536):
                got += data
                if sending.done():
                    patience.reschedule(asyncio.get_running_loop().time() + calm)
    except (TimeoutError, ConnectionError):
        return bytes(got)
    finally:
        sending.cancel()
        writer.close()
    return bytes(got)


async def _send(writer: asyncio.StreamWriter, pieces: tuple[bytes, ...], pause: float) -> None:
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
    except ConnectionError:
        return  # the other side has closed, which is for the reader to judge


def answers(data: bytes) -> Sequence[Answer]:
    """The answers in what came; an interim one (100) is left out. AssertionError for what is none."""
    found: list[Answer] = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, f"a head that is cut: {head[:200]!r}"
        first, *lines = head.decode("latin-1").split("\r\n")
        assert first.startswith("HTTP/1.1 "), first
        status = int(first.split(" ")[1])
        if status == 100:
            continue
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body, data = _chunked(data)
        else:
            size = int(headers.get("content-length", "0"))
            body, data = data[:size], data[size:]
        found.append(Answer(status, headers, body))
    return found


def _chunked(data: bytes) -> tuple[bytes, bytes]:
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        body, data = body + data[:length], data[length + 2 :]
        if not length:
            break
    return body, data
