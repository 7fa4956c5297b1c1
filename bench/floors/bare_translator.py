"""The baseline of a translator: bare ASGI, aiohttp's client, orjson; one event per chunk, one write per read.

It does what every translation of messages, tools, text and calls has to do, for valid requests and answers; it has no
guard, no checks, no token counts and no provider's quirks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import aiohttp
import orjson

from bench.floors.serving import body_of, serve

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


class BareTranslator:
    """The app."""

    def __init__(self, upstream: str) -> None:
        self._url = f"{upstream}/v1/chat/completions"
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, _: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, headers={"authorization": "Bearer sk-bench"})
        request = orjson.loads(await body_of(receive))
        body = orjson.dumps(translated(request))
        json_type = {"content-type": "application/json"}
        async with self._session.post(self._url, data=body, headers=json_type) as answer:
            if request.get("stream"):
                await _stream(answer, request["model"], send)
            else:
                completion = orjson.loads(await answer.read())
                await _start(send, b"application/json")
                await send({"type": "http.response.body", "body": orjson.dumps(message_of(completion))})


async def _start(send: Callable[[Any], Any], media: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", media)]})


async def _stream(answer: aiohttp.ClientResponse, model: str, send: Callable[[Any], Any]) -> None:
    await _start(send, b"text/event-stream")
    events = Events(model)
    rest = b""
    while data := await answer.content.readany():
        *frames, rest = (rest + data).split(b"\n\n")
        if out := b"".join([events.of(frame[6:]) for frame in frames]):
            await send({"type": "http.response.body", "body": out, "more_body": True})
    await send({"type": "http.response.body", "body": events.end()})


class Events:
    """The conversion of one answer's chunks to events."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._index = -1
        self._open = ""
        self._usage: dict[str, int] = {}
        self._reason = "end_turn"

    def of(self, payload: bytes) -> bytes:
        """Return the events of one chunk."""
        if payload == b"[DONE]":
            return b""
        chunk = orjson.loads(payload)
        if chunk.get("usage"):
            self._usage = {
                "input_tokens": chunk["usage"]["prompt_tokens"],
                "output_tokens": chunk["usage"]["completion_tokens"],
            }
        if not chunk["choices"]:
            return b""
        choice = chunk["choices"][0]
        if choice["finish_reason"]:
            self._reason = _STOP_REASONS.get(choice["finish_reason"], "end_turn")
        delta = choice["delta"]
        out = b""
        if text := delta.get("content"):
            if self._open != "text":
                out += self._switch("text", {"type": "text", "text": ""})
            out += self._delta({"type": "text_delta", "text": text})
        for call in delta.get("tool_calls") or ():
            function = call["function"]
            if call.get("id"):
                block = {"type": "tool_use", "id": call["id"], "name": function["name"], "input": {}}
                out += self._switch("tool_use", block)
            if function.get("arguments"):
                out += self._delta({"type": "input_json_delta", "partial_json": function["arguments"]})
        return out

    def end(self) -> bytes:
        """Return the events after the last chunk."""
        out = self._stop()
        delta = {"stop_reason": self._reason, "stop_sequence": None}
        out += _event({"type": "message_delta", "delta": delta, "usage": self._usage})
        return out + _event({"type": "message_stop"})

    def _switch(self, kind: str, block: dict[str, Any]) -> bytes:
        out = self._stop() if self._open else _event({"type": "message_start", "message": _message(self._model)})
        self._open = kind
        self._index += 1
        return out + _event({"type": "content_block_start", "index": self._index, "content_block": block})

    def _delta(self, delta: dict[str, str]) -> bytes:
        return _event({"type": "content_block_delta", "index": self._index, "delta": delta})

    def _stop(self) -> bytes:
        return _event({"type": "content_block_stop", "index": self._index})


def _event(event: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), orjson.dumps(event))


def _message(model: str) -> dict[str, Any]:
    usage = {"input_tokens": 0, "output_tokens": 0}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    return {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}


def message_of(completion: dict[str, Any]) -> dict[str, Any]:
    """Return a complete completion as a message."""
    choice = completion["choices"][0]
    content: list[dict[str, Any]] = []
    if text := choice["message"].get("content"):
        content.append({"type": "text", "text": text})
    for call in choice["message"].get("tool_calls") or ():
        function = call["function"]
        arguments = orjson.loads(function["arguments"])
        content.append({"type": "tool_use", "id": call["id"], "name": function["name"], "input": arguments})
    usage = completion["usage"]
    return {
        **_message(completion["model"]),
        "content": content,
        "stop_reason": _STOP_REASONS.get(choice["finish_reason"], "end_turn"),
        "usage": {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]},
    }


def translated(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request of the Messages API as one of chat completions."""
    body: dict[str, Any] = {
        "model": "gpt-4.1",
        "max_completion_tokens": request["max_tokens"],
        "messages": [*_system(request.get("system")), *(turn for m in request["messages"] for turn in _turns(m))],
    }
    if tools := request.get("tools"):
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool["name"],
                    "description": tool["description"],
                    "parameters": tool["input_schema"],
                },
            }
            for tool in tools
        ]
    if request.get("stream"):
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _system(system: Any) -> list[dict[str, Any]]:
    return [{"role": "system", "content": _text(system)}] if system else []


def _turns(message: dict[str, Any]) -> Iterable[dict[str, Any]]:
    content = message["content"]
    if isinstance(content, str):
        yield {"role": message["role"], "content": content}
        return
    for block in content:
        if block["type"] == "tool_result":
            yield {"role": "tool", "tool_call_id": block["tool_use_id"], "content": _text(block["content"])}
    texts = [block for block in content if block["type"] == "text"]
    calls = [
        {
            "id": block["id"],
            "type": "function",
            "function": {"name": block["name"], "arguments": orjson.dumps(block["input"]).decode()},
        }
        for block in content
        if block["type"] == "tool_use"
    ]
    if texts or calls:
        turn: dict[str, Any] = {"role": message["role"], "content": _text(texts) or None}
        yield {**turn, "tool_calls": calls} if calls else turn


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(block["text"] for block in content)


if __name__ == "__main__":
    serve(BareTranslator)
