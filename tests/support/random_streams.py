"""Random answers as a provider may stream them, each with what a reader must find in the end."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

ALPHABET = ["a", "é", "字", "\U0001f600", "\u2028", '"', "\\", "\n", "\r", "\t", "{", "}", "\x00", "<", "data: ", " "]


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    input: dict[str, Any]


@dataclass(frozen=True)
class Script:
    """Chunks, and what they say: texts and thinking joined, calls in order of their first piece, tokens."""

    chunks: list[dict[str, Any]]
    text: str
    thinking: str
    calls: list[Call]
    stop: str
    usage: tuple[int, int] | None


def words(rng: random.Random, most: int = 12) -> str:
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, most)))


def value(rng: random.Random, depth: int = 0) -> Any:
    match rng.randint(0, 6 if depth < 2 else 3):
        case 0:
            return words(rng)
        case 1:
            return rng.randint(-(10**6), 10**6)
        case 2:
            return rng.choice([True, False, None])
        case 3:
            return rng.random()
        case 4:
            return [value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
        case _:
            return {words(rng, 4): value(rng, depth + 1) for _ in range(rng.randint(0, 3))}


def pieces(rng: random.Random, text: str) -> list[str]:
    cuts = sorted(rng.randint(0, len(text)) for _ in range(rng.randint(0, 5)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def script(rng: random.Random) -> Script:
    """One random answer: reasoning, text and calls cut anywhere, calls interleaved, several things in one chunk."""
    parts: list[dict[str, Any]] = []
    thinking = "".join(add_prose(rng, parts, "reasoning_content") for _ in range(rng.randint(0, 2)))
    text = "".join(add_prose(rng, parts, "content") for _ in range(rng.randint(0, 2)))
    calls, streams = make_calls(rng)
    first: list[int] = []
    interleaved = rng.random() < 0.6
    while any(streams):
        waiting = [number for number, stream in enumerate(streams) if stream]
        number = rng.choice(waiting) if interleaved else waiting[0]
        if number not in first:
            first.append(number)
        parts.append({"tool_calls": [streams[number].pop(0)]})
        if rng.random() < 0.05:
            text += add_prose(rng, parts, "content")
    stop = rng.choice(["tool_calls", "stop"]) if calls else rng.choice(["stop", "length"])
    chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in merged(rng, parts)]
    usage = (rng.randint(1, 10**6), rng.randint(1, 10**5)) if rng.random() < 0.8 else None
    end: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": stop}]}
    counted: dict[str, Any] = {"usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}} if usage else {}
    match rng.randint(0, 2):
        case 0:
            chunks += [{**end, **counted}]
        case 1:
            chunks += [end, {"choices": [], **counted}]
        case _:
            chunks += [{"choices": [], **counted}, end]
    return Script(chunks, text, thinking, [calls[number] for number in first], stop, usage)


def add_prose(rng: random.Random, parts: list[dict[str, Any]], field: str) -> str:
    text = words(rng, 40)
    parts += [{field: piece} for piece in pieces(rng, text)]
    return text


def make_calls(rng: random.Random) -> tuple[list[Call], list[list[dict[str, Any]]]]:
    """Calls, and the pieces of each in order: the id once or in every piece, the arguments cut anywhere."""
    calls, streams = [], []
    for number in range(rng.choice([0, 0, 1, 1, 2, 3, 5])):
        given = {words(rng, 4): value(rng) for _ in range(rng.randint(0, 3))}
        call = Call(f"call_{rng.randint(0, 10**9)}_{number}", f"tool_{rng.randint(0, 3)}", given)
        text = json.dumps(given, ensure_ascii=rng.random() < 0.5)
        if not given and rng.random() < 0.5:
            text = ""
        always = rng.random() < 0.2
        cut = pieces(rng, text)
        if rng.random() < 0.3:
            cut.insert(0, "")
        stream: list[dict[str, Any]] = []
        for place, piece in enumerate(cut):
            part: dict[str, Any] = {"index": number, "function": {"arguments": piece}}
            if place == 0 or always:
                part["id"] = call.id
            if place == 0:
                part["type"] = "function"
                part["function"]["name"] = call.name
            stream.append(part)
        calls.append(call)
        streams.append(stream)
    return calls, streams


def merged(rng: random.Random, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some neighbours in one chunk, where a chunk has a place for both and their order stays what it is."""
    order = ["reasoning_content", "content", "tool_calls"]
    deltas: list[dict[str, Any]] = []
    for part in parts:
        (field, content), *_ = part.items()
        last = deltas[-1] if deltas else None
        if last is not None and rng.random() < 0.25:
            if field == "tool_calls" and "tool_calls" in last:
                last["tool_calls"] = last["tool_calls"] + content
                continue
            if all(order.index(name) < order.index(field) for name in last):
                last[field] = content
                continue
        deltas.append(dict(part))
    return deltas
