"""An answer that says nothing, or nothing that can be read, is an error to the client and never a good end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy_core.anthropic_api.events import TextDelta
from proxy_core.errors import StreamBroken
from proxy_core.ledger.request_events import State
from proxy_core.translate.stream import StreamTranslator
from proxy_core.upstream.port import as_chunk
from tests.support.chat_server import Script, chat_server, completion, delta, streamed, usage, whole
from tests.support.proxy import Running, running

KEY = "sk-upstream-0123456789"


def choice(**fields: Any) -> dict[str, Any]:
    """An answer that does not stream, with this as its only choice."""
    return {**completion(), "choices": [{"index": 0, **fields}]}


def message(content: Any, finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    return choice(message={"role": "assistant", "content": content, **more}, finish_reason=finish)


WHOLE: dict[str, Any] = {
    "no choice": {**completion(), "choices": []},
    "no message": choice(finish_reason="stop"),
    "a message of null": choice(message=None, finish_reason="stop"),
    "a message that is text": choice(message="Hi", finish_reason="stop"),
    "a completion of the old kind": choice(text="Hi", finish_reason="stop"),
    "content that is an object": message({"answer": "Hi"}),
    "content that is an empty object": message({}),
    "content that is a number": message(42),
    "content that is false": message(False),
    "content of numbers": message([1, 2]),
    "calls that are none": message(None, "tool_calls", tool_calls={"name": "Bash"}),
    "a call that is text": message(None, "tool_calls", tool_calls=["Bash"]),
    "a call that was not sent": message(None, "tool_calls"),
    "no reason and no content": message(None, None),
    "an error as its reason": message("Half", "error"),
    "a reason that nobody knows": message("Half", "engine_overloaded"),
    "a fault of Gemini's": message("", "MALFORMED_FUNCTION_CALL"),
}

STREAMED: dict[str, list[Any]] = {
    "no choice": [{**delta(), "choices": []}],
    "usage alone": [usage(3, 0)],
    "only a role": [delta(role="assistant", content="")],
    "a reason without a message": [{**delta(), "choices": [{"index": 0, "finish_reason": "stop"}]}],
    "a delta that is text": [{**delta(), "choices": [{"index": 0, "delta": "Hi", "finish_reason": "stop"}]}],
    "content that is an object": [delta(content={"answer": "Hi"}), delta("stop")],
    "content that is a number": [delta(content=42), delta("stop")],
    "calls that are none": [delta(tool_calls={"name": "Bash"}), delta("tool_calls")],
    "a call that was not sent": [delta(role="assistant"), delta("tool_calls")],
    "an error as its reason": [delta(content="Half"), delta("error")],
    "a reason that nobody knows": [delta(content="Half"), delta("abort")],
    "good, then bad": [delta("stop", content="Half"), delta("network_error")],
}

IN_PLACE_OF_CHUNKS: dict[str, list[Any]] = {
    "words": [delta(content="Half"), {"code": "InvalidParameter", "message": "bad thing"}],
    "a detail": [delta(content="Half"), {"detail": "boom"}],
    "a status of MiniMax's": [
        delta(content="Half"),
        {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "no balance"}},
    ],
}
"""Errors that stand where chunks would, each after one."""


@asynccontextmanager
async def stage(home: Path, engine: str, *scripts: Script) -> AsyncIterator[Running]:
    async with chat_server(*scripts) as upstream:
        settings = f'version = 1\n[providers.openai]\nbase_url = "{upstream.base_url}"\nengine = "{engine}"\n'
        async with running(home, {"OPENAI_API_KEY": KEY}, settings) as proxy:
            yield proxy


def is_error(answer: httpx.Response) -> bool:
    """Whether it is one in Anthropic's shape, as a status or as the last event, and no good end beside it."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        told = answer.json()
        return answer.status_code >= 400 and told["type"] == "error" and bool(told["error"]["message"])
    events = [json.loads(line[6:]) for line in answer.text.split("\n") if line.startswith("data: ")]
    names = [event["type"] for event in events]
    return names[-1] == "error" and "message_stop" not in names and bool(events[-1]["error"]["message"])


def translated(*chunks: Any) -> str:
    """The stop reason that these chunks end with, and ``[DONE]`` behind them."""
    translator = StreamTranslator("msg_1", "m")
    for chunk in chunks:
        translator.feed(chunk)
        translator.advance()
    translator.finish(declared_end=True)
    return translator.stop_reason


@pytest.mark.parametrize("chunks", [[as_chunk(body)] for body in WHOLE.values()] + [*STREAMED.values()])
def test_what_is_no_answer_is_no_good_end(chunks: list[Any]) -> None:
    with pytest.raises(StreamBroken) as broken:
        translated(*chunks)
    assert broken.value.try_again


@pytest.mark.parametrize("engine", ["direct", "litellm"])
@pytest.mark.parametrize("name", ["no choice", "no message", "content that is an object", "an error as its reason"])
async def test_a_whole_one_is_an_error_to_the_client(tmp_path: Path, engine: str, name: str) -> None:
    async with stage(tmp_path, engine, *[whole(WHOLE[name])] * 4) as proxy:
        answer = await proxy.ask(model="openai/m")
    assert is_error(answer), answer.text
    assert proxy.heard.last.state is State.FAILED


@pytest.mark.parametrize("engine", ["direct", "litellm"])
@pytest.mark.parametrize("name", ["no choice", "only a role", "a call that was not sent", "an error as its reason"])
async def test_a_streamed_one_is_an_error_to_the_client(tmp_path: Path, engine: str, name: str) -> None:
    async with stage(tmp_path, engine, *[streamed(*STREAMED[name], "[DONE]")] * 4) as proxy:
        answer = await proxy.ask(model="openai/m", stream=True)
    assert is_error(answer), answer.text
    assert proxy.heard.last.state is State.FAILED
    assert "=None" not in answer.text  # no value of Python's own


@pytest.mark.parametrize("name", IN_PLACE_OF_CHUNKS)
async def test_an_error_in_the_place_of_a_chunk_is_told(tmp_path: Path, name: str) -> None:
    async with stage(tmp_path, "direct", streamed(*IN_PLACE_OF_CHUNKS[name], "[DONE]")) as proxy:
        answer = await proxy.ask(model="openai/m", stream=True)
    assert is_error(answer), answer.text


GOOD: dict[str, Any] = {
    "empty": message(""),
    "null": message(None),
    "a part that is not in a list": message({"type": "text", "text": "Hi"}),
    "parts": message([{"type": "text", "text": "Hi"}]),
    "capitals": message("Hi", "STOP"),
    "a placeholder of a call": message("Hi", function_call={"name": "", "arguments": ""}),
    "cut by a filter before it began": choice(finish_reason="content_filter"),
    "cut by the limit before it began": message("", "MAX_TOKENS"),
}
STOPS = {
    "cut by a filter before it began": "refusal",
    "cut by the limit before it began": "max_tokens",
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_one_stays_one(name: str) -> None:
    assert translated(as_chunk(GOOD[name])) == STOPS.get(name, "end_turn")


def test_a_refusal_is_read_where_litellm_puts_it() -> None:
    refused = message(None, provider_specific_fields={"refusal": "I will not."})
    both = message(None, refusal="I will not.", provider_specific_fields={"refusal": "I will not."})
    for body in (refused, both):
        translator = StreamTranslator("msg_1", "m")
        translator.feed(as_chunk(body))
        assert [event.text for event in translator.advance() if isinstance(event, TextDelta)] == ["I will not."]


@pytest.mark.parametrize("reasons", [("stop", "content_filter"), ("content_filter", "stop")])
def test_of_two_reasons_the_bad_one_counts(reasons: tuple[str, str]) -> None:
    assert translated(delta(reasons[0], content="Half"), delta(reasons[1])) == "refusal"
