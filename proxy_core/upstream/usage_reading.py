"""A reader beside a relayed answer: learns tokens, stop reason and error for the journal, and changes nothing."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from proxy_core.ledger.journal import Usage
from proxy_core.wire.json_text import loads
from proxy_core.wire.sse import FrameSplitter, FrameTooLong

WHOLE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of an answer that does not stream which are kept to be read."""

_TELLING: Final = (b"message_start", b"message_delta", b"message_stop", b'"error"')
"""Only events with one of these are parsed: the many that carry text say nothing about tokens."""


class UsageReading:
    """Fed with the bytes of an answer as they pass; knows what they said so far.

    ``content_type`` and ``content_encoding`` are the answer's headers. Bytes it cannot read (Brotli, damage) leave it
    knowing nothing more: it never raises. ``usage`` is None until the answer told it. ``characters`` is a measure of
    progress: bytes of content events.
    """

    def __init__(self, content_type: str = "text/event-stream", content_encoding: str = "") -> None:
        self.stop_reason = ""
        self.error_type = ""
        self.error = ""
        self.characters = 0
        self._stopped = False
        self._counts: dict[str, int] = {}
        self._unpack = _unpacker(content_encoding)
        self._splitter = FrameSplitter() if content_type.startswith("text/event-stream") else None
        self._whole = bytearray()
        self._readable = self._unpack is not None

    @property
    def is_cut(self) -> bool:
        """Whether a stream that could be read ended without saying so."""
        return self._splitter is not None and self._readable and not self._stopped and not self.error_type

    @property
    def usage(self) -> Usage | None:
        """The tokens, as far as they are known."""
        if not self._counts:
            return None
        return Usage(
            input=self._counts.get("input_tokens", 0),
            output=self._counts.get("output_tokens", 0),
            cache_read=self._counts.get("cache_read_input_tokens", 0),
            cache_write=self._counts.get("cache_creation_input_tokens", 0),
            reasoning=self._counts.get("thinking_tokens", 0),
        )

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the answer."""
        if not self._readable or self._unpack is None:
            return
        try:
            plain = self._unpack(data)
            if self._splitter is not None:
                for payload in self._splitter.feed(plain):
                    self._take_event(payload)
            elif len(self._whole) + len(plain) <= WHOLE_LIMIT:
                self._whole += plain
            else:
                self._readable = False
        except (zlib.error, FrameTooLong):
            self._readable = False

    def close(self) -> None:
        """The answer is over."""
        if self._splitter is not None:
            for payload in self._splitter.close():
                self._take_event(payload)
        elif self._whole and self._readable:
            self._take(_parsed(bytes(self._whole)))

    def _take_event(self, payload: bytes) -> None:
        if any(word in payload for word in _TELLING):
            self._take(_parsed(payload))
        else:
            self.characters += len(payload)

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
        """Later numbers replace earlier ones; Anthropic's are totals."""
        if not isinstance(usage, Mapping):
            return
        details = usage.get("output_tokens_details")
        for part in (usage, details if isinstance(details, Mapping) else {}):
            for name, number in part.items():
                if isinstance(number, int) and not isinstance(number, bool):
                    self._counts[name] = number


def decoded(body: bytes, content_encoding: str) -> bytes:
    """A whole body, or as much of it as there is, without its content coding; as it is where that cannot be read."""
    unpack = _unpacker(content_encoding)
    try:
        plain: bytes = body if unpack is None else unpack(body)
    except zlib.error:
        return body
    return plain


def _parsed(payload: bytes) -> Mapping[str, Any]:
    try:
        value = loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}


def _unpacker(content_encoding: str) -> Any:
    """From encoded bytes to plain ones, or None where the coding is not one of zlib's."""
    match content_encoding.strip().lower():
        case "" | "identity":
            return lambda data: data
        case "gzip" | "x-gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress
        case "deflate":
            return zlib.decompressobj().decompress
        case _:
            return None
