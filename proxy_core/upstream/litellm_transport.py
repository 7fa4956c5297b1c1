"""The limits of LiteLLM's HTTP clients: a maximum size of an answer, no redirects, and one POST per call."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import httpx

ERROR_LIMIT: Final = 8 * 1024
WHOLE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a bad answer, and of one that does not stream. LiteLLM searches bad ones for secrets with expressions that
take 25 s for 8 MB (1.106.2), in the event loop."""

_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})


@dataclass(slots=True)
class SentRequests:
    """The POST requests of one call, by URL, each with its outcome.

    LiteLLM repeats some requests by itself: after a 422 (OpenAI's client), with fewer parameters (Azure AI), without
    strict tools (Bedrock), and after a connection that failed. A repeated POST is a request nobody asked for, that may
    be paid for and that the ledger does not see, so it is not sent: its outcome is the first one's.
    """

    outcomes: dict[str, httpx.Response | Exception | None] = field(default_factory=dict)
    """By URL: the answer that was not good, what was raised, or None for a good answer."""
    any: bool = False
    """Whether any request left, whatever its method."""

    def refusal(self) -> httpx.Response | None:
        """Return the last answer with a bad status, None where there was none."""
        import httpx  # noqa: PLC0415 - comes with LiteLLM, and is loaded by it

        bad = [outcome for outcome in self.outcomes.values() if isinstance(outcome, httpx.Response)]
        return bad[-1] if bad else None


_sent: ContextVar[SentRequests | None] = ContextVar("sent", default=None)


@contextlib.contextmanager
def each_sent_once() -> Iterator[SentRequests]:
    """Within this context no URL gets a second POST. LiteLLM's threads and tasks inherit it."""
    sent = SentRequests()
    token = _sent.set(sent)
    try:
        yield sent
    finally:
        _sent.reset(token)


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
        transport.handle_async_request = _once_per_call(_limited(transport.handle_async_request))
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


def _once_per_call(ask: Callable[[Any], Awaitable[httpx.Response]]) -> Callable[[Any], Awaitable[httpx.Response]]:
    """``ask``, that sends a POST once to each URL within :func:`each_sent_once`."""

    async def asking_once(request: Any) -> httpx.Response:
        sent = _sent.get()
        if sent is None:
            return await ask(request)
        sent.any = True
        if request.method != "POST":
            return await ask(request)
        url = str(request.url)
        if url in sent.outcomes:
            return _repeated(sent.outcomes[url])
        try:
            response = await ask(request)
        except Exception as failed:
            sent.outcomes[url] = failed
            raise
        sent.outcomes[url] = response if response.status_code >= 300 else None
        return response

    return asking_once


def _repeated(outcome: httpx.Response | Exception | None) -> httpx.Response:
    """The outcome of a request that is not sent again."""
    import httpx  # noqa: PLC0415 - as above

    if outcome is None:
        raise httpx.ReadError("LiteLLM wanted to send a request again that had been answered")
    if isinstance(outcome, Exception):
        raise outcome
    # Its content is decoded, and its length another than on the wire.
    headers = [pair for pair in outcome.headers.raw if pair[0].lower() not in {b"content-encoding", b"content-length"}]
    return httpx.Response(outcome.status_code, headers=headers, content=outcome.content)


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
