"""The answer that is not streamed: the stream, collected. There is no second translation that could differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

from proxy_core.anthropic_api.events import (
    BlockStart,
    BlockStop,
    CitationDelta,
    ErrorEvent,
    Event,
    InputDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    Ping,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
)
from proxy_core.anthropic_api.json_text import loads


def collect(events: Iterable[Event]) -> dict[str, Any]:
    """The ``message`` object that a good stream adds up to. Raises ``ValueError`` for a stream without a good end."""
    message: dict[str, Any] = {}
    block: dict[str, Any] = {}
    pieces: list[str] = []
    whole = False
    for event in events:
        match event:
            case MessageStart():
                message = event.message()
            case BlockStart():
                block, pieces = dict(event.block), []
            case TextDelta() | ThinkingDelta() | InputDelta():
                pieces.append(event.text)
            case SignatureDelta():
                block["signature"] = event.signature
            case CitationDelta():
                block.setdefault("citations", []).append(event.citation)
            case BlockStop():
                _fill(block, "".join(pieces))
                message["content"].append(block)
            case MessageDelta():
                message |= {"stop_reason": event.stop_reason, "stop_sequence": event.stop_sequence}
                message["usage"] = event.wire_usage()
            case MessageStop():
                whole = True
            case Ping():
                pass
            case ErrorEvent():
                raise ValueError(event.message)
            case _:
                assert_never(event)
    if not whole:
        raise ValueError("the stream has no end")
    return message


def _fill(block: dict[str, Any], content: str) -> None:
    match block["type"]:
        case "text":
            block["text"] = content
        case "thinking":
            block["thinking"] = content
        case "tool_use" | "server_tool_use":
            block["input"] = loads(content)
