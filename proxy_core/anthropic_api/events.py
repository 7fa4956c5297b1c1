"""The events of an Anthropic answer stream, as a closed union of frozen values.

Source: Anthropic's *Streaming messages* documentation, and what clients were seen to demand of it: a block's start
carries none of its content, every block is stopped, indices count from 0, and usage stands in ``message_start`` and in
``message_delta``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Token counts as Anthropic splits them: ``input_tokens`` are those neither read from nor written to a cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    thinking_tokens: int = 0

    def wire(self) -> dict[str, Any]:
        """As the JSON object ``usage``."""
        usage: dict[str, Any] = {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": self.cache_creation_input_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "output_tokens": self.output_tokens,
        }
        if self.thinking_tokens:
            usage["output_tokens_details"] = {"thinking_tokens": self.thinking_tokens}
        return usage


@dataclass(frozen=True, slots=True)
class MessageStart:
    """The answer begins. Usage is 0 here: clients keep the larger number; the truth comes in :class:`MessageDelta`."""

    id: str
    model: str

    def message(self) -> dict[str, Any]:
        """The empty message that the rest of the stream fills."""
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": TokenUsage().wire(),
        }


@dataclass(frozen=True, slots=True)
class BlockStart:
    """A content block opens; ``block`` is its JSON object, without content."""

    index: int
    block: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More thinking."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class SignatureDelta:
    """What the client must send back with this thinking block."""

    index: int
    signature: str


@dataclass(frozen=True, slots=True)
class InputDelta:
    """More of a tool call's arguments, as JSON text."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class CitationDelta:
    """A source of the open text block, as Anthropic's citation object."""

    index: int
    citation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BlockStop:
    """The open block is complete."""

    index: int


@dataclass(frozen=True, slots=True)
class MessageDelta:
    """Why the answer ended, and the true token counts; ``searches``: how often the web was searched, if asked."""

    stop_reason: str
    stop_sequence: str | None
    usage: TokenUsage
    searches: int | None = None

    def wire_usage(self) -> dict[str, Any]:
        """The JSON object ``usage``."""
        usage = self.usage.wire()
        if self.searches is not None:
            usage["server_tool_use"] = {"web_search_requests": self.searches}
        return usage


@dataclass(frozen=True, slots=True)
class MessageStop:
    """The good end."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Nothing new, still there."""


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """The bad end: nothing follows it."""

    type: str
    message: str
    request_id: str = ""


Event = (
    MessageStart
    | BlockStart
    | TextDelta
    | ThinkingDelta
    | SignatureDelta
    | InputDelta
    | CitationDelta
    | BlockStop
    | MessageDelta
    | MessageStop
    | Ping
    | ErrorEvent
)


def event_json(event: Event) -> dict[str, Any]:
    """Return an event as the JSON object of its frame."""
    match event:
        case TextDelta(index, text):
            return _delta(index, {"type": "text_delta", "text": text})
        case InputDelta(index, text):
            return _delta(index, {"type": "input_json_delta", "partial_json": text})
        case ThinkingDelta(index, text):
            return _delta(index, {"type": "thinking_delta", "thinking": text})
        case SignatureDelta(index, signature):
            return _delta(index, {"type": "signature_delta", "signature": signature})
        case CitationDelta(index, citation):
            return _delta(index, {"type": "citations_delta", "citation": citation})
        case BlockStart(index, block):
            return {"type": "content_block_start", "index": index, "content_block": block}
        case BlockStop(index):
            return {"type": "content_block_stop", "index": index}
        case MessageStart():
            return {"type": "message_start", "message": event.message()}
        case MessageDelta():
            delta = {"stop_reason": event.stop_reason, "stop_sequence": event.stop_sequence}
            return {"type": "message_delta", "delta": delta, "usage": event.wire_usage()}
        case MessageStop():
            return {"type": "message_stop"}
        case Ping():
            return {"type": "ping"}
        case ErrorEvent(type_, message, request_id):
            return {"type": "error", "error": {"type": type_, "message": message}, "request_id": request_id}
        case _:
            assert_never(event)


def _delta(index: int, delta: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}
