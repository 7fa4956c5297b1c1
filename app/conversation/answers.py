"""An answer's bytes, streamed or whole, as the content blocks they carry."""

from __future__ import annotations

from typing import Any, Final

import orjson

from app.conversation.turns import Failure

PARTS: Final = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "signature_delta": "signature",
}
"""What each kind of delta carries."""


def blocks(body: bytes) -> tuple[list[dict[str, Any]], Failure | None]:
    """The answer's blocks in Anthropic's form, and its error if it has one.

    Raises :class:`ValueError` for bytes that are neither such a message nor such a stream.
    """
    if body.lstrip()[:1] == b"{":
        message = orjson.loads(body)
        content = message.get("content")
        return _dicts(content), failure(message.get("error"))
    return _streamed(body)


def failure(error: object) -> Failure | None:
    """The error that an answer or an event carries."""
    if not isinstance(error, dict):
        return None
    return Failure(str(error.get("type", "")), str(error.get("message", "")))


def _streamed(body: bytes) -> tuple[list[dict[str, Any]], Failure | None]:
    made: dict[int, dict[str, Any]] = {}
    wrong: Failure | None = None
    found = False
    for line in body.split(b"\n"):
        if not line.startswith(b"data:"):
            continue
        try:
            event = orjson.loads(line[5:].strip())
        except orjson.JSONDecodeError:
            continue  # the last line of a body that was cut
        if not isinstance(event, dict):
            continue
        found = True
        index = event.get("index", -1)
        match event.get("type"):
            case "content_block_start" if isinstance(event.get("content_block"), dict):
                made[index] = dict(event["content_block"], parts=[])
            case "content_block_delta" if index in made and isinstance(event.get("delta"), dict):
                delta = event["delta"]
                made[index]["parts"].append(str(delta.get(PARTS.get(str(delta.get("type")), ""), "")))
            case "error":
                wrong = failure(event.get("error"))
            case _:
                pass
    if not found:
        raise ValueError("neither a message nor a stream of events")
    return [_joined(made[index]) for index in sorted(made)], wrong


def _joined(block: dict[str, Any]) -> dict[str, Any]:
    whole = "".join(block.pop("parts"))
    match block.get("type"):
        case "text":
            block["text"] = str(block.get("text", "")) + whole
        case "thinking":
            block["thinking"] = str(block.get("thinking", "")) + whole
        case "tool_use" | "server_tool_use" if whole:
            try:
                block["input"] = orjson.loads(whole)
            except orjson.JSONDecodeError:
                block["input"] = whole
        case _:
            pass
    return block


def _dicts(content: object) -> list[dict[str, Any]]:
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
