"""From bodies to turns: the request's system prompt, tools and messages, then the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from app.conversation.edits import edit
from app.conversation.turns import (
    Call,
    Failure,
    Picture,
    Piece,
    Speaker,
    Thought,
    Tool,
    ToolResult,
    Turn,
    Unknown,
    Words,
)
from proxy_core.anthropic_api.accumulator import from_bytes


def conversation(request: bytes, answer: bytes = b"") -> tuple[Turn, ...]:
    """The turns of a request in Anthropic's form and of its answer, in the order they were said.

    What is missing or damaged is left out: a body that is no JSON object gives no turns.
    """
    seen = _Seen()
    return (*_asked(request, seen), *_answered(answer, seen))


def laid_out(body: bytes) -> str:
    """A body as text: JSON with its lines apart, anything else as it is."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return body.decode("utf-8", "replace")


def spoken(request: bytes, answer: bytes) -> str:
    """The answer's words alone, for a place that shows nothing else."""
    turns = conversation(request, answer)
    return "\n\n".join(
        piece.text
        for turn in turns
        if turn.speaker is Speaker.ANSWER
        for piece in turn.pieces
        if isinstance(piece, Words)
    )


@dataclass(slots=True)
class _Seen:
    """What came before in a conversation: tools by the ids of their calls, and how many images."""

    tools: dict[str, str] = field(default_factory=dict)
    images: int = 0


def _asked(request: bytes, seen: _Seen) -> list[Turn]:
    try:
        body = orjson.loads(request)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(body, dict):
        return []
    turns = [
        Turn(Speaker.SYSTEM, _pieces(body.get("system"), seen)),
        Turn(Speaker.TOOLS, _tools(body.get("tools"))),
    ]
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict):
            speaker = Speaker.ASSISTANT if message.get("role") == "assistant" else Speaker.USER
            turns.append(Turn(speaker, _pieces(message.get("content"), seen)))
    return [turn for turn in turns if turn.pieces]


def _answered(answer: bytes, seen: _Seen) -> list[Turn]:
    if not answer.strip():
        return []
    try:
        message = from_bytes(answer)
    except ValueError:
        return [Turn(Speaker.ANSWER, (Words(answer.decode("utf-8", "replace")),))]
    pieces: list[Piece] = list(_pieces(message.content, seen))
    if message.error is not None:
        pieces.append(Failure(str(message.error.get("type", "")), str(message.error.get("message", ""))))
    return [Turn(Speaker.ANSWER, tuple(pieces))] if pieces else []


def _tools(tools: object) -> tuple[Piece, ...]:
    listed = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return tuple(
        Tool(_text(tool, "name") or _text(tool, "type"), _text(tool, "description").strip().split("\n", 1)[0])
        for tool in listed
    )


def _pieces(content: object, seen: _Seen) -> tuple[Piece, ...]:
    if isinstance(content, str):
        return (Words(content),) if content else ()
    if not isinstance(content, list):
        return ()
    return tuple(_piece(block, seen) for block in content if isinstance(block, dict))


def _piece(block: dict[str, Any], seen: _Seen) -> Piece:
    kind = _text(block, "type")
    match kind:
        case "text":
            return Words(_text(block, "text"))
        case "thinking":
            return Thought(_text(block, "thinking"))
        case "redacted_thinking":
            return Thought("", hidden=True)
        case "image" | "document":
            return _picture(block, seen)
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            return _call(block, seen)
        case "tool_result" | "mcp_tool_result" | "web_search_tool_result":
            return _result(block, seen)
        case "error":
            return Failure("error", _text(block, "message"))
        case _:
            return Unknown(kind)


def _call(block: dict[str, Any], seen: _Seen) -> Piece:
    name, id_ = _text(block, "name"), _text(block, "id")
    seen.tools[id_] = name
    arguments = block.get("input")
    if isinstance(arguments, dict):
        changed = edit(name, id_, arguments)
        if changed is not None:
            return changed
        if len(arguments) == 1 and isinstance(only := next(iter(arguments.values())), str):
            return Call(name, id_, only)
        return Call(name, id_, orjson.dumps(arguments, option=orjson.OPT_INDENT_2).decode())
    return Call(name, id_, str(arguments or ""))


def _result(block: dict[str, Any], seen: _Seen) -> ToolResult:
    id_ = _text(block, "tool_use_id")
    content = block.get("content")
    pieces = tuple(piece for piece in _pieces(content, seen) if isinstance(piece, Words | Picture))
    if not pieces and content:
        pieces = (Words(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()),)
    return ToolResult(seen.tools.get(id_, ""), id_, bool(block.get("is_error")), pieces)


def _picture(block: dict[str, Any], seen: _Seen) -> Picture:
    source = block.get("source")
    source = source if isinstance(source, dict) else {}
    kind, name, data = _text(source, "media_type") or _text(block, "type"), _text(block, "title"), _text(source, "data")
    if not data:
        return Picture(kind, None, name)
    size = len(data) * 3 // 4 - data[-2:].count("=")
    if _text(block, "type") != "image":
        return Picture(kind, size, name)
    seen.images += 1
    return Picture(kind, size, name, seen.images, data)


def _text(block: dict[str, Any], name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""
