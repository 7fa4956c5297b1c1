"""How engines ask over HTTP: straight by connections of our own, else, through proxies, by aiohttp."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final, Protocol
from urllib.parse import urlsplit

from proxy_core.config.settings import Timeouts
from proxy_core.upstream.by_aiohttp import ByAiohttp
from proxy_core.upstream.connection import Headers
from proxy_core.upstream.pool import PORTS, Address, Pool, address_of

LOOPBACK_NAMES: Final = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})

_PROXY_KNOWN: Final = 10.0
"""Seconds for which the system's word on a host's proxy holds: asking for it costs more than a small request."""


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

    ``outgoing_proxy`` is the URL of an HTTP proxy, or empty: then the system's own settings decide (``HTTPS_PROXY``,
    ``NO_PROXY`` and their kin). Addresses on loopback are never reached through a proxy.
    """

    def __init__(self, outgoing_proxy: str = "") -> None:
        self._outgoing_proxy = outgoing_proxy
        self._pool = Pool()
        self._aiohttp = ByAiohttp()
        self._proxies: dict[tuple[str, str, int], tuple[str | None, float]] = {}

    async def ask(
        self, method: str, url: str, headers: Sequence[tuple[bytes, bytes]], body: bytes, timeouts: Timeouts
    ) -> HttpAnswer:
        """The answer, whatever its status, once its head is here.

        Raises what :func:`~proxy_core.upstream.connection_faults.on_the_way` knows: ``OSError``, ``ValueError`` for
        what cannot be sent, aiohttp's errors. One try, but for what :meth:`Pool.ask` says; may be cancelled at any
        await, which closes the connection.
        """
        address, proxy = address_of(url), self.proxy_for(url)
        if address is None or proxy is not None:
            return await self._aiohttp.ask(method, url, headers, body, timeouts=timeouts, proxy=proxy)
        head = _head(method, address, headers, body)
        return await self._pool.ask(address.origin, head, body, connect=timeouts.connect, patience=timeouts.first_chunk)

    def proxy_for(self, url: str) -> str | None:
        """The proxy through which ``url`` is reached, or None for a straight connection."""
        scheme, host, port = _parts(url)
        if is_loopback(host):
            return None
        if self._outgoing_proxy:
            return self._outgoing_proxy
        proxy, until = self._proxies.get((scheme, host, port), (None, 0.0))
        now = time.monotonic()
        if now >= until:
            from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - not before a provider is asked

            proxy = None if proxy_bypass(f"{host}:{port}") else getproxies().get(scheme)
            if proxy and "://" not in proxy:
                proxy = f"http://{proxy}"  # as curl reads a bare host and port
            self._proxies[scheme, host, port] = proxy, now + _PROXY_KNOWN
        return proxy

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


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine without leaving it, in any spelling a resolver understands."""
    name = host.rstrip(".").lower()
    if name in LOOPBACK_NAMES or name.endswith(".localhost"):
        return True
    address = _address(name)
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    # 0.0.0.0 and :: reach the machine itself when connected to.
    return any(each.is_loopback or each.is_unspecified for each in (address, mapped) if each is not None)


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


@lru_cache(maxsize=256)
def _parts(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL. Raises ``ValueError``."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        pass
    try:
        # The old spellings: 127.1, 0x7f000001, 2130706433.
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return None
