"""The direct engine: any OpenAI-compatible chat-completions API over HTTP, streamed straight."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

from proxy_core.errors import ProviderError, ProviderFailed, ProviderTimeout, StreamBroken
from proxy_core.upstream import connection_faults, faults
from proxy_core.upstream.faults import Asked, BadAnswer
from proxy_core.upstream.http import Http, as_data, tell_of_loss, user_agent
from proxy_core.upstream.plain_words import looks_like_html, said
from proxy_core.upstream.port import Chunk, UpstreamCall, as_chunk
from proxy_core.wire.json_text import loads
from proxy_core.wire.sse import FrameSplitter, FrameTooLong

if TYPE_CHECKING:
    import aiohttp

WHOLE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes that an answer which does not stream may have."""

ERROR_LIMIT: Final = 64 * 1024
ERROR_PATIENCE: Final = 10.0
"""Bytes of a bad answer that are read for its sentence, and seconds that it may take."""

LAST_BYTES: Final = 0.25
"""Seconds that the end of an HTTP body may take after ``[DONE]``, so that the connection can be used again."""

_DONE: Final = b"[DONE]"
_REQUEST_IDS: Final = ("x-request-id", "request-id", "x-generation-id", "cf-ray")


class Direct:
    """Posts a call to ``{base_url}/chat/completions`` and reads the answer as it comes.

    A pooled connection that turns out to be closed is not tried again here: it is :class:`Unreachable`, which may be
    sent again, and retries are the caller's. ``now`` gives Unix time in seconds, to read dates in ``retry-after``.
    """

    def __init__(self, http: Http, *, now: Callable[[], float] = time.time) -> None:
        self._http = http
        self._now = now

    async def open(self, call: UpstreamCall) -> DirectStream:
        """Send the call; return when the first chunk is here. Raises :class:`ProviderError`.

        A provider that only gives signs of life is waited for no longer than one that is silent.
        """
        asked = faults.asked_by(call)
        url = f"{call.base_url.rstrip('/')}/chat/completions"
        try:
            async with asyncio.timeout(call.timeouts.first_chunk):
                return await self._open(call, asked, url)
        except TimeoutError as late:
            message = f"{asked.name} did not answer in time ({connection_faults.place(url)})."
            raise ProviderTimeout(message, provider=asked.provider) from late

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        await self._http.aclose()

    async def _open(self, call: UpstreamCall, asked: Asked, url: str) -> DirectStream:
        response = await self._send(call, asked, url)
        try:
            tell_of_loss(response)
            await self._check_status(response, asked, call)
            stream = DirectStream(response, asked, url, silence=call.timeouts.between_chunks)
            await stream.begin(streaming=bool(call.body.get("stream")))
        except BaseException:
            response.close()
            raise
        return stream

    async def _send(self, call: UpstreamCall, asked: Asked, url: str) -> aiohttp.ClientResponse:
        import aiohttp  # noqa: PLC0415 - see Http.session

        waits = aiohttp.ClientTimeout(sock_connect=call.timeouts.connect, sock_read=call.timeouts.first_chunk)
        try:
            return await self._http.session().post(
                url,
                data=as_data(_encode(call.body)),
                headers=_headers(call),
                timeout=waits,
                proxy=self._http.proxy_for(url),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError, ValueError) as failed:
            raise connection_faults.on_the_way(failed, asked, url) from failed

    async def _check_status(self, response: aiohttp.ClientResponse, asked: Asked, call: UpstreamCall) -> None:
        if response.status == 200:
            return
        if 300 <= response.status < 400:
            raise faults.elsewhere(response.status, asked)
        body = await _what_comes(response, min(ERROR_PATIENCE, call.timeouts.first_chunk / 2))
        headers = {name.lower(): value for name, value in response.headers.items()}
        raise faults.from_answer(BadAnswer(response.status, body, headers, self._now()), asked)


class DirectStream:
    """The answer to one call: a :class:`~proxy_core.upstream.port.ChunkStream`."""

    def __init__(self, response: aiohttp.ClientResponse, asked: Asked, url: str, *, silence: float) -> None:
        headers = response.headers
        self.upstream_id = next((headers[name] for name in _REQUEST_IDS if name in headers), "")
        self.declared_end = False
        self._response = response
        self._asked = asked
        self._url = url
        self._silence = silence
        self._splitter = FrameSplitter()
        self._ready: list[Chunk] = []
        self._error: ProviderError | None = None
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Chunk]:
        while not self._ready:
            if self._error is not None:
                raise self._error
            if self._over:
                raise StopAsyncIteration
            data = await self._read()
            self._take(self._split(data) if data else self._splitter.close())
            if not data:
                self._over = True
        batch, self._ready = self._ready, []
        return batch

    async def begin(self, *, streaming: bool) -> None:
        """Wait for the first chunk. Raises :class:`ProviderError` when the answer is none."""
        if not streaming:
            self._take_whole(await self._read_whole())
        else:
            await self._begin_streaming()
        if self._error is not None and not self._ready:
            raise self._error
        if (connection := self._response.connection) is not None and connection.protocol is not None:
            connection.protocol.read_timeout = self._silence

    async def aclose(self) -> None:
        """Let the connection go: back to the pool after a whole answer, closed in the middle of one."""
        try:
            if self.declared_end and not self._response.content.at_eof():
                await self._read_to_the_end()
        finally:
            if self._response.content.at_eof():
                self._response.release()
            else:
                self._response.close()

    async def _begin_streaming(self) -> None:
        head = bytearray()
        while not self._ready and self._error is None and not self._over:
            data = await self._read()
            if not data:
                self._take(self._splitter.close())
                self._over = True
            else:
                head += data if len(head) < WHOLE_LIMIT else b""
                self._take(self._split(data))
        if not self._ready and self._error is None:
            if self.declared_end:
                raise self._failed("ended its answer before it began")
            # Not a single event: some servers answer a stream request with one JSON object, whatever they call it.
            self._take_whole(bytes(head))

    def _split(self, data: bytes) -> list[bytes]:
        try:
            return self._splitter.feed(data)
        except FrameTooLong as endless:
            raise self._broken("sent an event without end") from endless

    def _take(self, payloads: list[bytes]) -> None:
        """Chunks before an error or the end are handed out before it is told."""
        for payload in payloads:
            if payload == _DONE or payload.strip() == _DONE:
                self.declared_end = self._over = True
                return
            try:
                chunk = loads(payload)
            except ValueError:
                chunk = None
            if not isinstance(chunk, dict):
                self._error = self._broken("sent something that is no chunk")
                return
            if (error := _error_in(chunk)) is not None:
                self._error = faults.from_object(error, self._asked)
                return
            self._ready.append(chunk)

    def _take_whole(self, body: bytes) -> None:
        self._over = True
        if not body.strip():
            raise self._failed("answered with nothing at all")
        try:
            answer = loads(body)
        except ValueError:
            answer = None
        if isinstance(answer, Mapping) and (error := _error_in(answer)) is not None:
            raise faults.from_object(error, self._asked)
        if isinstance(answer, Mapping) and isinstance(answer.get("choices"), list):
            self._ready.append(as_chunk(answer))
            self.declared_end = True
        else:
            what = (
                said(None, body[:2000], self._asked.secret) if looks_like_html(body) else "something that is no answer"
            )
            raise self._failed(f"answered with {what}. Is its base URL right? It usually ends in /v1")

    async def _read(self) -> bytes:
        """All that has arrived; empty at the end. aiohttp stops reading the socket while two buffers of it wait."""
        import aiohttp  # noqa: PLC0415 - see Http.session

        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as failed:
            raise connection_faults.in_the_answer(failed, self._asked, self._url) from failed

    async def _read_whole(self) -> bytes:
        body = bytearray()
        while data := await self._read():
            body += data
            if len(body) > WHOLE_LIMIT:
                raise self._broken("sent an answer without end")
        return bytes(body)

    async def _read_to_the_end(self) -> None:
        try:
            async with asyncio.timeout(LAST_BYTES):
                while await self._read():
                    pass
        except (TimeoutError, ProviderError):
            # The answer is whole; a connection that does not end well is only not used again.
            return

    def _broken(self, what: str) -> StreamBroken:
        return StreamBroken(f"{self._asked.name} {what}: its answer is damaged.", provider=self._asked.provider)

    def _failed(self, what: str) -> ProviderFailed:
        status = self._response.status
        return ProviderFailed(f"{self._asked.name} {what}.", provider=self._asked.provider, upstream_status=status)


def _error_in(chunk: Mapping[str, Any]) -> Any:
    """The error that a provider put in place of a chunk: ``{"error": …}``, or vLLM's ``{"object": "error", …}``."""
    if chunk.get("error"):
        return chunk["error"]
    return chunk if chunk.get("object") == "error" else None


def _headers(call: UpstreamCall) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream" if call.body.get("stream") else "application/json",
        # A compressed stream waits for its compressor's buffer to fill.
        "Accept-Encoding": "identity",
        "User-Agent": user_agent(),
        "X-Title": "Understudy",
        **call.headers,
    }
    if call.api_key:
        headers["Authorization"] = f"Bearer {call.api_key.reveal()}"
    return headers


def _encode(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body if isinstance(body, dict) else dict(body))
    except TypeError:
        # Lone surrogates, which clients in JavaScript send: as escapes they travel.
        return json.dumps(body, allow_nan=False).encode()


async def _what_comes(response: aiohttp.ClientResponse, seconds: float) -> bytes:
    """As much of a bad answer as comes in this time."""
    import aiohttp  # noqa: PLC0415 - see Http.session

    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while len(body) < ERROR_LIMIT and (data := await response.content.readany()):
                body += data
    except (aiohttp.ClientError, OSError, TimeoutError):
        # The status alone says enough; the sentence would only be longer.
        return bytes(body)
    return bytes(body)
