"""What LiteLLM's HTTP clients may take from a provider: an answer of some size, and no way elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import httpx

ERROR_LIMIT: Final = 8 * 1024
WHOLE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a bad answer, and of one that does not stream. LiteLLM searches bad ones for secrets with expressions that
take 25 s for 8 MB (1.106.2), in the event loop."""

_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})


def limit(handler: Any) -> None:
    """Make ``handler``, LiteLLM's ``AsyncHTTPHandler``, build only transports that keep to the limits.

    LiteLLM follows redirects to any address, and keys that stand in headers of their own (``x-api-key``,
    ``x-goog-api-key``) go with them. Doing it twice does no harm.
    """
    make = handler.create_async_transport
    if getattr(make, "limited", False):
        return

    def make_limited(*given: Any, **named: Any) -> Any:
        transport = make(*given, **named)
        transport.handle_async_request = _limited(transport.handle_async_request)
        return transport

    make_limited.limited = True  # type: ignore[attr-defined]  # a mark, for the second time
    handler.create_async_transport = staticmethod(make_limited)


def _limited(ask: Callable[[Any], Awaitable[httpx.Response]]) -> Callable[[Any], Awaitable[httpx.Response]]:
    import httpx  # noqa: PLC0415 - comes with LiteLLM, and is loaded by it

    class Counted(httpx.AsyncByteStream):
        """A body that breaks when it grows past the limit."""

        def __init__(self, stream: httpx.AsyncByteStream) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for piece in self._stream:
                size += len(piece)
                if size > WHOLE_LIMIT:
                    raise httpx.ReadError("an answer without end")
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def asking(request: Any) -> httpx.Response:
        response = await ask(request)
        if response.has_redirect_location:
            del response.headers["location"]
        if response.status_code >= 300:
            return await _beginning(response)
        if isinstance(response.stream, httpx.AsyncByteStream) and not _streams(response):
            response.stream = Counted(response.stream)
        return response

    return asking


def _streams(response: httpx.Response) -> bool:
    return "stream" in response.headers.get("content-type", "")


async def _beginning(response: httpx.Response) -> httpx.Response:
    """A bad answer with as much of its body as is looked at."""
    import httpx  # noqa: PLC0415 - as above

    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        return response
    body, whole = bytearray(), True
    try:
        async for piece in stream:
            body += piece
            if len(body) > ERROR_LIMIT:
                whole = False
                break
    finally:
        await stream.aclose()
    headers = [(name, value) for name, value in response.headers.raw if name.decode("latin-1").lower() not in _FRAMING]
    kept = bytes(body) if whole or "content-encoding" not in response.headers else b""
    if not whole:
        headers = [pair for pair in headers if pair[0].lower() != b"content-encoding"]
    return httpx.Response(response.status_code, headers=headers, content=kept[:ERROR_LIMIT])
