"""Requests that aiohttp makes: through an outgoing HTTP proxy, and to addresses out of the ordinary."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from proxy_core.config.settings import Timeouts
from proxy_core.upstream.connection import LARGE, Headers
from proxy_core.upstream.pool import KEPT_ALIVE

if TYPE_CHECKING:
    import aiohttp

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
        """The answer, once its head is here. Raises aiohttp's errors, ``OSError`` and ``ValueError``."""
        import aiohttp  # noqa: PLC0415 - costs 0.1 s and is seldom needed
        from multidict import CIMultiDict  # noqa: PLC0415 - comes with aiohttp
        from yarl import URL  # noqa: PLC0415 - comes with aiohttp

        response = await self._open_session().request(
            method,
            URL(url, encoded=url.isascii()),
            data=_as_data(body),
            headers=CIMultiDict((_text(name), _text(value)) for name, value in headers),
            skip_auto_headers=_MADE_BY_AIOHTTP,
            auto_decompress=False,
            allow_redirects=False,
            proxy=proxy,
            timeout=aiohttp.ClientTimeout(sock_connect=timeouts.connect, sock_read=timeouts.first_chunk),
        )
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
            )
        return self._session


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
