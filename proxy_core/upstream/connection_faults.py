"""From a connection that failed to what went wrong: every exception of the HTTP client has its sentence here."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from typing import Final
from urllib.parse import urlsplit

from proxy_core.config.outbound_policy import PROXY_WANTS_CREDENTIALS, ProxyFault, is_loopback
from proxy_core.errors import (
    ProviderError,
    ProviderFailed,
    ProviderTimeout,
    ProxyUnusable,
    StreamBroken,
    Unreachable,
)
from proxy_core.upstream.connection import Damaged, Disconnected, NotConnected
from proxy_core.upstream.faults import Asked
from proxy_core.upstream.pool import ConnectTimeout

LOCAL_SERVERS: Final = {11434: "Ollama", 1234: "LM Studio", 8080: "llama.cpp's server", 8000: "vLLM"}
"""Which server usually listens on a port of this machine."""


def place(url: str) -> str:
    """Host and port of a URL, without what else may stand in it (credentials, a key in the query)."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{parts.hostname or 'nowhere'}:{port}" if port else parts.hostname or "nowhere"


def kinds() -> tuple[type[Exception], ...]:
    """What a request may fail with, for an ``except`` clause: aiohttp's own errors only where it has been loaded."""
    aiohttp = sys.modules.get("aiohttp")
    return (OSError, ValueError) if aiohttp is None else (OSError, ValueError, aiohttp.ClientError)


def on_the_way(failed: Exception, asked: Asked, url: str) -> ProviderError:
    """The error for a request that got no answer: :class:`Unreachable` only where nothing of it was sent."""
    import aiohttp  # noqa: PLC0415 - no start-up waits for a request that fails

    if (error := _of_the_proxy(failed, asked, url)) is not None:
        return error
    at = place(url)
    match failed:
        case ConnectTimeout() | aiohttp.ConnectionTimeoutError():
            return _unreachable(asked, f"{at} took too long to accept a connection", url)
        case Damaged():
            return _not_http(asked, at)
        case TimeoutError():
            return ProviderTimeout(f"{asked.name} did not answer in time ({at}).", provider=asked.provider)
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return without_tls(_tls(failed), asked, url)
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
            message = (
                f"The address of {asked.name} is no URL that can be reached. Correct its base URL in the settings."
            )
            return Unreachable(message, provider=asked.provider)
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return _unreachable(asked, f"the name {urlsplit(url).hostname} is not known", url)
        case ConnectionRefusedError() | aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return _unreachable(asked, f"{at} refused the connection", url)
        case NotConnected():
            return _unreachable(asked, f"{at} closed the connection at once", url)
        case Disconnected() | aiohttp.ServerDisconnectedError():
            return unanswered(asked, at)
        case aiohttp.ClientOSError() if not isinstance(failed, aiohttp.ClientConnectorError):
            return unanswered(asked, at)
        case OSError():
            return _unreachable(asked, f"the connection to {at} failed ({_reason(failed)})", url)
        case _:
            return _not_http(asked, at)


def _of_the_proxy(failed: Exception, asked: Asked, url: str) -> ProviderError | None:
    import aiohttp  # noqa: PLC0415 - as above

    match failed:
        case ProxyFault():
            return by_the_proxy(failed, asked, url)
        case aiohttp.ClientHttpProxyError():
            return by_the_proxy(ProxyFault(failed.status), asked, url)
        case aiohttp.ClientProxyConnectionError():
            return by_the_proxy(ProxyFault(), asked, url)
        case _:
            return None


def _not_http(asked: Asked, at: str) -> ProviderFailed:
    message = f"{asked.name} answered with something that is not HTTP ({at}). Check its base URL."
    return ProviderFailed(message, provider=asked.provider)


def unanswered(asked: Asked, at: str) -> StreamBroken:
    """The error for a connection that ended once the request was on it: whether it was worked on nobody knows."""
    return StreamBroken(
        f"{asked.name} closed the connection before it answered ({at}). "
        "It may have received the request, so it was not sent again.",
        provider=asked.provider,
    )


def without_tls(why: str, asked: Asked, url: str) -> Unreachable:
    """The error for a connection that stood, and on which no TLS could be spoken."""
    advice = "Check the network and the provider's base URL."
    if is_loopback(urlsplit(url).hostname or ""):
        advice = "Check the server's certificate, or use http:// in its base URL."
    what = f"the TLS connection to {place(url)} failed ({why})"
    return Unreachable(f"{asked.name} cannot be reached: {what}. {advice}", provider=asked.provider)


def by_the_proxy(fault: ProxyFault, asked: Asked, url: str) -> ProviderError:
    """The error for what the outgoing proxy did, or did not do."""
    host, status = urlsplit(url).hostname, fault.status
    if status == PROXY_WANTS_CREDENTIALS:
        return ProxyUnusable(
            "The outgoing proxy requires a user name and a password (407). "
            "Put them in its address: http://name:password@proxy.example:3128.",
            provider=asked.provider,
        )
    if status is not None and 400 <= status < 500:
        return ProxyUnusable(
            f"The outgoing proxy does not allow connections to {host} ({status}). "
            f"Ask its administrator, or add {host} to NO_PROXY.",
            provider=asked.provider,
        )
    what = "the outgoing proxy cannot be reached"
    if fault.late:
        what = "the outgoing proxy did not answer in time"
    elif status is not None:
        what = f"the outgoing proxy answered with {status}"
    message = f"{asked.name} cannot be reached: {what}. Check the network and the proxy's address."
    return Unreachable(message, provider=asked.provider)


def in_the_answer(failed: Exception, asked: Asked, url: str) -> ProviderError:
    """The error for an answer that stopped before its end."""
    if isinstance(failed, asyncio.TimeoutError):
        return ProviderTimeout(f"{asked.name} stopped answering: nothing more came in time.", provider=asked.provider)
    return StreamBroken(
        f"{asked.name} broke off its answer: the connection to {place(url)} ended early.", provider=asked.provider
    )


def _unreachable(asked: Asked, what: str, url: str) -> Unreachable:
    return Unreachable(f"{asked.name} cannot be reached: {what}. {_advice(url)}", provider=asked.provider)


def _advice(url: str) -> str:
    parts = urlsplit(url)
    if not is_loopback(parts.hostname or ""):
        return "Check the network and the provider's base URL."
    return f"Is {LOCAL_SERVERS.get(parts.port or 0, 'the local server')} running?"


def _tls(failed: Exception) -> str:
    inner = getattr(failed, "certificate_error", None) or getattr(failed, "os_error", None) or failed
    return getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or type(inner).__name__


def _reason(failed: Exception) -> str:
    return getattr(failed, "strerror", None) or type(failed).__name__
