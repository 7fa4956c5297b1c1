"""Random bodies: requests as Claude Code sends them, with something in them as nobody would send it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Final

PNG: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF: Final = "JVBERi0xLjQKJSVFT0YK"
SCHEMA: Final = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"command": {"type": "string"}, "default": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}]}},
    "required": ["command"],
    "additionalProperties": False,
    "$defs": {"a": {"const": 1, "format": "uri"}},
}


def picture(kind: str = "image") -> dict[str, Any]:
    media, data = ("application/pdf", PDF) if kind == "document" else ("image/png", PNG)
    return {"type": kind, "source": {"type": "base64", "media_type": media, "data": data}}


def base(rng: random.Random, models: list[str]) -> dict[str, Any]:
    """A valid request with everything that Claude Code is known to send, some of it left out at random."""
    conversation: list[dict[str, Any]] = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}, picture()],
        },
        {"role": "system", "content": "Be brief."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": ""},
                {"type": "redacted_thinking", "data": "AAAA"},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
                {"type": "tool_use", "id": "toolu_2", "name": "Read", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.txt", "is_error": True},
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_2",
                    "content": [
                        {"type": "text", "text": "seen"},
                        picture(),
                        picture("document"),
                        {"type": "tool_reference", "tool_name": "WebFetch"},
                    ],
                },
                picture("document"),
            ],
        },
    ]
    tools: list[dict[str, Any]] = [
        {"name": "Bash", "description": "Run", "input_schema": SCHEMA, "cache_control": {"type": "ephemeral"}},
        {"name": "Read", "description": "Read", "input_schema": {"type": "object"}, "defer_loading": True},
        {"name": "DeferredToolPlaceholder", "input_schema": {"type": "object"}, "defer_loading": True},
        {"name": "WebFetch", "input_schema": {"type": "object", "properties": {}}},
        {"name": "n" * 90, "input_schema": {}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    ]
    whole: dict[str, Any] = {
        "model": rng.choice(models),
        "max_tokens": 32000,
        "messages": conversation[: rng.choice([1, 2, 4, 4])],
        "system": [
            {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
        ],
        "tools": rng.sample(tools, rng.randint(0, len(tools))),
        "stream": rng.random() < 0.5,
        "temperature": 1,
        "thinking": rng.choice(
            [{"type": "adaptive"}, {"type": "enabled", "budget_tokens": 31999}, {"type": "disabled"}]
        ),
        "tool_choice": rng.choice(
            [{"type": "auto"}, {"type": "any"}, {"type": "none"}, {"type": "tool", "name": "Bash"}]
        ),
        "output_config": rng.choice(
            [{"effort": "high"}, {"effort": "xhigh", "format": {"type": "json_schema", "schema": SCHEMA}}]
        ),
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "metadata": {"user_id": json.dumps({"session_id": "1"})},
        "stop_sequences": ["</block>"],
        "safeguards": [{"type": "dangerous_tool_use"}],
        "top_p": 0.9,
        "top_k": 40,
    }
    kept = {"model", "messages", "max_tokens"}
    return {name: value for name, value in whole.items() if name in kept or rng.random() < 0.6}


def body(rng: random.Random, models: list[str]) -> bytes:
    """A request with one to four changes, in one of the ways JSON is written, and sometimes with damaged bytes."""
    value: Any = json.loads(json.dumps(base(rng, models)))
    for _ in range(rng.choice([0, 1, 1, 1, 2, 4])):
        value = _changed(rng, value)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.6)
    for word, written in _UNWRITABLE.items():
        text = text.replace(json.dumps(word), written)
    data = text.encode("utf-8", "surrogatepass")
    return _damaged(rng, data) if rng.random() < 0.15 else data


def _nested(depth: int) -> Callable[[random.Random], Any]:
    def make(rng: random.Random) -> Any:
        value: Any = rng.choice(["x", {}, []])
        for _ in range(depth):
            value = [value] if rng.random() < 0.5 else {rng.choice(["content", "a", "properties", "items"]): value}
        return value

    return make


_UNWRITABLE: Final = {
    "<huge>": "1e999",
    "<nan>": "NaN",
    "<long>": "9" * 5000,
    "<deep>": "[" * 900 + "]" * 900,
    "<deeper>": '{"a":' * 1000 + "1" + "}" * 1000,
    "<deepest>": "[" * 50_000 + "]" * 50_000,
}
"""What json.dumps would not write."""

_ODD: Final[list[Callable[[random.Random], Any]]] = [
    lambda _: None,
    lambda rng: rng.choice([True, False]),
    lambda rng: rng.choice([0, -1, 1, 2**31, 2**63, 2**64, -(2**70), 10**300, 0.5, -0.0, 1e308, 5e-324]),
    lambda rng: rng.choice(["", " ", "\x00", "\ud800", "\udc00x", "a\u2028b", "\ufeff", "é" * 500, "data: [DONE]\n\n"]),
    lambda rng: rng.choice(["auto", "user", "assistant", "system", "tool", "text", "image", "tool_use", "tool_result"]),
    lambda rng: rng.choice(["thinking", "document", "server_tool_use", "web_search_tool_result", "unheard_of"]),
    lambda rng: rng.choice(list(_UNWRITABLE)),
    lambda rng: rng.choice([[], {}, [[]], [None], [{}], {"": ""}, {"type": None}, {"type": {}}, [1, "a", None, {}]]),
    lambda rng: {"type": rng.choice(["text", "image", "document", "tool_use", "tool_result", "search_result", "x"])},
    lambda rng: {
        "type": rng.choice(["base64", "url", "file", "text", "content"]),
        "url": "http://127.0.0.1:9/x",
        "data": 7,
    },
    _nested(30),
    _nested(300),
    _nested(500),
]


def _changed(rng: random.Random, value: Any) -> Any:
    """One change at a random place."""
    places = list(_places(value))
    where = rng.choice(places)
    if not where:
        return rng.choice(_ODD)(rng)
    parent = value
    for step in where[:-1]:
        parent = parent[step]
    last = where[-1]
    match rng.randint(0, 9):
        case 0 | 1:
            del parent[last]
        case 2 if isinstance(parent, list):
            parent.insert(last, parent[last])
        case 2 | 3 if isinstance(parent, dict):
            parent[rng.choice(["", "type", "content", "role", "input", "source", "\x00", "api_base", "x" * 300])] = (
                parent.pop(last)
            )
        case 4 if isinstance(parent[last], str) and rng.random() < 0.02:
            parent[last] = rng.choice(["a", "é", "a b ", "\u0000"]) * (5_000_000 // 2)
        case _:
            parent[last] = rng.choice(_ODD)(rng)
    return value


def _places(value: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [where]
    if len(where) < 12:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, each in inner:
            found += _places(each, (*where, step))
    return found


def _damaged(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed)) if changed else 0
        match rng.randint(0, 3):
            case 0:
                del changed[at:]
            case 1 if changed:
                changed[at] = rng.randrange(256)
            case 2:
                changed[at:at] = rng.choice([b"\xff", b"\x00", b"\xed\xa0\x80", b"\xc3", b'"', b"{", b"\xef\xbb\xbf"])
            case _:
                del changed[at : at + rng.randint(1, 20)]
    return bytes(changed)
