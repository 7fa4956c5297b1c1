"""Whole answers, good and bad, in the shape clients of the Messages API expect."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from starlette.types import Send

from proxy_core.anthropic_api.json_text import dumps
from proxy_core.errors import KeyringClosed, Overloaded, UnderstudyError
from proxy_core.messages import HEADER, header_value

Headers = list[tuple[bytes, bytes]]


async def send_json(
    send: Send, status: int, value: Any, headers: Headers | None = None, *, sent: Callable[[bytes], None] | None = None
) -> None:
    """One JSON answer; ``sent`` is told its bytes."""
    body = dumps(value)
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *(headers or ())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
    if sent is not None:
        sent(body)


async def send_error(send: Send, error: UnderstudyError, request_id: str) -> None:
    """An error in Anthropic's shape, with the headers by which clients decide whether to try again."""
    headers: Headers = [(b"request-id", request_id.encode())]
    if not error.try_again:
        headers.append((b"x-should-retry", b"false"))
    elif isinstance(error, KeyringClosed):  # no provider was asked: to repeat it costs nothing
        headers.append((b"x-should-retry", b"true"))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % math.ceil(error.retry_after)))
    if value := header_value(error.message):
        headers.append((HEADER.encode(), value.encode()))
    await send_json(send, error.status, error_body(error, request_id), headers)


def stopping() -> UnderstudyError:
    """What is told to those whose answers the server's stop ends. Of a kind that clients try again after."""
    return Overloaded("Understudy was stopped before this answer was whole. Start it again.")


def error_body(error: UnderstudyError, request_id: str) -> dict[str, Any]:
    """The body of an error."""
    return {"type": "error", "error": {"type": error.type, "message": error.message}, "request_id": request_id}
