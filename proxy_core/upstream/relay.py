"""The relay engine: a request in Anthropic's own format goes on as it came, and its answer comes back as it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from proxy_core.config.secret import Secret
from proxy_core.config.settings import Timeouts
from proxy_core.errors import ConfigError, ProviderFailed
from proxy_core.upstream import connection_faults
from proxy_core.upstream.faults import Asked, elsewhere
from proxy_core.upstream.http import Http, as_data, is_loopback, tell_of_loss
from proxy_core.upstream.relay_headers import Headers, incoming, outgoing

if TYPE_CHECKING:
    import aiohttp

_MADE_BY_AIOHTTP: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


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

    def __init__(self, response: aiohttp.ClientResponse, asked: Asked, url: str) -> None:
        self.status = response.status
        self.headers: Headers = incoming(response.raw_headers)
        self._response = response
        self._asked = asked
        self._url = url

    def header(self, name: str) -> str:
        """A header's value, or empty."""
        return self._response.headers.get(name, "")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        import aiohttp  # noqa: PLC0415 - see Http.session

        try:
            data = await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as failed:
            raise connection_faults.in_the_answer(failed, self._asked, self._url) from failed
        if not data:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Let go: in the middle of an answer the connection is closed. May be called twice."""
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


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
            message = f"The address of {call.name} is Understudy's own: a request would go round for ever. Correct it."
            raise ConfigError(message)
        asked = Asked(provider=call.provider, name=call.name)
        response = await self._send(call, asked)
        if 300 <= response.status < 400 and response.status != 304:
            response.close()
            raise elsewhere(response.status, asked)
        if not 200 <= response.status < 600:
            response.close()
            message = f"{call.name} answered with {response.status}, which is no status of an answer."
            raise ProviderFailed(message, provider=call.provider, upstream_status=response.status)
        tell_of_loss(response)
        if (connection := response.connection) is not None and connection.protocol is not None:
            connection.protocol.read_timeout = call.timeouts.between_chunks
        return RelayAnswer(response, asked, call.url)

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        await self._http.aclose()

    async def _send(self, call: RelayCall, asked: Asked) -> aiohttp.ClientResponse:
        import aiohttp  # noqa: PLC0415 - see Http.session
        from multidict import CIMultiDict  # noqa: PLC0415 - comes with aiohttp
        from yarl import URL  # noqa: PLC0415 - comes with aiohttp

        headers = CIMultiDict((_text(name), _text(value)) for name, value in outgoing(call.headers))
        for name, secret in call.credentials:
            headers[name] = secret.reveal()
        try:
            return await self._http.session().request(
                call.method,
                URL(call.url, encoded=True),
                data=as_data(call.body) if call.body else None,
                headers=headers,
                skip_auto_headers=_MADE_BY_AIOHTTP,
                auto_decompress=False,
                allow_redirects=False,
                proxy=self._http.proxy_for(call.url),
                timeout=aiohttp.ClientTimeout(sock_connect=call.timeouts.connect, sock_read=call.timeouts.first_chunk),
            )
        except (aiohttp.ClientError, OSError, ValueError) as failed:
            raise connection_faults.on_the_way(failed, asked, call.url) from failed


def comes_back(url: str, own_port: int) -> bool:
    """Whether a request to ``url`` would reach ourselves."""
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return False
    return bool(own_port) and port == own_port and is_loopback(parts.hostname or "")


def _text(raw: bytes) -> str:
    """aiohttp writes UTF-8; what is not UTF-8 is read as Latin-1, which HTTP once meant."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
