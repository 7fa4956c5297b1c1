"""Server-sent events as bytes: events written into frames, and a byte stream cut into the payloads of its frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from proxy_core.anthropic_api.events import Event, InputDelta, TextDelta, ThinkingDelta, event_json
from proxy_core.anthropic_api.json_text import dumps

FRAME_LIMIT: Final = 64 * 1024 * 1024
"""Bytes that one frame may have before its stream counts as damaged. As large as a request may be
(``proxy_core.api.request_body``): only a peer that never ends a frame reaches it."""

_DELTA: Final = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":'


class FrameTooLong(ValueError):
    """A frame grew past :data:`FRAME_LIMIT`."""


class FrameSplitter:
    """Cuts a byte stream into the ``data`` of its events, however the bytes were cut before.

    Lines end in LF, CRLF or CR; several ``data`` lines of one event are joined by LF; other fields and comments are
    passed over; a byte order mark at the beginning too (WHATWG HTML, *Server-sent events*, 9.2.6). Splitting happens on
    bytes, so that a character cut in two is whole again before anybody decodes it.
    """

    __slots__ = ("_begun", "_cr", "_rest")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._cr = False
        self._begun = False

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that ``data`` completes. Raises :class:`FrameTooLong`."""
        if not self._begun:
            data = self._without_mark(data)
        if self._cr or b"\r" in data:
            data = self._with_plain_ends(data)
        rest = self._rest
        if rest:
            seam = rest.endswith(b"\n") and data.startswith(b"\n")
            if not seam and b"\n\n" not in data:
                rest += data
                if len(rest) > FRAME_LIMIT:
                    raise FrameTooLong(f"an event of more than {FRAME_LIMIT} bytes")
                return []
            data = bytes(rest) + data
        frames = data.split(b"\n\n")
        self._rest = bytearray(frames.pop())
        payloads: list[bytes] = []
        for frame in frames:
            if frame.startswith(b"data: ") and b"\n" not in frame:  # as most are
                payloads.append(frame[6:])
            elif (payload := _payload(frame)) is not None:
                payloads.append(payload)
        return payloads

    def close(self) -> list[bytes]:
        """The payload of a last event that no blank line ended: servers forget it."""
        payload = _payload(bytes(self._rest))
        self._rest.clear()
        return [] if payload is None else [payload]

    def _without_mark(self, data: bytes) -> bytes:
        """Hold the first three bytes together, and drop them when they are a byte order mark."""
        data = bytes(self._rest) + data
        if len(data) < 3 and b"\xef\xbb\xbf".startswith(data):
            self._rest = bytearray(data)
            return b""
        self._rest.clear()
        self._begun = True
        return data.removeprefix(b"\xef\xbb\xbf")

    def _with_plain_ends(self, data: bytes) -> bytes:
        """Every line end as LF; a CR at the very end waits for the LF that may follow it."""
        if self._cr:
            data = b"\r" + data
        self._cr = data.endswith(b"\r")
        if self._cr:
            data = data[:-1]
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _payload(frame: bytes) -> bytes | None:
    lines = [line[5:].removeprefix(b" ") for line in frame.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines) if lines else None


def encode(events: Iterable[Event]) -> bytes:
    """The frames of some events, in one piece: one write carries all that one read brought."""
    return b"".join([_frame(event) for event in events])


def _frame(event: Event) -> bytes:
    match event:
        # The three that are most of a stream are written in place: half the time of a dictionary and its JSON.
        case TextDelta(index, text):
            return b'%b%d,"delta":{"type":"text_delta","text":%b}}\n\n' % (_DELTA, index, dumps(text))
        case InputDelta(index, text):
            return b'%b%d,"delta":{"type":"input_json_delta","partial_json":%b}}\n\n' % (_DELTA, index, dumps(text))
        case ThinkingDelta(index, text):
            return b'%b%d,"delta":{"type":"thinking_delta","thinking":%b}}\n\n' % (_DELTA, index, dumps(text))
        case _:
            data = event_json(event)
            return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), dumps(data))
