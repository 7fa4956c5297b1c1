"""Translation meets time: events written as they come, pings while nothing comes, the client's leaving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from starlette.types import Receive, Send

from proxy_core.anthropic_api.accumulator import accumulate
from proxy_core.anthropic_api.events import Event, InputDelta, Ping, TextDelta, ThinkingDelta, event_json
from proxy_core.anthropic_api.sse import encode
from proxy_core.api.delayed_task import DelayedBackgroundTask
from proxy_core.api.recorder import RequestRecorder
from proxy_core.api.request_body import ClientLeft
from proxy_core.api.responses import Headers, stopping
from proxy_core.errors import ProviderTimeout, StreamBroken, UnderstudyError
from proxy_core.translate.stream import StreamTranslator
from proxy_core.upstream.port import Chunk, ChunkStream

PING_AFTER: Final = 10.0
"""Seconds of silence after which the client gets a ping. The first ping carries the headers, if the provider has not
begun by then; from there on errors are events."""

AFTER_THE_FINISH: Final = 10.0
"""Seconds that a provider has for what comes after the finish reason: the usage, and ``[DONE]``."""

UNWATCHED: Final = 0.25
"""Seconds for which nobody looks whether the client has left: most answers that are not streamed are over before."""

_WRITTEN: Final = (TextDelta, ThinkingDelta, InputDelta)

KEEP_ALIVE_EVERY: Final = 6
"""Every so many pings an empty delta goes out as well: older clients do not count pings as life."""


def while_connected(receive: Receive) -> DelayedBackgroundTask:
    """A block that ends with :class:`ClientLeft` when the client leaves meanwhile.

    ``receive`` must have given the whole body already.
    """

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ClientLeft

    return DelayedBackgroundTask(UNWATCHED, watch)


class EventWriter:
    """Writes one answer's events to the client; the first write carries the headers and the stream's start."""

    def __init__(self, send: Send, translator: StreamTranslator, recorder: RequestRecorder) -> None:
        self._send = send
        self._translator = translator
        self._recorder = recorder
        self._now = asyncio.get_running_loop().time
        self._spoke = self._now()
        self._turn = asyncio.Lock()
        self._pings = 0
        self.is_open = False

    async def write(self, events: list[Event], *, last: bool = False) -> None:
        """Send some events in one piece; waits while the client reads more slowly than the provider speaks."""
        self._pings = 0
        await self._write(events, last=last)

    async def ping(self) -> None:
        """Fill silence until cancelled, or until the end is on its way."""
        while not self._translator.ended:
            silence = self._now() - self._spoke
            if silence < PING_AFTER:
                await asyncio.sleep(PING_AFTER - silence)
                continue
            self._pings += 1
            events: list[Event] = [Ping()]
            if self._pings % KEEP_ALIVE_EVERY == 0 and (delta := self._translator.keep_alive()) is not None:
                events.append(delta)
            await self._write(events, last=False)

    async def _write(self, events: list[Event], *, last: bool) -> None:
        async with self._turn:
            if self._translator.ended and not last:
                return  # a ping that waited while the end went out
            if not self.is_open:
                self.is_open = True
                await self._send({"type": "http.response.start", "status": 200, "headers": self._headers()})
                events = self._translator.start() + events
            body = encode(events)
            await self._send({"type": "http.response.body", "body": body, "more_body": not last})
            self._spoke = self._now()
        self._recorder.progressed(body, _text_bytes(events))

    def _headers(self) -> Headers:
        return [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-cache"),
            (b"request-id", self._recorder.id.encode()),
        ]


def _text_bytes(events: list[Event]) -> int:
    """The size of what the model wrote. Of UTF-8 four bytes are about a token, in English as in Chinese."""
    size = 0
    for event in events:
        if isinstance(event, _WRITTEN):
            size += len(event.text) if event.text.isascii() else len(event.text.encode(errors="replace"))
    return size


async def stream_answer(
    opening: Awaitable[ChunkStream],
    writer: EventWriter,
    translator: StreamTranslator,
    recorder: RequestRecorder,
) -> None:
    """Write the whole answer that ``opening`` gives.

    An error that comes before the headers went out is raised, to become a status; a later one is the last event.
    """
    async with DelayedBackgroundTask(PING_AFTER, writer.ping):
        try:
            stream = await opening
            try:
                await _pump(stream, translator, recorder, writer.write)
                await writer.write(translator.finish(declared_end=stream.declared_end), last=True)
                recorder.done(stop_reason=translator.stop_reason)
            finally:  # after the last event: a connection may want a moment to end well
                await stream.aclose()
        except UnderstudyError as error:
            if not writer.is_open:
                raise
            await writer.write(translator.fail(error, recorder.id), last=True)
            recorder.failed(error, status=200)
        except asyncio.CancelledError:  # the client left and hears nothing, or the server stops
            if writer.is_open and not translator.ended:
                await writer.write(translator.fail(stopping(), recorder.id), last=True)
            raise


async def whole_answer(
    opening: Awaitable[ChunkStream], translator: StreamTranslator, recorder: RequestRecorder
) -> dict[str, Any]:
    """Return the message that the stream adds up to: there is no second translation that could differ.

    Raises :class:`~proxy_core.errors.UnderstudyError`.
    """
    events = translator.start()

    async def keep(more: list[Event]) -> None:
        events.extend(more)

    stream = await opening
    try:
        await _pump(stream, translator, recorder, keep)
        events += translator.finish(declared_end=stream.declared_end)
    finally:
        await stream.aclose()
    message = accumulate(map(event_json, events))
    if not message.ended_well:
        raise ValueError("a translated answer without its end")
    return dict(message.fields)


async def _pump(
    stream: ChunkStream,
    translator: StreamTranslator,
    recorder: RequestRecorder,
    write: Callable[[list[Event]], Awaitable[None]],
) -> None:
    """Every chunk through the translator; what one read brought is written in one piece."""
    begun = False
    batches = aiter(stream)
    while (batch := await _next(batches, translator)) is not None:
        if not begun:
            begun = True
            recorder.answering(stream.upstream_id)
        try:
            for chunk in batch:
                translator.feed(chunk)
        except RecursionError:
            raise StreamBroken("The provider's answer is nested too deeply.") from None
        if events := translator.advance():
            await write(events)


async def _next(batches: AsyncIterator[list[Chunk]], translator: StreamTranslator) -> list[Chunk] | None:
    """The next batch, or None. After the finish reason neither silence nor a cut spoils the answer any more."""
    if not translator.has_finished:
        return await anext(batches, None)
    try:
        async with asyncio.timeout(AFTER_THE_FINISH):
            return await anext(batches, None)
    except (TimeoutError, StreamBroken, ProviderTimeout):
        return None
