"""A reader beside a relayed answer: learns tokens, stop reason and error for the ledger, and changes nothing.

It scans and accumulates no message, because the client waits for these bytes and most events carry only text. A
:class:`~proxy_core.anthropic_api.accumulator.MessageAccumulator` takes 1.4 times as long per event where a read brings
one, and 6 times where it brings 16 (3.0 beside 2.1 µs, 2.3 beside 0.4 µs). The rules for merging usage are shared.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from proxy_core.anthropic_api.accumulator import merged
from proxy_core.anthropic_api.amounts import usd
from proxy_core.anthropic_api.content_decoding import PLAIN, ContentDecoder, coding_of
from proxy_core.anthropic_api.json_text import loads
from proxy_core.anthropic_api.sse import FrameSplitter, FrameTooLong
from proxy_core.ledger.answer_usage import recorded_usage
from proxy_core.ledger.request_events import RecordedUsage

WHOLE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of an answer that does not stream which are kept to be read."""

_LONG: Final = 1024 * 1024
"""Bytes in which there is usually the end of an event."""

_TELLING: Final = (b"message_start", b"message_delta", b"message_stop", b'"error"')
"""Only events with one of these are parsed: the many that carry text say nothing about tokens."""


class UsageReading:
    """Fed with the bytes of an answer as they pass; knows what they said so far.

    ``content_type`` and ``content_encoding`` are the answer's headers. Bytes it cannot read (Brotli, damage) leave it
    knowing nothing more: it never raises.
    """

    def __init__(self, content_type: str = "text/event-stream", content_encoding: str = "") -> None:
        self.stop_reason = ""
        self.error_type = ""
        self.error = ""
        self._stopped = False
        self._usage: Mapping[str, Any] = {}
        coding = coding_of(content_encoding)
        self._unpacking = ContentDecoder(coding) if ContentDecoder.knows(coding) else None
        self._tail = b""
        self._splits_all = False
        self._splitter = FrameSplitter() if content_type.startswith("text/event-stream") else None
        self._whole = bytearray()
        self._readable = self._unpacking is not None or coding in PLAIN

    @property
    def is_cut(self) -> bool:
        """Whether a stream that could be read ended without saying so."""
        return self._splitter is not None and self._readable and not self._stopped and not self.error_type

    @property
    def usage(self) -> RecordedUsage | None:
        """The tokens, as far as they are known; None until the answer has given some."""
        return recorded_usage(self._usage)

    @property
    def cost(self) -> float | None:
        """The provider's own figure in USD, if it gives one (OpenRouter)."""
        return usd(self._usage.get("cost"))

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the answer."""
        if not self._readable:
            return
        try:
            plain = data if self._unpacking is None else self._unpacking.feed(data, WHOLE_LIMIT + 1)
            if len(plain) > WHOLE_LIMIT:  # a few bytes that unpack to very many are no answer
                self._readable = False
            elif self._splitter is not None:
                self._feed_events(plain, self._splitter)
            elif len(self._whole) + len(plain) <= WHOLE_LIMIT:
                self._whole += plain
            else:
                self._readable = False
        except (zlib.error, FrameTooLong):
            self._readable = False

    def close(self) -> None:
        """The answer is over."""
        if not self._readable:
            return
        if self._splitter is not None:
            for payload in (*self._splitter.feed(self._tail), *self._splitter.close()):
                self._take_event(payload)
        elif self._whole:
            self._take(_parsed(bytes(self._whole)))

    def _feed_events(self, data: bytes, splitter: FrameSplitter) -> None:
        """Only bytes in which something is told are split into events: most tell nothing, and splitting costs."""
        data, self._tail = self._tail + data, b""
        if self._splits_all or b"\r" in data or len(data) > _LONG:
            self._splits_all = True
        else:
            last = data.rfind(b"\n\n")
            end = last + 2 if last >= 0 else 0
            data, self._tail = data[:end], data[end:]
            if not _tells(data):
                return
        for payload in splitter.feed(data):
            self._take_event(payload)

    def _take_event(self, payload: bytes) -> None:
        if _tells(payload):
            self._take(_parsed(payload))

    def _take(self, value: Mapping[str, Any]) -> None:
        """An event of the stream, or a whole message: both carry ``usage``, ``stop_reason`` and ``error`` alike."""
        match value.get("type"):
            case "message_start":
                self._take_message(value.get("message"))
            case "message_delta":
                self._take_message(value.get("delta"))
                self._count(value.get("usage"))
            case "message_stop":
                self._stopped = True
            case "error":
                error = value.get("error")
                if isinstance(error, Mapping):
                    self.error_type = str(error.get("type") or "")
                    self.error = str(error.get("message") or "")
            case "message":
                self._take_message(value)
            case _:
                return

    def _take_message(self, message: Any) -> None:
        if isinstance(message, Mapping):
            self.stop_reason = str(message.get("stop_reason") or self.stop_reason)
            self._count(message.get("usage"))

    def _count(self, usage: Any) -> None:
        if isinstance(usage, Mapping):
            self._usage = merged(self._usage, usage)


def _tells(data: bytes) -> bool:
    return any(word in data for word in _TELLING)


def decoded(body: bytes, content_encoding: str) -> bytes:
    """A whole body, or as much of it as there is, without its content coding; as it is where that cannot be read.

    At most :data:`WHOLE_LIMIT` bytes.
    """
    coding = coding_of(content_encoding)
    if not ContentDecoder.knows(coding):
        return body
    try:
        return ContentDecoder(coding).feed(body, WHOLE_LIMIT)
    except zlib.error:
        return body


def _parsed(payload: bytes) -> Mapping[str, Any]:
    try:
        value = loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}
