"""The HTTP client that engines share: one aiohttp session, made on first use, that stores and gives away nothing."""

from __future__ import annotations

import asyncio
import io
import ipaddress
import socket
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import aiohttp

KEPT_ALIVE: Final = 30.0
"""Seconds that an idle connection is kept. A connection the provider closed meanwhile is noticed and not used."""

LARGE: Final = 512 * 1024
"""Bytes above which a body is not given to the socket at once."""

LOOPBACK_NAMES: Final = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})


class Http:
    """Owns the session; belongs to the event loop that first uses it.

    ``outgoing_proxy`` is the URL of an HTTP proxy, or empty: then the system's own settings decide (``HTTPS_PROXY``,
    ``NO_PROXY`` and their kin). Addresses on loopback are never reached through a proxy.
    """

    def __init__(self, outgoing_proxy: str = "") -> None:
        self._outgoing_proxy = outgoing_proxy
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """The session. TLS certificates are checked against the system's store, which aiohttp's own context reads."""
        if self._session is None:
            import aiohttp  # noqa: PLC0415 - costs 0.1 s, and a proxy that only listens does not need it

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                # Not trusted as a whole: it would also take credentials from ~/.netrc.
                trust_env=False,
            )
        return self._session

    def proxy_for(self, url: str) -> str | None:
        """The proxy through which ``url`` is reached, or None for a straight connection."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if is_loopback(host):
            return None
        if self._outgoing_proxy:
            return self._outgoing_proxy
        from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - as for aiohttp

        return None if proxy_bypass(host) else getproxies().get(parts.scheme)

    async def aclose(self) -> None:
        """Close every connection. May be called twice; a later call opens a new session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def as_data(body: bytes) -> bytes | io.BytesIO:
    """A request's body as aiohttp wants it: a large one is written piece by piece, so that other answers go on."""
    return io.BytesIO(body) if len(body) > LARGE else body


def tell_of_loss(response: aiohttp.ClientResponse) -> None:
    """Make sure that whoever reads the body hears of it when the connection is lost.

    aiohttp's compiled parser lets go of a body whose chunk sizes are damaged without ending it (seen in 3.14.5): the
    reader would wait for ever, and the read timeout is off by then.
    """
    import aiohttp  # noqa: PLC0415 - see Http.session

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
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - as for aiohttp

    try:
        return f"understudy/{version('understudy')}"
    except PackageNotFoundError:
        return "understudy"


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
