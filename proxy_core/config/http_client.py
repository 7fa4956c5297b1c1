"""HTTP clients for everything but model requests: lists, checks, and questions to a proxy of our own.

httpx is imported at the first client: it takes 0.1 s. Each client is for the address it was made for. It follows no
redirect, stores no cookie, reads no credentials from ``.netrc``, and reaches its address as the policy says.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any, Final

from proxy_core.config.outbound_policy import OutboundPolicy

if TYPE_CHECKING:
    import httpx

_HEADERS: Final = {"User-Agent": "understudy", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
_OPTIONS: Final[dict[str, Any]] = {"headers": _HEADERS, "trust_env": False, "follow_redirects": False}
_DECODED: Final = frozenset({"", "identity", "gzip", "deflate"})
"""Content codings that are read. One piece of any other may grow to gigabytes before its size is known."""


def client(
    url: str, policy: OutboundPolicy | None, *, seconds: float, transport: httpx.BaseTransport | None = None
) -> httpx.Client:
    """Return a client for ``url``. ``seconds`` is for each step: connecting, sending, each read.

    ``policy`` is None for a server of our own, which is never reached through a proxy. ``transport`` takes the place of
    the network. Raises :class:`~proxy_core.errors.ProxyUnusable`, and ``ValueError`` where ``url`` is no URL.
    """
    import httpx  # noqa: PLC0415 - see above

    return httpx.Client(transport=transport or httpx.HTTPTransport(**_route(url, policy)), timeout=seconds, **_OPTIONS)


def async_client(
    url: str, policy: OutboundPolicy | None, *, seconds: float, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Return a client for ``url`` as :func:`client` does, for use in an event loop."""
    import httpx  # noqa: PLC0415 - see above

    network = transport or httpx.AsyncHTTPTransport(**_route(url, policy))
    return httpx.AsyncClient(transport=network, timeout=seconds, **_OPTIONS)


def read(response: httpx.Response, limit: int, seconds: float) -> bytes | None:
    """Return the body of a streamed response, None where it has more than ``limit`` bytes.

    Raises ``httpx.HTTPError``, also where the body takes longer than ``seconds``.
    """
    import httpx  # noqa: PLC0415 - see above

    until = time.monotonic() + seconds
    body = bytearray()
    if response.headers.get("content-encoding", "") not in _DECODED:
        return None
    for piece in response.iter_bytes():
        body += piece
        if len(body) > limit:
            return None
        if time.monotonic() > until:
            raise httpx.ReadTimeout("timed out")
    return bytes(body)


async def aread(response: httpx.Response, limit: int) -> bytes | None:
    """Return the body as :func:`read` does. How long it may take is up to the caller's ``asyncio.timeout``."""
    body = bytearray()
    if response.headers.get("content-encoding", "") not in _DECODED:
        return None
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > limit:
            return None
    return bytes(body)


def _route(url: str, policy: OutboundPolicy | None) -> dict[str, Any]:
    """Return the arguments of a transport on the way to ``url``."""
    import httpx  # noqa: PLC0415 - see above

    through = policy.proxy_for(url) if policy is not None else None
    proxy = through.url if through else ""
    context = _tls_context(url, proxy)
    return {
        "verify": context,
        # httpcore takes a context for a proxy that is reached by TLS only.
        "proxy": httpx.Proxy(proxy, ssl_context=context if _is_tls(proxy) else None) if proxy else None,
        "trust_env": False,
    }


def _tls_context(*urls: str) -> ssl.SSLContext:
    """Return one that trusts what the system or ``SSL_CERT_FILE`` does: httpx would take certifi's list instead.

    Loading the certificates takes 20 ms, which plain HTTP is spared.
    """
    return ssl.create_default_context() if any(map(_is_tls, urls)) else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_tls(url: str) -> bool:
    return url[:6].lower() == "https:"
