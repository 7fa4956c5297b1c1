"""One accumulator of Anthropic messages: the events of a stream, or a whole JSON answer, as one value.

The rules are those of Anthropic's *Streaming messages* page and of ``lib/streaming`` in the official Python SDK; the
tests compare the two. A stream that breaks the rules raises nothing: all that came of it is kept, and it has not ended
well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxy_core.anthropic_api.json_text import loads, without_surrogates
from proxy_core.anthropic_api.sse import FrameSplitter

_TEXT_FIELDS: Final[Mapping[str, str]] = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}
"""Deltas whose text is appended, with the field that holds it."""

_BLOCK_TYPES: Final[Mapping[str, str]] = {
    "text_delta": "text",
    "citations_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
}
"""The block that a delta belongs to, for streams that lost the block's start."""

_LEDGER_FIELDS: Final = frozenset({"error", "unread_events"})
"""What :meth:`AccumulatedMessage.to_json` adds to a message."""


@dataclass(frozen=True, slots=True)
class AccumulatedMessage:
    """An answer of the Messages API, as far as it came.

    ``fields`` is the JSON object of the message, ``content`` and merged ``usage`` included; it is empty for an answer
    that is only an error. The input of a tool call is a JSON value, or the text received so far where that is no JSON.
    ``error`` is the error object of the answer, which may stand inside a stream with status 200. ``unread_events``
    counts the events that were no JSON object.
    """

    fields: Mapping[str, Any]
    error: Mapping[str, Any] | None = None
    ended_well: bool = False
    unread_events: int = 0

    @property
    def content(self) -> list[dict[str, Any]]:
        """The content blocks, in the order in which they began."""
        content = self.fields.get("content")
        return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []

    @property
    def usage(self) -> Mapping[str, Any]:
        """The token counts; empty where there are none."""
        return _object(self.fields.get("usage"))

    @property
    def stop_reason(self) -> str:
        """Why the answer ended; empty where that is unknown."""
        return str(self.fields.get("stop_reason") or "")

    @property
    def error_text(self) -> str:
        """The message of the error, else its type; empty without an error."""
        error = _object(self.error)
        return str(error.get("message") or error.get("type") or "")

    def texts(self, kind: str) -> list[str]:
        """Return the texts of the blocks of one kind, ``text`` or ``thinking``."""
        return [str(block[kind]) for block in self.content if block.get("type") == kind and block.get(kind)]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the ledger keeps; :func:`from_json` reads it."""
        whole = dict(self.fields)
        if self.error is not None:
            whole["error"] = self.error
        if self.unread_events:
            whole["unread_events"] = self.unread_events
        return whole


class MessageAccumulator:
    """Collects one message from its events, given as JSON objects. Nothing that is fed raises."""

    __slots__ = ("_blocks", "_error", "_fields", "_open", "_started", "_stopped", "_unread")

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}
        self._blocks: list[_Block] = []
        self._open: dict[int, _Block] = {}
        self._error: Mapping[str, Any] | None = None
        self._started = False
        self._stopped = False
        self._unread = 0

    @property
    def is_empty(self) -> bool:
        """Whether no event has brought anything of a message."""
        return not (self._fields or self._blocks or self._started or self._error is not None)

    @property
    def message(self) -> AccumulatedMessage:
        """The message so far: a snapshot, made anew at each access. Its strings hold no lone surrogates."""
        fields = dict(self._fields)
        if self._fields or self._blocks:
            fields["content"] = [block.filled() for block in self._blocks]
        # Only a good end that nothing contradicts: the stream began, said that it is over and carries no error.
        ended_well = self._started and self._stopped and self._error is None
        return AccumulatedMessage(without_surrogates(fields), self._error, ended_well, self._unread)

    def feed_json(self, payload: bytes) -> None:
        """Add the event that a frame carries; one that is no JSON object is counted."""
        try:
            event = loads(payload)
        except ValueError:
            event = None
        if isinstance(event, dict):
            self.feed(event)
        else:
            self._unread += 1

    def feed(self, event: Mapping[str, Any]) -> None:
        """Add one event; those of unknown types change nothing."""
        match event.get("type"):
            case "content_block_delta":
                delta = _object(event.get("delta"))
                self._block(event.get("index"), delta).feed(delta)
            case "content_block_start":
                self._begin(event.get("index"), _object(event.get("content_block")))
            case "message_start":
                self._start(_object(event.get("message")))
            case "message_delta":
                self._finish(event)
            case "message_stop":
                self._stopped = True
            case "error":
                self._error = _object(event.get("error"))
            case _:
                pass

    def _start(self, message: Mapping[str, Any]) -> None:
        self._started = True
        self._fields = merged(self._fields, message)
        content = message.get("content")
        for index, block in enumerate(content if isinstance(content, list) else ()):
            self._begin(index, _object(block))

    def _begin(self, index: object, start: Mapping[str, Any]) -> _Block:
        """Open a block. One index twice is two blocks: the first must not be overwritten."""
        block = _Block(start)
        self._blocks.append(block)
        if isinstance(index, int):
            self._open[index] = block
        return block

    def _block(self, index: object, delta: Mapping[str, Any]) -> _Block:
        """Return the block that a delta continues: without an index the latest, without a start a new one."""
        block = self._open.get(index) if isinstance(index, int) else next(reversed(self._blocks), None)
        if block is None:
            type_ = _BLOCK_TYPES.get(str(delta.get("type")))
            block = self._begin(index, {} if type_ is None else {"type": type_})
        return block

    def _finish(self, event: Mapping[str, Any]) -> None:
        usage = _object(event.get("usage"))
        beside = {name: value for name, value in event.items() if name not in {"type", "delta", "usage"}}
        self._fields = merged(merged(self._fields, _object(event.get("delta"))), beside)
        if usage:
            self._fields["usage"] = merged(_object(self._fields.get("usage")), usage)


class _Block:
    """A content block: its start as it came, and what its deltas add."""

    __slots__ = ("_pieces", "_start")

    def __init__(self, start: Mapping[str, Any]) -> None:
        self._start = dict(start)
        self._pieces: dict[str, list[str]] = {}

    def feed(self, delta: Mapping[str, Any]) -> None:
        match delta.get("type"):
            case "text_delta" | "thinking_delta" | "input_json_delta" as kind:
                field = _TEXT_FIELDS[kind]
                if isinstance(text := delta.get(field), str):
                    self._pieces.setdefault(field, []).append(text)
            case "citations_delta":
                self._start["citations"] = [*(self._start.get("citations") or ()), delta.get("citation")]
            case _:  # a signature, or a kind of a later day: its fields are the block's
                self._start |= {name: value for name, value in delta.items() if name != "type"}

    def filled(self) -> dict[str, Any]:
        """Return the block as a JSON object."""
        block = dict(self._start)
        for field, pieces in self._pieces.items():
            text = "".join(pieces)
            if field != "partial_json":
                block[field] = f"{block.get(field) or ''}{text}"
            elif text:
                block["input"] = _input(text)
        return block


def accumulate(events: Iterable[Mapping[str, Any]]) -> AccumulatedMessage:
    """Return the message of some events."""
    accumulator = MessageAccumulator()
    for event in events:
        accumulator.feed(event)
    return accumulator.message


def from_json(answer: Mapping[str, Any]) -> AccumulatedMessage:
    """Return the message of an answer that does not stream, of an error's body, or of what the ledger keeps."""
    error, unread = answer.get("error"), answer.get("unread_events")
    is_message = answer.get("type") != "error"
    return AccumulatedMessage(
        {name: value for name, value in answer.items() if name not in _LEDGER_FIELDS} if is_message else {},
        error if isinstance(error, Mapping) else None,
        is_message and error is None and bool(answer.get("stop_reason")),
        unread if isinstance(unread, int) else 0,
    )


def from_stream(stream: bytes) -> AccumulatedMessage:
    """Return the message of a stream's bytes, whole or cut. Raises ``ValueError`` for bytes that are no such stream."""
    splitter = FrameSplitter()
    accumulator = MessageAccumulator()
    for payload in (*splitter.feed(stream), *splitter.close()):
        accumulator.feed_json(payload)
    if accumulator.is_empty:
        raise ValueError("no stream of a message")
    return accumulator.message


def from_bytes(body: bytes) -> AccumulatedMessage:
    """Return the message of an answer's body, streamed or not. Raises ``ValueError`` for a body that is neither."""
    if not body.lstrip().startswith(b"{"):
        return from_stream(body)
    return from_json(without_surrogates(loads(body)))


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``old`` with the values of ``new``; a null replaces nothing.

    So ``usage`` is defined: the counts of ``message_delta`` are totals, and those it leaves out, or gives as null, keep
    the value of ``message_start``.
    """
    return {**old, **{name: value for name, value in new.items() if value is not None or name not in old}}


def _input(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return text


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
