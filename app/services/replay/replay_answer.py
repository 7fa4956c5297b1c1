"""An answer as a person reads it, out of the bytes that were kept or came: text, thinking, calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy_core.anthropic_api.accumulator import from_bytes
from proxy_core.anthropic_api.json_text import dumps, loads


@dataclass(frozen=True, slots=True)
class Called:
    """A tool that was called; ``input`` is JSON text, or what there is of it."""

    name: str
    input: str


@dataclass(frozen=True, slots=True)
class ReplayAnswer:
    """What a model said. ``error`` is the sentence of a refusal, or of how the answer broke."""

    text: str = ""
    thinking: str = ""
    calls: tuple[Called, ...] = ()
    stop_reason: str = ""
    error: str = ""


def read_answer(body: bytes) -> ReplayAnswer:
    """The answer in a body as the client got it, a stream or a message, or as the ledger keeps it."""
    try:
        message = from_bytes(body)
    except ValueError:
        return ReplayAnswer(error="The answer is not one that can be read.")
    return ReplayAnswer(
        text="\n\n".join(message.texts("text")),
        thinking="\n\n".join(message.texts("thinking")),
        calls=tuple(_called(block) for block in message.content if block.get("type") == "tool_use"),
        stop_reason=message.stop_reason,
        error=message.error_text,
    )


def last_words(body: bytes) -> str:
    """What was asked last in a request of the Messages API: the user's text, or the results of tools."""
    try:
        request = loads(body)
    except ValueError:
        return ""
    messages = _listed(request.get("messages")) if isinstance(request, Mapping) else []
    for message in reversed(messages):
        if isinstance(message, Mapping) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            said = [_said(block) for block in _listed(content) if isinstance(block, Mapping)]
            return "\n\n".join(text for text in said if text)
    return ""


def _called(block: Mapping[str, Any]) -> Called:
    given = block.get("input")
    return Called(str(block.get("name") or ""), given if isinstance(given, str) else dumps(given).decode())


def _said(block: Mapping[str, Any]) -> str:
    match block.get("type"):
        case "text":
            return str(block.get("text") or "")
        case "tool_result":
            inner = block.get("content")
            texts = [inner] if isinstance(inner, str) else [_said(part) for part in _listed(inner) if _is_object(part)]
            return "\n".join(f"[result] {text}" for text in texts)
        case str() as kind:
            return f"[{kind}]"
        case _:
            return ""


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
