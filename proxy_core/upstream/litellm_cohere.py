"""From Cohere's own answers to chat completions: its stream's events and its whole message.

After Cohere's documentation of ``POST /v2/chat`` (*Chat*, *Streaming guide*). LiteLLM 1.110.2 stumbles over the
``event:`` lines of such a stream, looks for calls and for the end where they are not, and drops the text of an answer
that calls a tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

FINISH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "COMPLETE": "stop",
        "STOP_SEQUENCE": "stop",
        "MAX_TOKENS": "length",
        "TOOL_CALL": "tool_calls",
        "ERROR_TOXIC": "content_filter",
    }
)
"""Its reasons. The others (``ERROR``, ``TIMEOUT``) are faults, and so no end."""


def chunk_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """One event of its stream as a chunk. An event that says nothing to us is a chunk with an empty delta."""
    said = _part(event, "delta")
    message = _part(said, "message")
    delta: dict[str, Any] = {}
    chunk: dict[str, Any] = {"choices": [{"index": 0, "delta": delta}]}
    if event.get("id"):
        chunk["id"] = event["id"]
    match event.get("type"):
        case "content-start" | "content-delta":
            delta |= _words([message.get("content")])
        case "tool-plan-delta":
            delta["reasoning_content"] = message.get("tool_plan")
        case "tool-call-start" | "tool-call-delta":
            call = _part(message, "tool_calls")
            if call:
                delta["tool_calls"] = [{**call, "index": event.get("index", 0)}]
        case "message-end":
            chunk["choices"][0]["finish_reason"] = FINISH.get(str(said.get("finish_reason")))
            if usage := usage_of(said):
                chunk["usage"] = usage
        case _:
            pass
    return chunk


def message_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The message of an answer that did not stream: its text, its calls, and its plan and thinking as reasoning."""
    message = _part(answer, "message")
    made: dict[str, Any] = {"role": "assistant", "content": None}
    content = message.get("content")
    made |= _words([content] if isinstance(content, str) else content or ())
    if plan := message.get("tool_plan"):
        made["reasoning_content"] = made.get("reasoning_content", "") + plan
    if calls := message.get("tool_calls"):
        made["tool_calls"] = [{**call, "index": index} for index, call in enumerate(calls)]
    return made


def usage_of(said: Mapping[str, Any]) -> dict[str, int]:
    """The tokens it counted; empty where it did not say. What it read from its cache is among the input."""
    tokens = _part(_part(said, "usage"), "tokens")
    if not tokens:
        return {}
    read, written = int(tokens.get("input_tokens") or 0), int(tokens.get("output_tokens") or 0)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """``value[name]`` where it is an object, else an empty one."""
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _words(contents: Iterable[Any]) -> dict[str, str]:
    """Text and thinking of content blocks, as a message or a delta has them."""
    words: dict[str, str] = {}
    for each in contents:
        block = {"text": each} if isinstance(each, str) else each or {}
        for ours, theirs in (("content", "text"), ("reasoning_content", "thinking")):
            if piece := block.get(theirs):
                words[ours] = words.get(ours, "") + piece
    return words
