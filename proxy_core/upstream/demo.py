"""The demo engine: a model without a key or a network, which recites its script at a chosen pace."""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Self

from proxy_core.errors import ModelUnknown
from proxy_core.messages import Message
from proxy_core.upstream.demo_script import Scene, play
from proxy_core.upstream.port import Chunk, UpstreamCall

PACES: Final[Mapping[str, float | None]] = MappingProxyType(
    {"understudy": 40.0, "slow": 8.0, "fast": 160.0, "instant": None}
)
"""The models, and how many words each says in a second; None is as fast as it goes."""

_WORD: Final = re.compile(r"\s*\S+\s?|\s+")
_PIECE: Final = 12
_CHARACTERS_PER_TOKEN: Final = 4


class Demo:
    """Answers every call from :mod:`proxy_core.upstream.demo_script`. ``sleep`` waits so many seconds."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep

    async def open(self, call: UpstreamCall) -> DemoStream:
        """Begin the answer. Raises :class:`ModelUnknown` for a name that is not in :data:`PACES`."""
        if call.model not in PACES:
            message = Message("demo.no_such_model", model=call.model, models=", ".join(PACES))
            raise ModelUnknown(message, provider=call.provider)
        pace = PACES[call.model] if call.body.get("stream") else None
        return DemoStream(_chunks(call), pause=1 / pace if pace else 0.0, sleep=self._sleep)

    async def aclose(self) -> None:
        """Nothing is kept open."""


class DemoStream:
    """The answer to one call, a :class:`~proxy_core.upstream.port.ChunkStream`: a word in each batch, or all in one."""

    def __init__(self, chunks: Iterator[Chunk], *, pause: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        self.upstream_id = ""
        self.declared_end = False
        self._chunks = chunks
        self._pause = pause
        self._sleep = sleep
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Chunk]:
        if self._pause and not self._closed:
            await self._sleep(self._pause)
        batch = [] if self._closed else self._next_batch()
        if not batch:
            self.declared_end = self.declared_end or not self._closed
            raise StopAsyncIteration
        return batch

    async def aclose(self) -> None:
        """Stop reciting."""
        self._closed = True

    def _next_batch(self) -> list[Chunk]:
        return [chunk] if self._pause and (chunk := next(self._chunks, None)) else list(self._chunks)


def _chunks(call: UpstreamCall) -> Iterator[Chunk]:
    """The whole answer in chunks, or in one where the call does not stream. The token counts are estimates."""
    scene = play(call.body)
    head = {
        "id": f"demo-{zlib.crc32(json.dumps(dict(call.body), default=str).encode()):08x}",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": call.model,
    }
    deltas, finish = _within_limit(list(_deltas(scene, _calls_so_far(call.body))), call.body)
    usage = _usage(call.body, deltas)
    if not call.body.get("stream"):
        choice = {"index": 0, "delta": _joined(deltas), "finish_reason": finish}
        yield {**head, "choices": [choice], "usage": usage}
        return
    for delta in deltas:
        yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    yield {**head, "choices": [], "usage": usage}


def _deltas(scene: Scene, calls_so_far: int) -> Iterator[dict[str, Any]]:
    for word in _WORD.findall(scene.thinking):
        yield {"reasoning_content": word}
    for word in _WORD.findall(scene.text):
        yield {"content": word}
    if scene.call is not None:
        function = {"name": scene.call.name, "arguments": ""}
        first = {"index": 0, "id": f"call_demo_{calls_so_far + 1}", "type": "function", "function": function}
        yield {"tool_calls": [first]}
        text = scene.call.arguments
        for start in range(0, len(text), _PIECE):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": text[start : start + _PIECE]}}]}


def _within_limit(deltas: list[dict[str, Any]], body: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """As many words as the request allows, and why the answer ends. A tool call is made whole or not at all."""
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or len(deltas)
    calls = [delta for delta in deltas if "tool_calls" in delta]
    words = deltas[: len(deltas) - len(calls)]
    if len(words) > limit:
        return words[:limit], "length"
    return deltas, "tool_calls" if calls else "stop"


def _joined(deltas: list[dict[str, Any]]) -> dict[str, Any]:
    """The deltas of one answer as the message they add up to."""
    message: dict[str, Any] = {"role": "assistant", "content": "".join(each.get("content", "") for each in deltas)}
    if thinking := "".join(each.get("reasoning_content", "") for each in deltas):
        message["reasoning_content"] = thinking
    if parts := [part for each in deltas for part in each.get("tool_calls", ())]:
        arguments = "".join(part["function"]["arguments"] for part in parts)
        message["tool_calls"] = [{**parts[0], "function": {**parts[0]["function"], "arguments": arguments}}]
    return message


def _usage(body: Mapping[str, Any], deltas: list[dict[str, Any]]) -> dict[str, Any]:
    """Tokens estimated from characters, and marked so: the demo has no tokenizer."""
    asked = json.dumps([body.get("messages"), body.get("tools")], default=str, ensure_ascii=False)
    thinking = sum(len(each.get("reasoning_content", "")) for each in deltas)
    said = sum(len(_spoken(each)) for each in deltas)
    prompt, reasoning = len(asked) // _CHARACTERS_PER_TOKEN + 1, thinking // _CHARACTERS_PER_TOKEN
    completion = said // _CHARACTERS_PER_TOKEN + 1
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
        "estimated": True,
    }


def _spoken(delta: Mapping[str, Any]) -> str:
    calls = "".join(
        part["function"].get("name", "") + part["function"]["arguments"] for part in delta.get("tool_calls", ())
    )
    return f"{delta.get('reasoning_content', '')}{delta.get('content', '')}{calls}"


def _calls_so_far(body: Mapping[str, Any]) -> int:
    return sum(len(each.get("tool_calls") or ()) for each in body.get("messages") or () if isinstance(each, Mapping))
