"""The connections that are kept between calls, and how new ones are made."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
import ssl
from functools import lru_cache, partial
from time import time
from typing import Final, NamedTuple, cast
from urllib.parse import urlsplit

from proxy_core.upstream.connection import Connection, Headers, NotConnected

KEPT_ALIVE: Final = 15.0
KEPT_NEARBY: Final = 3.0
"""Seconds that an idle connection is kept, less than servers keep theirs: a request that meets a close on its way
cannot be sent again, since nobody knows whether it arrived. Balancers close after 60 s and more; what runs on one's own
machine (uvicorn, Node, llama.cpp's server) after 5 s, and a new connection there costs nothing."""

_SAID: Final = re.compile(rb"(?i)\btimeout\s*=\s*(\d{1,9})\b")
_EARLIER: Final = 1.0
"""How a server says after how many seconds it closes (``Keep-Alive: timeout=5``), and by how many it is forestalled."""

_NEXT_ADDRESS: Final = 0.25
"""Seconds that one address of a host has to answer before the next is tried beside it (RFC 8305, 5)."""

PORTS: Final = {"http": 80, "https": 443}


class ConnectTimeout(TimeoutError):
    """No connection was made in time."""


class Origin(NamedTuple):
    """Who is at the other end of a connection."""

    host: str
    port: int
    tls: bool


class Address(NamedTuple):
    """A URL as a request needs it: ``target`` is what its first line asks for, ``host`` the header's value."""

    origin: Origin
    target: bytes
    host: bytes


@lru_cache(maxsize=256)
def address_of(url: str) -> Address | None:
    """The address that a plain URL names; None for others: with credentials, zones, or letters beyond ASCII."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
    host = parts.hostname
    if not host or port is None or not _is_plain(url, parts.netloc):
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = f"[{host}]" if ":" in host else host
    shown = named if port == PORTS[parts.scheme] else f"{named}:{port}"
    return Address(Origin(host, port, parts.scheme == "https"), target.encode(), shown.encode())


class _Idle(NamedTuple):
    """A connection between two requests; ``until`` is Unix time in seconds."""

    connection: Connection
    until: float


class Pool:
    """Asks with the youngest idle connection to an origin, else with a new one; belongs to one event loop.

    TLS certificates are checked against the system's store. How long a connection was idle is told by the clock on the
    wall: the loop's own stands still while the machine sleeps, and what was open before is dead afterwards.
    """

    def __init__(self) -> None:
        self._idle: dict[Origin, list[_Idle]] = {}
        self._busy: set[Connection] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        self._sweeps_at = 0.0
        self._context: ssl.SSLContext | None = None

    async def ask(self, origin: Origin, head: bytes, body: bytes, *, connect: float, patience: float) -> Answer:
        """The answer to a request, once its head is here. Raises ``OSError``; see :meth:`Connection.ask`.

        ``connect`` is how many seconds a new connection may take. Nothing is sent twice. A request that
        :class:`~proxy_core.upstream.connection.Disconnected` or a timeout of its answer ended may have arrived; all
        other errors come before it is written.
        """
        connection = self._youngest(origin) or await self._connect(origin, connect)
        return await self._ask_on(connection, origin, head, body, patience)

    async def _ask_on(
        self, connection: Connection, origin: Origin, head: bytes, body: bytes, patience: float
    ) -> Answer:
        self._busy.add(connection)
        try:
            status, headers = await connection.ask(head, body, patience)
        except BaseException:
            self._busy.discard(connection)
            connection.abort()
            raise
        return Answer(self, origin, connection, status, headers)

    def take_back(self, origin: Origin, connection: Connection, headers: Headers) -> None:
        """A connection is free: kept after a whole answer, whose ``headers`` may say how long, else closed."""
        self._busy.discard(connection)
        if not connection.is_whole or connection.is_lost:
            connection.abort()
            return
        seconds = _keep_alive(origin, headers)
        if seconds <= 0:
            connection.abort()
            return
        connection.rest()
        until = time() + seconds
        self._idle.setdefault(origin, []).append(_Idle(connection, until))
        if self._sweeping is None or until < self._sweeps_at:
            self._sweep_at(until)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        idle = [each.connection for kept in self._idle.values() for each in kept]
        for connection in (*idle, *self._busy):
            connection.abort()
        self._idle.clear()
        self._busy.clear()
        await asyncio.sleep(0)  # transports close in the loop's next round

    def _youngest(self, origin: Origin) -> Connection | None:
        """An idle connection that its server has not closed, as far as anybody can know."""
        kept = self._idle.get(origin)
        while kept:
            connection, until = kept.pop()
            if not connection.is_lost and time() <= until and not connection.is_readable:
                return connection
            connection.abort()
        return None

    def _sweep(self) -> None:
        """Close what has been idle for long, and look again when the next will have been."""
        self._sweeping = None
        now = time()
        for origin, kept in list(self._idle.items()):
            for each in kept:
                if each.until <= now:
                    each.connection.abort()
            if young := [each for each in kept if each.until > now and not each.connection.is_lost]:
                self._idle[origin] = young
            else:
                del self._idle[origin]
        if (soonest := min((each.until for kept in self._idle.values() for each in kept), default=None)) is not None:
            self._sweep_at(soonest)

    def _sweep_at(self, until: float) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._sweeps_at = until
        self._sweeping = asyncio.get_running_loop().call_later(max(until - time(), 0), self._sweep)

    async def _connect(self, origin: Origin, seconds: float) -> Connection:
        try:
            async with asyncio.timeout(seconds):
                return await self._connected(origin)
        except TimeoutError:
            raise ConnectTimeout(f"no connection within {seconds} seconds") from None

    async def _connected(self, origin: Origin) -> Connection:
        from aiohappyeyeballs import start_connection  # noqa: PLC0415 - not before a provider is asked

        loop = asyncio.get_running_loop()
        flags = 0 if _is_near(origin.host) else socket.AI_ADDRCONFIG
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM, flags=flags)
        sock = await start_connection(found, happy_eyeballs_delay=_NEXT_ADDRESS, interleave=1, loop=loop)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if origin.tls and self._context is None:
                self._context = await asyncio.to_thread(_make_context)
            made = partial(Connection, waits_for_tls=origin.tls)
            transport, connection = await loop.create_connection(made, sock=sock)
            if origin.tls:
                name = origin.host.rstrip(".")
                if transport.is_closing():  # uvloop would begin the handshake all the same, and wait
                    raise NotConnected
                tls = await loop.start_tls(
                    transport, connection, cast("ssl.SSLContext", self._context), server_hostname=name
                )
                if tls is None:  # Python 3.11.2, where the other end closed first
                    transport.abort()
                    raise NotConnected
                connection.speak_through(tls)
        except BaseException:
            with contextlib.suppress(OSError):  # the failed transport may have closed it
                sock.close()
            raise
        return connection


class Answer:
    """The answer to one request: its head is here, its body is read as it comes."""

    __slots__ = ("_connection", "_origin", "_pool", "headers", "is_whole", "status")

    def __init__(self, pool: Pool, origin: Origin, connection: Connection, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers
        self.is_whole = False
        self._pool = pool
        self._origin = origin
        self._connection: Connection | None = connection

    async def read(self) -> bytes:
        """All of the body that has arrived; empty at its end. Raises ``OSError``."""
        if self._connection is None:
            return b""
        data = await self._connection.read()
        self.is_whole = self._connection.is_whole
        return data

    def allow_silence(self, seconds: float) -> None:
        """From now on it may take as long as it wants, as long as something comes every so many seconds."""
        if self._connection is not None:
            self._connection.allow_silence(seconds)

    def let_go(self) -> None:
        """Give the connection back; in the middle of an answer it is closed. May be called twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.take_back(self._origin, connection, self.headers)


def _keep_alive(origin: Origin, headers: Headers) -> float:
    """Seconds for which a connection may be idle."""
    seconds = KEPT_NEARBY if _is_near(origin.host) else KEPT_ALIVE
    for name, value in headers:
        if name.lower() == b"keep-alive" and (said := _SAID.search(value)):
            seconds = min(seconds, int(said[1]) - _EARLIER)
    return seconds


def _make_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _is_near(host: str) -> bool:
    """Whether a host is found without a network: ``AI_ADDRCONFIG`` would find it only with one."""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_plain(url: str, netloc: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url and "@" not in netloc and "%" not in netloc
