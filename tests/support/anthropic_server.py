"""A scripted Anthropic server: valid streams, whole messages and errors of the Messages API, on a real loopback socket.

It is :mod:`tests.support.chat_server` with other words; damage is scripted there.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.support.chat_server import Body, ChatServer, Finish, Head, Script, Step, chat_server, whole

USAGE = {"input_tokens": 25, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3, "output_tokens": 1}


@asynccontextmanager
async def anthropic_server(*scripts: Script) -> AsyncIterator[ChatServer]:
    """A server that plays these answers; ``address`` is what goes where ``https://api.anthropic.com`` would."""
    async with chat_server(*scripts) as server:
        yield server


def event(name: str, **fields: Any) -> bytes:
    """One frame."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields}, ensure_ascii=False)}\n\n".encode()


def message_bytes(*texts: str, stop_reason: str = "end_turn", output_tokens: int = 12) -> bytes:
    """A whole valid stream that says these pieces of text."""
    opening: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": USAGE,
    }
    return b"".join(
        [
            event("message_start", message=opening),
            event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            event("ping"),
            *(event("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) for text in texts),
            event("content_block_stop", index=0),
            event(
                "message_delta",
                delta={"stop_reason": stop_reason, "stop_sequence": None},
                usage={"output_tokens": output_tokens},
            ),
            event("message_stop"),
        ]
    )


def tool_use_bytes(name: str, tool_input: Mapping[str, Any], id_: str = "toolu_1") -> bytes:
    """A whole valid stream that calls one tool."""
    block = {"type": "tool_use", "id": id_, "name": name, "input": {}}
    part = {"type": "input_json_delta", "partial_json": json.dumps(tool_input)}
    head, tail = message_bytes(stop_reason="tool_use").split(event("content_block_stop", index=0))
    start = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    body = event("content_block_start", index=0, content_block=block) + event(
        "content_block_delta", index=0, delta=part
    )
    return head.replace(start, body) + event("content_block_stop", index=0) + tail


def streamed(data: bytes, *, piece: int = 0, encoding: str = "") -> list[Step]:
    """``data`` as an event stream, encoded if so wished."""
    headers = {
        "content-type": "text/event-stream; charset=utf-8",
        "request-id": "req_1",
        "anthropic-ratelimit-requests-remaining": "49",
        **({"content-encoding": encoding} if encoding else {}),
    }
    return [Head(headers=headers), Body(encoded(data, encoding), piece), Finish()]


def message(text: str = "Hello") -> list[Step]:
    """An answer that does not stream."""
    return whole(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-test",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {**USAGE, "output_tokens": 12},
        },
        request_id="req_1",
    )


def error(status: int, type_: str, text: str, **headers: str) -> list[Step]:
    """An error in Anthropic's shape."""
    body = {"type": "error", "error": {"type": type_, "message": text}, "request_id": "req_1"}
    return whole(body, status, request_id="req_1", **headers)


def encoded(data: bytes, encoding: str) -> bytes:
    """``data`` in a content coding."""
    match encoding:
        case "gzip":
            return gzip.compress(data, mtime=0)
        case "deflate":
            return zlib.compress(data)
        case _:
            return data
