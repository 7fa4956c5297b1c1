"""The relay engine: a request in Anthropic's own format goes on as it came, and its answer comes back as it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self
from urllib.parse import urlsplit

from proxy_core.config.outbound_policy import is_loopback
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Timeouts
from proxy_core.errors import ConfigError, ProviderFailed
from proxy_core.messages import Message
from proxy_core.upstream import connection_faults
from proxy_core.upstream.connection import Headers
from proxy_core.upstream.faults import Asked, elsewhere
from proxy_core.upstream.http import Http, HttpAnswer, header
from proxy_core.upstream.pool import PORTS
from proxy_core.upstream.relay_headers import incoming, outgoing


@dataclass(frozen=True, slots=True)
class RelayCall:
    """One request to pass on.

    ``url`` is the whole one, query string included, and is not quoted again. ``headers`` are the client's, raw; what of
    them goes on is decided by :func:`~proxy_core.upstream.relay_headers.outgoing`. ``credentials`` are the only ones
    the provider gets: header name and value (``("x-api-key", …)``, ``("authorization", "Bearer …")``). ``name`` is the
    provider as a person knows it; ``own_port`` the port at which we listen ourselves, 0 when that is not known.
    """

    method: str
    url: str
    headers: Headers
    body: bytes = b""
    credentials: tuple[tuple[str, Secret], ...] = ()
    provider: str = "anthropic"
    name: str = "Anthropic"
    timeouts: Timeouts = field(default_factory=Timeouts)
    own_port: int = 0


class RelayAnswer:
    """The answer: ``status``, ``headers`` and, by iterating, its bytes as they come, still encoded as they were.

    Iterating raises :class:`~proxy_core.errors.StreamBroken` for a cut and
    :class:`~proxy_core.errors.ProviderTimeout` for silence.
    """

    def __init__(self, answer: HttpAnswer, asked: Asked, url: str) -> None:
        self.status = answer.status
        self.headers: Headers = incoming(answer.headers)
        self._answer = answer
        self._asked = asked
        self._url = url

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read: there is nothing more to iterate over."""
        return self._answer.is_whole

    def header(self, name: str) -> str:
        """A header's value, or empty."""
        return header(self.headers, name.encode())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            data = await self._answer.read()
        except connection_faults.kinds() as failed:
            raise connection_faults.in_the_answer(failed, self._asked, self._url) from failed
        if not data:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Let go: in the middle of an answer the connection is closed. May be called twice."""
        self._answer.let_go()


class Relay:
    """Sends requests on."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def open(self, call: RelayCall) -> RelayAnswer:
        """Send the request; return when the head of the answer is here, whatever its status.

        Raises :class:`~proxy_core.errors.ProviderError` when there is no answer or it points elsewhere, and
        :class:`~proxy_core.errors.ConfigError` when the URL is our own.
        """
        if comes_back(call.url, call.own_port):
            raise ConfigError(Message("provider.own_address", name=call.name))
        asked = Asked(provider=call.provider, name=call.name)
        answer = await self._send(call, asked)
        if 300 <= answer.status < 400 and answer.status != 304:
            answer.let_go()
            raise elsewhere(answer.status, asked)
        if not 200 <= answer.status < 600:
            answer.let_go()
            message = Message("provider.invalid_status", name=call.name, status=answer.status)
            raise ProviderFailed(message, provider=call.provider, upstream_status=answer.status)
        answer.allow_silence(call.timeouts.between_chunks)
        return RelayAnswer(answer, asked, call.url)

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        await self._http.aclose()

    async def _send(self, call: RelayCall, asked: Asked) -> HttpAnswer:
        credentials = ((name.encode(), secret.reveal().encode()) for name, secret in call.credentials)
        headers = (*outgoing(call.headers), *credentials)
        try:
            return await self._http.ask(call.method, call.url, headers, call.body, call.timeouts)
        except connection_faults.kinds() as failed:
            raise connection_faults.on_the_way(failed, asked, call.url) from failed


@lru_cache(maxsize=256)
def comes_back(url: str, own_port: int) -> bool:
    """Whether a request to ``url`` would reach ourselves."""
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return False
    return bool(own_port) and port == own_port and is_loopback(parts.hostname or "")
