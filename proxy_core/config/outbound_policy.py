"""By which way an address is reached: straight, or through an outgoing HTTP proxy."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from proxy_core.errors import ProxyUnusable
from proxy_core.messages import Message

PORTS: Final = {"http": 80, "https": 443}

LOOPBACK_NAMES: Final = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})

_IN_SETTINGS: Final = Message("proxy.in_settings")
_OF_THE_SYSTEM: Final = Message("proxy.of_system")
"""What a proxy is called that no variable of the environment names."""

_KNOWN: Final = 10.0
"""Seconds for which a host's proxy holds: asking the system for it costs more than a small request."""

PROXY_WANTS_CREDENTIALS: Final = 407

_SPOKEN: Final = frozenset({"http", "https"})
_UNPRINTABLE: Final = re.compile(r"[\s\x00-\x1f\x7f]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ProxyFault(ConnectionError):
    """The outgoing proxy made no connection. ``status`` is what it answered, None where it gave no answer."""

    def __init__(self, status: int | None = None, *, late: bool = False) -> None:
        super().__init__(status)
        self.status = status
        self.late = late


@dataclass(frozen=True, slots=True)
class OutgoingProxy:
    """A proxy: its URL, credentials included, and the variable or setting that names it."""

    url: str
    source: str


class OutboundPolicy:
    """Decides for every client of ours, LiteLLM's included.

    ``outgoing_proxy`` is the URL of a proxy for all addresses, or empty: then the system's settings decide, as curl and
    httpx read them (``HTTPS_PROXY``, ``HTTP_PROXY``, else ``ALL_PROXY``; ``NO_PROXY``; small letters first). Addresses
    on loopback are never reached through a proxy.
    """

    def __init__(self, outgoing_proxy: str = "") -> None:
        self._outgoing_proxy = outgoing_proxy
        self._known: dict[tuple[str, str, int], tuple[OutgoingProxy | None, float]] = {}

    def proxy_for(self, url: str) -> OutgoingProxy | None:
        """The proxy through which ``url`` is reached, or None for a straight connection.

        Raises ``ValueError`` where ``url`` is none, :class:`ProxyUnusable` where the proxy is none that we can use.
        """
        scheme, host, port = _parts(url)
        if is_loopback(host):
            return None
        if self._outgoing_proxy:
            return _usable(self._outgoing_proxy, _IN_SETTINGS, host)
        proxy, until = self._known.get((scheme, host, port), (None, 0.0))
        now = time.monotonic()
        if now >= until:
            found = _from_system(scheme, host, port)
            proxy = _usable(*found, host) if found is not None else None
            self._known[scheme, host, port] = proxy, now + _KNOWN
        return proxy


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


def is_exempt(no_proxy: str, scheme: str, host: str, port: int) -> bool:
    """Whether ``NO_PROXY`` names a host.

    Its entries stand between commas or blanks: ``*``, a name (with all below it, with or without a dot or ``*.`` before
    it), an address, a network (``10.0.0.0/8``, ``fd00::/8``), each perhaps with a port, or with a scheme as in httpx.
    """
    name, address = host.rstrip(".").lower(), _address(host)
    return any(_names(entry.lower(), scheme, name, address, port) for entry in re.split(r"[\s,]+", no_proxy) if entry)


def _names(entry: str, scheme: str, name: str, address: Address | None, port: int) -> bool:
    wanted, separator, rest = entry.partition("://")
    if separator:
        if wanted not in {scheme, "all"}:
            return False
        entry = rest
    entry, its_port = _split(entry)
    if its_port is not None and its_port != str(port):
        return False
    if entry == "*":
        return True
    if address is not None:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return address in network or (mapped is not None and mapped in network)
    entry = entry.removeprefix("*").strip(".")
    return bool(entry) and (name == entry or name.endswith(f".{entry}"))


def _split(entry: str) -> tuple[str, str | None]:
    """Host and port of an entry. An IPv6 address has its port behind brackets, or has none."""
    if entry.startswith("["):
        host, _, behind = entry[1:].partition("]")
        network, _, port = behind.partition(":")
        return host + network, port or None
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, port
    return entry, None


def _from_system(scheme: str, host: str, port: int) -> tuple[str, str] | None:
    """The value of the proxy's setting and what it is called."""
    from urllib.request import getproxies, getproxies_environment, proxy_bypass  # noqa: PLC0415 - not at start-up

    proxies = getproxies_environment()
    if not proxies:  # the settings of macOS or Windows, with exceptions of their own
        value = "" if proxy_bypass(f"{host}:{port}") else getproxies().get(scheme, "")
        return (value, _OF_THE_SYSTEM) if value else None
    if is_exempt(proxies.get("no", ""), scheme, host, port):
        return None
    for kind in (scheme, "all"):
        if value := proxies.get(kind, "").strip():
            return value, _variable(kind, value)
    return None


def _variable(kind: str, value: str) -> str:
    """The variable that holds a value, as it is written."""
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    return next((name for name in names if os.environ.get(name, "").strip() == value), names[1])


def _usable(value: str, source: str, host: str) -> OutgoingProxy:
    """The proxy that a setting names; raises where it is none that we speak to. Its value may hold a password."""
    url = value if _SCHEME.match(value) else f"http://{value}"  # as curl reads a bare host and port
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0 and not _UNPRINTABLE.search(value)
    except ValueError:  # a port that is no port, an address in brackets that is none
        is_address = False
    if not is_address:
        raise ProxyUnusable(Message("proxy.not_an_address", source=source))
    if parts.scheme not in _SPOKEN:
        scheme = parts.scheme
        if isinstance(source, Message):
            raise ProxyUnusable(Message("proxy.kind_unsupported", source=source, scheme=scheme))
        raise ProxyUnusable(Message("proxy.kind_unsupported_by_variable", source=source, scheme=scheme, host=host))
    return OutgoingProxy(url, source)


@lru_cache(maxsize=256)
def _parts(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL. Raises ``ValueError``."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        pass
    try:
        # The old spellings: 127.1, 0x7f000001, 2130706433.
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return None
