"""The direct engine: any OpenAI-compatible chat-completions API over HTTP, streamed straight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Self

from proxy_core.anthropic_api.json_text import loads
from proxy_core.anthropic_api.sse import FrameSplitter, FrameTooLong
from proxy_core.errors import ProviderError, ProviderFailed, StreamBroken
from proxy_core.messages import Message
from proxy_core.upstream import connection_faults, faults
from proxy_core.upstream.connection import Headers
from proxy_core.upstream.content_coding import reading
from proxy_core.upstream.faults import Asked, BadAnswer
from proxy_core.upstream.http import Http, HttpAnswer, user_agent
from proxy_core.upstream.plain_words import looks_like_html, said
from proxy_core.upstream.port import Chunk, UpstreamCall, as_chunk

AT_ONCE: Final = 256
"""Chunks that are parsed before they are passed on: of more, Python's garbage collector makes much ado."""

WHOLE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes that an answer which does not stream may have."""

ERROR_LIMIT: Final = 64 * 1024
ERROR_PATIENCE: Final = 10.0
"""Bytes of a bad answer that are read for its sentence, and seconds that it may take."""

LAST_BYTES: Final = 0.25
"""Seconds that the end of an HTTP body may take after ``[DONE]``, so that the connection can be used again."""

# A compressed stream waits for its compressor's buffer to fill.
_ALWAYS: Final = (
    (b"content-type", b"application/json"),
    (b"accept-encoding", b"identity"),
    (b"x-title", b"Understudy"),
)
_STREAMED: Final[Headers] = (*_ALWAYS, (b"accept", b"text/event-stream"))
_WHOLE: Final[Headers] = (*_ALWAYS, (b"accept", b"application/json"))

_DONE: Final = b"[DONE]"
_SHORT: Final = 32
"""Bytes with which a payload may be ``[DONE]`` in blanks, and cannot be a chunk."""

_WORDS_OF_ERRORS: Final = ("message", "detail", "error_msg", "msg")

_REQUEST_IDS: Final = (b"x-request-id", b"request-id", b"x-generation-id", b"cf-ray")


class Direct:
    """Posts a call to ``{base_url}/chat/completions`` and reads the answer as it comes.

    Retries are the caller's. ``now`` gives Unix time in seconds, to read dates in ``retry-after``.
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
        answer = await self._send(call, asked, url)
        try:
            await self._check_status(answer, asked, call)
            stream = DirectStream(answer, asked, url, silence=call.timeouts.between_chunks)
            await stream.begin(streaming=bool(call.body.get("stream")))
        except BaseException:
            answer.let_go()
            raise
        return stream

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        await self._http.aclose()

    async def _send(self, call: UpstreamCall, asked: Asked, url: str) -> HttpAnswer:
        try:
            return await self._http.ask("POST", url, _headers(call), call.content, call.timeouts)
        except connection_faults.kinds() as failed:
            raise connection_faults.on_the_way(failed, asked, url) from failed

    async def _check_status(self, answer: HttpAnswer, asked: Asked, call: UpstreamCall) -> None:
        if answer.status == 200:
            return
        if 300 <= answer.status < 400:
            raise faults.elsewhere(answer.status, asked)
        body = await _what_comes(answer, min(ERROR_PATIENCE, call.timeouts.first_chunk / 2))
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        raise faults.from_answer(BadAnswer(answer.status, body, headers, self._now()), asked)


class DirectStream:
    """The answer to one call: a :class:`~proxy_core.upstream.port.ChunkStream`."""

    def __init__(self, answer: HttpAnswer, asked: Asked, url: str, *, silence: float) -> None:
        self.upstream_id = _request_id(answer.headers)
        self.declared_end = False
        self._answer = answer
        self._read_body = reading(answer)
        self._asked = asked
        self._url = url
        self._silence = silence
        self._splitter = FrameSplitter()
        self._ready: list[Chunk] = []
        self._later: list[bytes] = []
        # Makes the error that ends the answer: kept itself, it would keep all that it passed on its way up.
        self._error: Callable[[], ProviderError] | None = None
        self._over = self._has_begun = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Chunk]:
        while not self._ready:
            if self._later:
                self._take(self._later)
                continue
            if self._error is not None:
                raise self._error()
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
            raise self._error()
        self._has_begun = True
        if not self._over:
            self._answer.allow_silence(self._silence)

    async def aclose(self) -> None:
        """Let the connection go: back to the pool after a whole answer, closed in the middle of one."""
        try:
            if self.declared_end and not self._answer.is_whole:
                await self._read_to_the_end()
        finally:
            self._answer.let_go()

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
                raise self._failed(Message("provider.empty_stream", name=self._asked.name))
            # Not a single event: some servers answer a stream request with one JSON object, whatever they call it.
            self._take_whole(bytes(head))

    def _split(self, data: bytes) -> list[bytes]:
        try:
            return self._splitter.feed(data)
        except FrameTooLong as endless:
            raise self._broken(Message("provider.endless_event", name=self._asked.name)) from endless

    def _take(self, payloads: list[bytes]) -> None:
        """Chunks before an error or the end are handed out before it is told; of very many the rest is parsed later."""
        self._later = []
        for payload in payloads[:AT_ONCE]:
            if len(payload) < _SHORT and payload.strip() == _DONE:
                self.declared_end = self._over = True
                return
            try:
                chunk = loads(payload)
            except ValueError:
                chunk = None
            if not isinstance(chunk, dict):
                self._error = partial(self._broken, Message("provider.damaged_chunk", name=self._asked.name))
                return
            if (error := _error_in(chunk)) is not None:
                self._error = partial(faults.from_object, error, self._asked)
                return
            self._ready.append(chunk)
        self._later = payloads[AT_ONCE:]

    def _take_whole(self, body: bytes) -> None:
        self._over = True
        if not body.strip():
            raise self._failed(Message("provider.empty_answer", name=self._asked.name))
        try:
            answer = loads(body)
        except ValueError:
            answer = None
        if isinstance(answer, Mapping) and (error := _error_in(answer)) is not None:
            raise faults.from_object(error, self._asked)
        if isinstance(answer, Mapping) and isinstance(answer.get("choices"), list):
            self._ready.append(as_chunk(answer))
            self.declared_end = True
        elif looks_like_html(body):
            raise faults.no_answer(self._asked, said(None, body[:2000], self._asked.secret))
        elif answer is not None:
            raise faults.no_answer(self._asked)
        else:  # damaged, or cut
            raise self._failed(Message("provider.unreadable", name=self._asked.name))

    async def _read(self) -> bytes:
        """All that has arrived; empty at the end."""
        try:
            return await self._read_body()
        except connection_faults.kinds() as failed:
            late = isinstance(failed, TimeoutError) and not self._has_begun
            told = connection_faults.on_the_way if late else connection_faults.in_the_answer
            raise told(failed, self._asked, self._url) from failed

    async def _read_whole(self) -> bytes:
        body = bytearray()
        while data := await self._read():
            body += data
            if len(body) > WHOLE_LIMIT:
                raise self._broken(Message("provider.endless_answer", name=self._asked.name))
        return bytes(body)

    async def _read_to_the_end(self) -> None:
        try:
            async with asyncio.timeout(LAST_BYTES):
                while await self._read():
                    pass
        except (TimeoutError, ProviderError):
            # The answer is whole; a connection that does not end well is only not used again.
            return

    def _broken(self, message: Message) -> StreamBroken:
        return StreamBroken(message, provider=self._asked.provider)

    def _failed(self, message: Message) -> ProviderFailed:
        return ProviderFailed(message, provider=self._asked.provider, upstream_status=self._answer.status)


def _request_id(headers: Headers) -> str:
    """The provider's own name for the answer, by the first of the known headers that it has."""
    found = {name.lower(): value for name, value in headers}
    return next((found[name].decode("latin-1") for name in _REQUEST_IDS if name in found), "")


def _error_in(chunk: Mapping[str, Any]) -> Any:
    """The error that a provider put in place of a chunk: ``{"error": …}``, vLLM's ``{"object": "error", …}``, or the
    words of one (``message``, ``detail``, MiniMax's ``base_resp``) where choices would be.
    """
    if chunk.get("error"):
        return chunk["error"]
    if chunk.get("object") == "error":
        return chunk
    if chunk.get("choices"):
        return None
    told = chunk.get("base_resp")
    if isinstance(told, Mapping) and told.get("status_code"):
        return {"message": told.get("status_msg"), "code": told["status_code"]}
    return chunk if any(chunk.get(name) for name in _WORDS_OF_ERRORS) else None


def _headers(call: UpstreamCall) -> Headers:
    headers = _STREAMED if call.body.get("stream") else _WHOLE
    if call.headers:
        headers += tuple((name.encode(), value.encode()) for name, value in call.headers.items())
    if call.api_key:
        headers += ((b"authorization", f"Bearer {call.api_key.reveal()}".encode()),)
    return (*headers, (b"user-agent", user_agent().encode()))


async def _what_comes(answer: HttpAnswer, seconds: float) -> bytes:
    """As much of a bad answer as comes in this time."""
    body, read = bytearray(), reading(answer)
    try:
        async with asyncio.timeout(seconds):
            while len(body) < ERROR_LIMIT and (data := await read()):
                body += data
    except connection_faults.kinds():
        # The status alone says enough; the sentence would only be longer.
        return bytes(body)
    return bytes(body)
