"""What LiteLLM's HTTP clients may do: send a request once, by the way we choose, and take an answer of some size."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from proxy_core.anthropic_api.json_text import loads
from proxy_core.config.outbound_policy import PROXY_WANTS_CREDENTIALS, OutboundPolicy, ProxyFault
from proxy_core.errors import ProviderError
from proxy_core.upstream.by_aiohttp import let_closes_arrive
from proxy_core.upstream.connection_faults import by_the_proxy
from proxy_core.upstream.faults import Asked, BadAnswer, no_answer
from proxy_core.upstream.plain_words import looks_like_html, said

if TYPE_CHECKING:
    import aiohttp
    import httpx

ERROR_LIMIT: Final = 8 * 1024
WHOLE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a bad answer, and of one that does not stream. LiteLLM searches bad ones for secrets with expressions that
take 25 s for 8 MB (1.106.2), in the event loop."""

_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})


_SNIFFED: Final = 2048
"""Bytes of a whole answer by which it is told whether it is one."""

_ANSWERS: Final = frozenset(
    {"choices", "candidates", "promptFeedback", "content", "message", "messages", "output", "outputs", "response"}
    | {"completion", "completions", "generation", "generations", "text", "error", "detail", "id"}
)
"""Some of these every provider's whole answer has."""


@dataclass(slots=True)
class Attempt:
    """One call of ours, as long as LiteLLM opens it.

    ``fault`` is the error that ends it, whatever LiteLLM makes of it; ``refusal`` is the bad answer that came;
    ``beginning`` is that of an answer that is no stream. ``is_connected`` says that the connection stands, behind an
    outgoing proxy (``is_proxied``) the one to the provider; ``any_left`` that some request
    left, whatever its method.
    """

    policy: OutboundPolicy
    connect: float
    asked: Asked
    fault: ProviderError | None = None
    refusal: BadAnswer | None = None
    beginning: bytes = b""
    is_proxied: bool = False
    is_connected: bool = False
    any_left: bool = False
    ends: dict[str, Callable[[], httpx.Response]] = field(default_factory=dict)


_CURRENT: Final[ContextVar[Attempt | None]] = ContextVar("attempt", default=None)


@contextlib.contextmanager
def attempt(policy: OutboundPolicy, connect: float, asked: Asked) -> Iterator[Attempt]:
    """A block in which LiteLLM sends one request. ``connect`` is how many seconds a connection may take.

    LiteLLM and the SDKs below it send a POST again after some refusals and lost connections. Here the second one gets
    what the first got, and does not leave. Raises the attempt's ``fault`` instead of what LiteLLM raised.
    """
    made = Attempt(policy, connect, asked)
    token = _CURRENT.set(made)
    try:
        yield made
    except Exception as failed:
        if made.fault is not None and failed is not made.fault:
            raise made.fault from failed
        raise
    finally:
        _CURRENT.reset(token)


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
        transport.handle_async_request = _limited(transport)
        transport._get_proxy_settings = _proxy_for  # noqa: SLF001 - it would read the environment by its own rules
        return transport

    make_limited.limited = True  # type: ignore[attr-defined]  # a mark, for the second time
    handler.create_async_transport = staticmethod(make_limited)


async def _proxy_for(request: httpx.Request) -> str | None:
    """The proxy for a request of LiteLLM's. Raises :class:`ProxyUnusable` before anything is sent."""
    current = _CURRENT.get()
    policy = OutboundPolicy() if current is None else current.policy
    try:
        proxy = policy.proxy_for(str(request.url))
    except ProviderError as unusable:
        if current is not None:
            current.fault = unusable
        raise
    if current is not None:
        current.is_proxied = proxy is not None
    return None if proxy is None else proxy.url


def _tracing() -> aiohttp.TraceConfig:
    import aiohttp  # noqa: PLC0415 - comes with LiteLLM, and is loaded by it

    async def connected(*_: object) -> None:
        if (current := _CURRENT.get()) is not None:
            current.is_connected = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(connected)
    tracing.on_connection_reuseconn.append(connected)
    tracing.freeze()
    return tracing


def _limited(transport: Any) -> Callable[[httpx.Request], Awaitable[httpx.Response]]:
    ask, tracing = transport.handle_async_request, _tracing()

    async def asking(request: httpx.Request) -> httpx.Response:
        current, url = _CURRENT.get(), str(request.url)
        if current is not None:
            current.any_left = True
        if current is None or request.method != "POST":
            return await _taken(await ask(request), None)
        if (end := current.ends.get(url)) is not None:
            return end()
        within = {"connect": current.connect, "pool": current.connect}
        request.extensions["timeout"] = {**request.extensions.get("timeout", {}), **within}
        traced = transport.get_valid_client_session().trace_configs
        if tracing not in traced:
            traced.append(tracing)
        await let_closes_arrive()
        current.is_connected = False
        try:
            response = await _taken(await ask(request), current)
        except Exception as failed:
            _note_failure(current, url, failed)
            raise
        if response.status_code >= 300:
            _note_refusal(current, url, response)
        return response

    return asking


async def _taken(response: httpx.Response, current: Attempt | None) -> httpx.Response:
    """An answer within the limits. Raises ``httpx.ReadError`` for a web page."""
    import httpx  # noqa: PLC0415 - as above

    if response.has_redirect_location:
        del response.headers["location"]
    if response.status_code >= 300:
        return await _beginning(response)
    if current is not None and "html" in response.headers.get("content-type", ""):
        page = (await _beginning(response)).content
        current.fault = no_answer(current.asked, said(None, page[:2000], current.asked.secret))
        raise httpx.ReadError("a web page")
    if isinstance(response.stream, httpx.AsyncByteStream) and not _streams(response):
        response.stream = _counted(response.stream, current)
    return response


def _counted(stream: httpx.AsyncByteStream, current: Attempt | None) -> httpx.AsyncByteStream:
    import httpx  # noqa: PLC0415 - as above

    class Counted(httpx.AsyncByteStream):
        """A body that breaks when it grows past the limit."""

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for piece in stream:
                if current is not None and size < _SNIFFED:
                    current.beginning += piece
                size += len(piece)
                if size > WHOLE_LIMIT:
                    raise httpx.ReadError("an answer without end")
                yield piece

        async def aclose(self) -> None:
            await stream.aclose()

    return Counted()


def _note_failure(current: Attempt, url: str, failed: Exception) -> None:
    """What a second POST gets in its place is the same failure."""

    def again() -> httpx.Response:
        raise failed

    current.ends[url] = again
    if current.is_proxied and not current.is_connected and (fault := _of_the_proxy(failed)) is not None:
        current.fault = current.fault or by_the_proxy(fault, current.asked, url)


def _note_refusal(current: Attempt, url: str, response: httpx.Response) -> None:
    """What a second POST gets in its place is the same refusal."""
    import httpx  # noqa: PLC0415 - as above

    status, body = response.status_code, response.content
    headers = [each for each in response.headers.raw if _is_kept(each)]
    current.ends[url] = lambda: httpx.Response(status, headers=headers, content=body)
    current.refusal = BadAnswer(status, body, {name.lower(): value for name, value in response.headers.items()})
    if current.is_proxied and status == PROXY_WANTS_CREDENTIALS:
        current.fault = by_the_proxy(ProxyFault(status), current.asked, url)


def _of_the_proxy(failed: Exception) -> ProxyFault | None:
    """What the outgoing proxy did, of what failed before the connection stood; None for the provider's own TLS."""
    import aiohttp  # noqa: PLC0415 - as above

    match failed.__cause__:
        case aiohttp.ClientHttpProxyError(status=status):
            return ProxyFault(status)
        case aiohttp.ConnectionTimeoutError():
            return ProxyFault(late=True)
        case aiohttp.ClientSSLError():
            return None
        case _:
            return ProxyFault()


def _is_kept(header: tuple[bytes, bytes]) -> bool:
    """Whether a header is right for a body that was read and unpacked."""
    return header[0].decode("latin-1").lower() not in _FRAMING | {"content-encoding"}


def is_no_answer(current: Attempt) -> bool:
    """Whether what came is a web page, or JSON that no provider answers with: the address is wrong."""
    if looks_like_html(current.beginning):
        return True
    try:
        value = loads(current.beginning)
    except ValueError:  # damaged, or longer than what is kept of it
        return False
    return not (isinstance(value, Mapping) and value.keys() & _ANSWERS)


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
