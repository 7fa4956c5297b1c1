"""A request's body, read whole and within limits of size and time."""

from __future__ import annotations

from typing import Final

from starlette.types import Message as ASGIMessage
from starlette.types import Receive

from proxy_core.api.delayed_task import DelayedBackgroundTask
from proxy_core.api.responses import Headers
from proxy_core.errors import InvalidRequest, SlowRequest, TooLarge, UnsupportedMedia

LIMIT: Final = 64 * 1024 * 1024
"""Bytes. Twice what Anthropic's Messages API accepts (32 MB), so that the provider decides about every real request;
the body is held in memory."""


class ClientLeft(Exception):
    """The client closed its connection: nobody is there to answer."""


async def read_body(headers: Headers, receive: Receive, *, seconds: float) -> bytes:
    """The body. ``seconds`` is how long it may take to arrive.

    Raises :class:`UnsupportedMedia`, :class:`TooLarge`, :class:`SlowRequest`, :class:`InvalidRequest`,
    :class:`ClientLeft`.
    """
    fields = dict(headers)
    media = fields.get(b"content-type", b"").split(b";")[0].strip().lower()
    if media != b"application/json":
        raise UnsupportedMedia("The request body must be application/json.")
    if fields.get(b"content-encoding", b"identity") != b"identity":
        raise UnsupportedMedia("The request body must not be compressed.")
    length = fields.get(b"content-length", b"0")
    if not length.isdigit():
        raise InvalidRequest("The content-length is not a number.")
    if len(length) > 15 or int(length) > LIMIT:
        raise _too_large()

    async def lose_patience() -> None:
        raise SlowRequest(f"The request body did not arrive within {seconds:.0f} seconds.")

    async with DelayedBackgroundTask(seconds, lose_patience):
        return await _read(receive)


def too_deep() -> InvalidRequest:
    """For a body that is JSON, but nested as deep as Python's stack goes."""
    return InvalidRequest("The request is nested too deeply.")


async def _read(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message: ASGIMessage = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        piece = message.get("body", b"")
        size += len(piece)
        if size > LIMIT:
            raise _too_large()
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


def _too_large() -> TooLarge:
    return TooLarge(f"The request body is over {LIMIT // 1024 // 1024} MB.")
