"""Requests that aiohttp makes: through an outgoing HTTP proxy, and to addresses out of the ordinary."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from proxy_core.config.outbound_policy import PROXY_WANTS_CREDENTIALS, ProxyFault
from proxy_core.config.settings import Timeouts
from proxy_core.upstream.connection import LARGE, Disconnected, Headers
from proxy_core.upstream.pool import KEPT_ALIVE

if TYPE_CHECKING:
    from types import SimpleNamespace

    import aiohttp

_ROUNDS = 5
"""Rounds in which the event loop delivers a close: the read, TLS's farewell, its answer, the end of the transport."""

_MADE_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class ByAiohttp:
    """Owns aiohttp's session, which stores and gives away nothing; belongs to one event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        *,
        timeouts: Timeouts,
        proxy: str | None,
    ) -> AiohttpAnswer:
        """The answer, once its head is here. Raises aiohttp's errors, ``OSError`` and ``ValueError``.

        aiohttp sends no POST twice by itself. What fails once the connection stands is a :class:`Disconnected`, what
        the proxy is to blame for a :class:`ProxyFault`.
        """
        import aiohttp  # noqa: PLC0415 - costs 0.1 s and is seldom needed
        from multidict import CIMultiDict  # noqa: PLC0415 - comes with aiohttp
        from yarl import URL  # noqa: PLC0415 - comes with aiohttp

        await let_closes_arrive()
        progress = _Progress()
        try:
            response = await self._open_session().request(
                method,
                URL(url, encoded=url.isascii()),
                data=_as_data(body),
                headers=CIMultiDict((_text(name), _text(value)) for name, value in headers),
                skip_auto_headers=_MADE_BY_AIOHTTP,
                auto_decompress=False,
                allow_redirects=False,
                proxy=proxy,
                trace_request_ctx=progress,
                timeout=aiohttp.ClientTimeout(
                    connect=timeouts.connect,  # the proxy's answer to CONNECT too
                    sock_connect=timeouts.connect,
                    sock_read=timeouts.first_chunk,
                ),
            )
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError) as failed:
            if progress.is_connected:
                raise Disconnected(getattr(failed, "strerror", "") or "") from failed
            if proxy is not None and not isinstance(failed, aiohttp.ClientSSLError):
                raise ProxyFault from failed
            raise
        except aiohttp.ConnectionTimeoutError as late:
            if proxy is not None:
                raise ProxyFault(late=True) from late
            raise
        except aiohttp.ClientHttpProxyError as refused:
            raise ProxyFault(refused.status) from refused
        if proxy is not None and response.status == PROXY_WANTS_CREDENTIALS:
            response.close()
            raise ProxyFault(response.status)
        return AiohttpAnswer(response, timeouts.first_chunk)

    async def aclose(self) -> None:
        """Close every connection. May be called twice; a later call opens a new session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp  # noqa: PLC0415 - as above

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                # Not trusted as a whole: it would also take credentials from ~/.netrc.
                trust_env=False,
                trace_configs=[_tracing()],
            )
        return self._session


async def let_closes_arrive() -> None:
    """Let the event loop deliver what can be read already.

    aiohttp takes a kept connection for alive until the loop has told it of its end.
    """
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


class _Progress:
    """How far a request has come."""

    def __init__(self) -> None:
        self.is_connected = False


def _tracing() -> aiohttp.TraceConfig:
    """Notes when a request has its connection, new (proxy and TLS included) or kept."""
    import aiohttp  # noqa: PLC0415 - as above

    async def connected(_: object, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.is_connected = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(connected)
    tracing.on_connection_reuseconn.append(connected)
    return tracing


class AiohttpAnswer:
    """An answer, to be read as :class:`~proxy_core.upstream.pool.Answer` is."""

    def __init__(self, response: aiohttp.ClientResponse, patience: float) -> None:
        self.status = response.status
        self.headers: Headers = tuple(response.raw_headers)
        self._response = response
        self._until: float | None = asyncio.get_running_loop().time() + patience
        _tell_of_loss(response)

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read."""
        return self._response.content.at_eof()

    async def read(self) -> bytes:
        """All of the body that has arrived; empty at its end. Raises aiohttp's errors and ``OSError``."""
        async with asyncio.timeout_at(self._until):
            return await self._response.content.readany()

    def allow_silence(self, seconds: float) -> None:
        """From now on it may take as long as it wants, as long as something comes every so many seconds."""
        self._until = None
        if (connection := self._response.connection) is not None and connection.protocol is not None:
            connection.protocol.read_timeout = seconds

    def let_go(self) -> None:
        """Give the connection back; in the middle of an answer it is closed. May be called twice."""
        if self.is_whole:
            self._response.release()
        else:
            self._response.close()


def _as_data(body: bytes) -> bytes | io.BytesIO | None:
    """A large body is written piece by piece, so that other answers go on."""
    return io.BytesIO(body) if len(body) > LARGE else body or None


def _text(raw: bytes) -> str:
    """aiohttp writes UTF-8; what is not UTF-8 is read as Latin-1, which HTTP once meant."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _tell_of_loss(response: aiohttp.ClientResponse) -> None:
    """Make sure that whoever reads the body hears of it when the connection is lost.

    aiohttp's compiled parser lets go of a body whose chunk sizes are damaged without ending it (seen in 3.14.5): the
    reader would wait for ever, and the read timeout is off by then.
    """
    import aiohttp  # noqa: PLC0415 - as above

    content = response.content

    def tell(_: object = None) -> None:
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection was lost"))

    connection = response.connection
    protocol = connection.protocol if connection is not None else None
    closed = protocol.closed if protocol is not None else None
    if closed is None:
        tell()
        return
    closed.remove_done_callback(_heard)
    closed.add_done_callback(_heard)
    closed.add_done_callback(tell)

    def forget() -> None:
        closed.remove_done_callback(tell)

    content.on_eof(forget)


def _heard(closed: asyncio.Future[None]) -> None:
    """Takes the reason out of the future, which else complains in the log that nobody asked for it."""
    if not closed.cancelled():
        closed.exception()
