"""How engines ask over HTTP: straight by connections of our own, else, through proxies, by aiohttp."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from proxy_core.config.outbound_policy import OutboundPolicy
from proxy_core.config.settings import Timeouts
from proxy_core.upstream.by_aiohttp import ByAiohttp
from proxy_core.upstream.connection import Headers
from proxy_core.upstream.pool import Address, Pool, address_of


class HttpAnswer(Protocol):
    """An answer under way: its head is here, and it is waited for no longer than the request's ``first_chunk`` allows.

    ``headers`` are raw. Reading raises what :func:`~proxy_core.upstream.connection_faults.in_the_answer` knows.
    """

    status: int
    headers: Headers

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read."""
        ...

    async def read(self) -> bytes:
        """All of the body that has arrived, still encoded; empty at its end."""
        ...

    def allow_silence(self, seconds: float) -> None:
        """From now on it may take as long as it wants, as long as something comes every so many seconds."""
        ...

    def let_go(self) -> None:
        """Give the connection back; in the middle of an answer it is closed. May be called twice."""
        ...


class Http:
    """Owns the connections; belongs to the event loop that first uses it. Stores no cookies, follows no redirects.

    ``outgoing_proxy`` is that of :class:`~proxy_core.config.outbound_policy.OutboundPolicy`.
    """

    def __init__(self, outgoing_proxy: str = "") -> None:
        self._policy = OutboundPolicy(outgoing_proxy)
        self._pool = Pool()
        self._aiohttp = ByAiohttp()

    async def ask(
        self, method: str, url: str, headers: Sequence[tuple[bytes, bytes]], body: bytes, timeouts: Timeouts
    ) -> HttpAnswer:
        """The answer, whatever its status, once its head is here.

        Raises what :func:`~proxy_core.upstream.connection_faults.on_the_way` knows: ``OSError``, ``ValueError`` for
        what cannot be sent, aiohttp's errors; and :class:`~proxy_core.errors.ProxyUnusable`, before anything is sent.
        One try: nothing is sent twice. May be cancelled at any await, which closes the connection.
        """
        address, proxy = address_of(url), self.proxy_for(url)
        if address is None or proxy is not None:
            return await self._aiohttp.ask(method, url, headers, body, timeouts=timeouts, proxy=proxy)
        head = _head(method, address, headers, body)
        return await self._pool.ask(address.origin, head, body, connect=timeouts.connect, patience=timeouts.first_chunk)

    def proxy_for(self, url: str) -> str | None:
        """The proxy through which ``url`` is reached, or None; see :meth:`OutboundPolicy.proxy_for`."""
        proxy = self._policy.proxy_for(url)
        return None if proxy is None else proxy.url

    async def aclose(self) -> None:
        """Close every connection. May be called twice; a later call opens new ones."""
        await self._pool.aclose()
        await self._aiohttp.aclose()


def header(headers: Headers, name: bytes) -> str:
    """A header's value, or empty."""
    wanted = name.lower()
    for each, value in headers:
        if each.lower() == wanted:
            return value.decode("latin-1")
    return ""


@cache
def user_agent() -> str:
    """How we introduce ourselves to providers."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - not before a provider is asked

    try:
        return f"understudy/{version('understudy')}"
    except PackageNotFoundError:
        return "understudy"


def _head(method: str, address: Address, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Request line and headers. Raises ``ValueError`` where one of them would end its line."""
    lines = [b"%b %b HTTP/1.1" % (method.encode(), address.target), b"host: %b" % address.host]
    lines += [b"%b: %b" % each for each in headers]
    if body or method != "GET":
        lines.append(b"content-length: %d" % len(body))
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    ends = len(lines) + 1
    if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
        raise ValueError("a header with a line end in it")
    return head
