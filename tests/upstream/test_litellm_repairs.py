"""What LiteLLM gets wrong and is put right here, each thing on a real socket, and Cohere's answers as values."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from proxy_core.errors import ProviderFailed, StreamBroken
from proxy_core.upstream import litellm_cohere
from proxy_core.upstream.litellm_engine import LiteLLM
from proxy_core.upstream.port import UpstreamCall
from tests.support.chat_server import (
    Body,
    Finish,
    Head,
    Request,
    Step,
    chat_server,
    completion,
    delta,
    sse,
    streamed,
    text_stream,
    whole,
)
from tests.upstream.calls import call_to, chunks_of, drained, text_of

# Its own, in its own code and in what pydantic says of it.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
async def engine() -> AsyncIterator[LiteLLM]:
    engine = LiteLLM(now=lambda: 1_700_000_000.0)
    await engine.warm_up()
    yield engine
    await engine.aclose()


def groq(base_url: str, *, stream: bool = True) -> UpstreamCall:
    return replace(call_to(base_url, stream=stream), provider="groq", model="llama-3.3-70b-versatile")


def cohere(address: str, *, stream: bool = True) -> UpstreamCall:
    return replace(call_to(f"{address}/v2/chat", stream=stream), provider="cohere", model="command-a-03-2025")


class TestDone:
    async def test_nothing_but_done_is_no_answer(self, engine: LiteLLM) -> None:
        async with chat_server(streamed("[DONE]")) as server:
            with pytest.raises(ProviderFailed, match="not an answer"):
                await engine.open(groq(server.base_url))

    async def test_an_empty_answer_is_one(self, engine: LiteLLM) -> None:
        async with chat_server(streamed(delta(role="assistant", content=""), delta("stop"), "[DONE]")) as server:
            got, error = await drained(await engine.open(groq(server.base_url)))
        assert (text_of(got), error) == ("", None)

    async def test_done_in_the_text_is_text(self, engine: LiteLLM) -> None:
        async with chat_server(text_stream("It ends ", "with data: [DONE] ", "there.")) as server:
            got, error = await drained(await engine.open(groq(server.base_url)))
        assert (text_of(got), error) == ("It ends with data: [DONE] there.", None)


async def test_an_answer_without_a_service_tier(engine: LiteLLM) -> None:
    async with chat_server(whole(completion("Hello"))) as server:
        (chunk,) = await chunks_of(engine, groq(server.base_url, stream=False))
    assert text_of([chunk]) == "Hello"


async def test_no_tokenizer_is_loaded_until_one_counts(engine: LiteLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    from litellm import main, utils

    loaded: list[str] = []

    class Tokenizer:
        def encode(self, text: str) -> list[int]:
            return [len(word) for word in text.split()]

    def load() -> Tokenizer:
        loaded.append("tokenizer")
        return Tokenizer()

    monkeypatch.setattr(main.encoding, "_make", load)
    monkeypatch.setattr(utils, "get_default_encoding", load)
    async with chat_server(text_stream("Hi")) as server:
        assert text_of(await chunks_of(engine, groq(server.base_url))) == "Hi"
        await asyncio.sleep(0.2)  # what LiteLLM does behind an answer
    assert loaded == []
    assert main.encoding.encode("one more") == [3, 4]
    assert loaded == ["tokenizer"]


@pytest.mark.parametrize("stream", [True, False])
async def test_ollama_is_asked_for_the_answer_alone(engine: LiteLLM, stream: bool) -> None:
    """LiteLLM would ask for the model's facts, too, and stop the event loop until they come."""

    def line(**fields: Any) -> dict[str, Any]:
        return {"model": "x", "created_at": "2026-01-01T00:00:00Z", **fields}

    last = line(message={"role": "assistant", "content": "lo"}, done=True, done_reason="stop", eval_count=2)
    lines = [line(message={"role": "assistant", "content": "Hel"}, done=False), last] if stream else [last]
    body = "".join(json.dumps(each) + "\n" for each in lines).encode()
    async with chat_server([Head(headers={"content-type": "application/x-ndjson"}), Body(body), Finish()]) as server:
        call = replace(call_to(server.address, stream=stream), provider="ollama", model="a-model-of-ones-own")
        async with asyncio.timeout(60):
            got = await chunks_of(engine, call)
        await asyncio.sleep(0.2)  # its handler of successes comes after the answer
        assert text_of(got) == ("Hello" if stream else "lo")
        assert [request.target for request in server.requests] == ["/api/chat"]


async def test_a_result_goes_to_gemini_under_its_functions_name(engine: LiteLLM) -> None:
    part = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Snow."}]}, "finishReason": "STOP"}]}
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"town": "Ulm"}'}}
    messages = [
        {"role": "user", "content": "the weather?"},
        {"role": "assistant", "content": "Let me look.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "snow in Ulm"},
    ]
    function = {"name": "weather", "parameters": {"type": "object", "properties": {"town": {"type": "string"}}}}
    async with chat_server([Head(), Body(sse(part)), Finish()]) as server:
        asked = call_to(
            f"{server.address}/v1beta", messages=messages, tools=[{"type": "function", "function": function}]
        )
        await chunks_of(engine, replace(asked, provider="gemini", model="gemini-2.5-pro"))
        (request,) = server.requests
    (declared,) = request.json["tools"][0]["function_declarations"]
    assert declared["name"] == "weather"
    used, told = (entry["parts"] for entry in request.json["contents"][1:])
    assert used[1]["function_call"] == {"name": "weather", "args": {"town": "Ulm"}}
    assert told == [{"function_response": {"name": "weather", "response": {"content": "snow in Ulm"}}}]


def event(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    """An event of Cohere's as its documentation has it."""
    return {"type": kind, **({} if index is None else {"index": index}), "delta": {"message": message}}


def ended(reason: str) -> dict[str, Any]:
    tokens = {"input_tokens": 12, "output_tokens": 5}
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": {"tokens": tokens}}}


def named(*events: Mapping[str, Any]) -> list[Step]:
    """A stream with its ``event:`` lines."""
    frames = [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events]
    return [Head(headers={"content-type": "text/event-stream"}), Body("".join(frames).encode(), 40), Finish()]


START = {"id": "c14c80c3", **event("message-start", role="assistant", content=[], tool_calls=[])}
TEXT = (
    event("content-start", 0, content={"type": "text", "text": ""}),
    event("content-delta", 0, content={"text": "Good "}),
    event("content-delta", 0, content={"text": "evening."}),
)


class TestCohere:
    async def test_text(self, engine: LiteLLM) -> None:
        async with chat_server(named(START, *TEXT, {"type": "content-end", "index": 0}, ended("COMPLETE"))) as server:
            stream = await engine.open(cohere(server.address))
            got, error = await drained(stream)
        assert (text_of(got), error, stream.declared_end) == ("Good evening.", None, True)
        assert (got[-1]["usage"]["prompt_tokens"], got[-1]["usage"]["completion_tokens"]) == (12, 5)

    async def test_a_plan_thinking_and_calls(self, engine: LiteLLM) -> None:
        def call(kind: str, index: int, **call: Any) -> dict[str, Any]:
            return event(f"tool-call-{kind}", index, tool_calls=call)

        def opening(index: int, id_: str) -> dict[str, Any]:
            return call("start", index, id=id_, type="function", function={"name": "weather", "arguments": ""})

        steps = named(
            START,
            event("content-delta", 0, content={"type": "thinking", "thinking": "Hm. "}),
            event("tool-plan-delta", tool_plan="I will look."),
            opening(0, "call_a"),
            call("delta", 0, function={"arguments": '{"town": '}),
            call("delta", 0, function={"arguments": '"Ulm"}'}),
            call("end", 0),
            opening(1, "call_b"),
            call("delta", 1, function={"arguments": "{}"}),
            ended("TOOL_CALL"),
        )
        async with chat_server(steps) as server:
            got, error = await drained(await engine.open(cohere(server.address)))
        deltas = [choice["delta"] for chunk in got for choice in chunk["choices"]]
        assert error is None
        assert "".join(each.get("reasoning_content", "") for each in deltas) == "Hm. I will look."
        parts = [part for each in deltas for part in each.get("tool_calls", ())]
        assert [(part["index"], part["function"]["arguments"]) for part in parts] == [
            (0, ""),
            (0, '{"town": '),
            (0, '"Ulm"}'),
            (1, ""),
            (1, "{}"),
        ]
        assert [part["id"] for part in parts if part.get("id")] == ["call_a", "call_b"]
        reasons = [choice["finish_reason"] for chunk in got for choice in chunk["choices"] if "finish_reason" in choice]
        assert reasons == ["tool_calls"]

    @pytest.mark.parametrize("end", [(), (ended("ERROR"),)], ids=["cut", "a fault for a reason"])
    async def test_no_end_is_made_up(self, engine: LiteLLM, end: tuple[dict[str, Any], ...]) -> None:
        async with chat_server(named(START, *TEXT, *end)) as server:
            got, error = await drained(await engine.open(cohere(server.address)))
        assert (text_of(got), type(error)) == ("Good evening.", StreamBroken)

    @pytest.mark.parametrize(("reason", "finish"), [("MAX_TOKENS", "length"), ("COMPLETE", "stop")])
    async def test_a_whole_answer_ends_as_it_says(self, engine: LiteLLM, reason: str, finish: str) -> None:
        async with chat_server(whole(self.answer(reason, content=[{"type": "text", "text": "Good"}]))) as server:
            (chunk,) = await chunks_of(engine, cohere(server.address, stream=False))
        assert (text_of([chunk]), chunk["choices"][0]["finish_reason"]) == ("Good", finish)
        assert chunk["usage"]["total_tokens"] == 17

    async def test_a_whole_answer_that_failed_is_no_answer(self, engine: LiteLLM) -> None:
        async with chat_server(whole(self.answer("ERROR", content=[{"type": "text", "text": "Go"}]))) as server:
            with pytest.raises(ProviderFailed):
                await engine.open(cohere(server.address, stream=False))

    async def test_a_whole_answer_keeps_its_text_beside_its_calls(self, engine: LiteLLM) -> None:
        call = {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
        answer = self.answer(
            "TOOL_CALL", content=[{"type": "text", "text": "Let me look."}], tool_plan="First.", tool_calls=[call]
        )
        async with chat_server(whole(answer)) as server:
            (chunk,) = await chunks_of(engine, cohere(server.address, stream=False))
        (choice,) = chunk["choices"]
        assert choice["delta"]["content"] == "Let me look."
        assert choice["delta"]["reasoning_content"] == "First."
        assert [made["id"] for made in choice["delta"]["tool_calls"]] == ["call_a"]

    async def test_its_own_words_go_to_it(self, engine: LiteLLM) -> None:
        def answer(request: Request) -> list[Step]:
            assert request.json["model"] == "command-a-03-2025"
            assert request.json["messages"] == [{"role": "user", "content": "Hi"}]
            return whole(self.answer("COMPLETE", content=[{"type": "text", "text": "Good"}]))

        async with chat_server(answer) as server:
            assert text_of(await chunks_of(engine, cohere(server.address, stream=False))) == "Good"
            assert [request.target for request in server.requests] == ["/v2/chat"]

    @staticmethod
    def answer(reason: str, **message: Any) -> dict[str, Any]:
        tokens = {"input_tokens": 12, "output_tokens": 5}
        return {
            "id": "c14c80c3",
            "finish_reason": reason,
            "message": {"role": "assistant", **message},
            "usage": {"tokens": tokens},
        }

    @pytest.mark.parametrize(
        "odd",
        [{}, {"type": "debug"}, {"type": "content-delta"}, {"type": "content-delta", "delta": {"message": None}}],
    )
    def test_an_event_that_says_nothing_is_an_empty_delta(self, odd: dict[str, Any]) -> None:
        assert litellm_cohere.chunk_of(odd) == {"choices": [{"index": 0, "delta": {}}]}


@pytest.mark.parametrize("stream", [True, False])
async def test_nothing_is_asked_of_a_hub_that_nobody_chose(
    engine: LiteLLM, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    looked_up: list[str] = []
    look_up = socket.getaddrinfo

    def recording(host: str, *given: Any, **named: Any) -> Any:
        if host != "127.0.0.1":
            looked_up.append(host)
            raise socket.gaierror
        return look_up(host, *given, **named)

    monkeypatch.setattr(socket, "getaddrinfo", recording)
    async with chat_server(text_stream("Hello.") if stream else whole(completion("Hello."))) as server:
        call = replace(call_to(server.base_url, stream=stream), provider="huggingface", model="someone/a-model")
        assert text_of(await chunks_of(engine, call)) == "Hello."
    assert looked_up == []
