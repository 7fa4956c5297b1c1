"""From a connection that failed to what went wrong: every exception of the HTTP client has its sentence here."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import sys
from typing import Final
from urllib.parse import urlsplit

from proxy_core.errors import ProviderError, ProviderTimeout, StreamBroken, Unreachable
from proxy_core.upstream.connection import Damaged, Disconnected
from proxy_core.upstream.faults import Asked
from proxy_core.upstream.http import is_loopback
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
    """The error for a request that got no answer."""
    import aiohttp  # noqa: PLC0415 - no start-up waits for a request that fails

    at = place(url)
    match failed:
        case ConnectTimeout() | aiohttp.ConnectionTimeoutError():
            return _unreachable(asked, f"{at} took too long to accept a connection", url)
        case Damaged():
            return _unreachable(asked, f"{at} answered with something that is not HTTP", url)
        case TimeoutError():
            return ProviderTimeout(f"{asked.name} did not answer in time ({at}).", provider=asked.provider)
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return _unreachable(asked, f"the TLS connection to {at} failed ({_tls(failed)})", url)
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
            message = (
                f"The address of {asked.name} is no URL that can be reached. Correct its base URL in the settings."
            )
            return Unreachable(message, provider=asked.provider)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return _unreachable(asked, f"the outgoing HTTP proxy did not let us through to {at}", url)
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return _unreachable(asked, f"the name {urlsplit(url).hostname} is not known", url)
        case ConnectionRefusedError():
            return _unreachable(asked, f"{at} refused the connection", url)
        case aiohttp.ClientConnectorError() as connecting if isinstance(connecting.os_error, ConnectionRefusedError):
            return _unreachable(asked, f"{at} refused the connection", url)
        case Disconnected() | aiohttp.ServerDisconnectedError() | OSError(errno=errno.ECONNRESET | errno.EPIPE):
            return _unreachable(asked, f"{at} closed the connection before it answered", url)
        case aiohttp.ClientOSError() | OSError():
            return _unreachable(asked, f"the connection to {at} failed ({_reason(failed)})", url)
        case _:
            return _unreachable(asked, f"{at} answered with something that is not HTTP", url)


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
