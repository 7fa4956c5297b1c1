"""The official Anthropic SDK, over a socket, against ``understudy serve`` in front of another vendor's API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anthropic
import httpx
import pytest
import pytest_asyncio
from anthropic.types import Message, MessageParam, ToolParam

from tests import anthropic_grammar
from tests.contract.conftest import Stage
from tests.contract.serving_openai import KEY, TOKEN
from tests.support.chat_server import (
    Hang,
    completion,
    delta,
    streamed,
    text_stream,
    usage,
    whole,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO: list[MessageParam] = [{"role": "user", "content": "Hello?"}]
WEATHER: ToolParam = {
    "name": "weather",
    "description": "The weather in a town.",
    "input_schema": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
}
MODEL = "claude-sonnet-5-5"


@pytest_asyncio.fixture(loop_scope="module")
async def client(stage: Stage) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.DefaultAsyncHttpxClient(trust_env=False, timeout=30) as http:
        yield anthropic.AsyncAnthropic(base_url=stage.address, api_key=TOKEN, max_retries=0, http_client=http)


async def streamed_message(client: anthropic.AsyncAnthropic, *tools: ToolParam) -> Message:
    """What the SDK makes of a streamed answer."""
    async with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO, tools=tools) as stream:
        return await stream.get_final_message()


def call(index: int, id_: str = "", name: str = "", arguments: str = "") -> dict[str, object]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value or key == "arguments"}
    return {"index": index, "function": function, **({"id": id_, "type": "function"} if id_ else {})}


INTERLEAVED = streamed(
    delta(role="assistant", content=""),
    delta(content="Let me look."),
    delta(tool_calls=[call(0, "call_ulm", "weather"), call(1, "call_bonn", "weather")]),
    delta(tool_calls=[call(1, arguments='{"town": "Bo')]),
    delta(tool_calls=[call(0, arguments='{"town": ')]),
    delta(tool_calls=[call(1, arguments='nn"}')]),
    delta(tool_calls=[call(0, arguments='"Ulm"}')]),
    delta("tool_calls"),
    usage(1200, 34, 1000),
    "[DONE]",
    piece=50,
)


async def test_a_streamed_answer(stage: Stage, client: anthropic.AsyncAnthropic) -> None:
    pieces = ("Good ", "evening, ", "“dear” 🎭.")
    stage.plays(text_stream(*pieces, piece=9))
    async with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        said = "".join([piece async for piece in stream.text_stream])
        message = await stream.get_final_message()
    (request,) = stage.model.requests
    assert said == "".join(pieces)
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("end_turn", 11, 3)
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json["messages"][-1]["content"] == "Hello?"


async def test_an_answer_that_does_not_stream(stage: Stage, client: anthropic.AsyncAnthropic) -> None:
    stage.plays(whole(completion("Good evening.")))
    message = await client.messages.create(model=MODEL, max_tokens=100, messages=HELLO)
    (block,) = message.content
    assert (block.type, getattr(block, "text", "")) == ("text", "Good evening.")
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("end_turn", 11, 2)


async def test_interleaved_calls_keep_their_arguments(stage: Stage, client: anthropic.AsyncAnthropic) -> None:
    stage.plays(INTERLEAVED)
    message = await streamed_message(client, WEATHER)
    told = [(b.id, b.name, b.input) for b in message.content if b.type == "tool_use"]
    assert told == [("call_ulm", "weather", {"town": "Ulm"}), ("call_bonn", "weather", {"town": "Bonn"})]
    assert message.stop_reason == "tool_use"
    used = message.usage
    assert (used.input_tokens, used.cache_read_input_tokens, used.output_tokens) == (200, 1000, 34)


async def test_the_bytes_of_a_stream_keep_to_the_grammar(stage: Stage) -> None:
    stage.plays(INTERLEAVED)
    body = {"model": MODEL, "max_tokens": 100, "messages": HELLO, "tools": [WEATHER], "stream": True}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        headers = {"authorization": f"Bearer {TOKEN}"}
        answer = await http.post(f"{stage.address}/v1/messages", json=body, headers=headers)
    reading = anthropic_grammar.read(answer.content)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (reading.text, [tool.input["town"] for tool in reading.tools]) == ("Let me look.", ["Ulm", "Bonn"])


async def test_thinking_comes_as_thinking(stage: Stage, client: anthropic.AsyncAnthropic) -> None:
    chunks = (
        delta(role="assistant", content=None),
        delta(reasoning_content="First "),
        delta(reasoning_content="this."),
        delta(content="Then that."),
        delta("stop"),
        usage(5, 6),
        "[DONE]",
    )
    stage.plays(streamed(*chunks))
    message = await streamed_message(client)
    assert [(b.type, getattr(b, "thinking", getattr(b, "text", ""))) for b in message.content] == [
        ("thinking", "First this."),
        ("text", "Then that."),
    ]


async def test_tokens_are_counted(stage: Stage, client: anthropic.AsyncAnthropic) -> None:
    stage.plays(text_stream("x"))
    count = client.messages.count_tokens
    few = await count(model=MODEL, messages=HELLO)
    long = "One word after another. " * 200
    many = await count(model=MODEL, messages=[{"role": "user", "content": long}], tools=[WEATHER])
    assert 0 < few.input_tokens < 50
    assert 900 < many.input_tokens < 1500
    assert stage.model.requests == []


async def test_models_are_listed(client: anthropic.AsyncAnthropic) -> None:
    listed = {model.id: model.display_name async for model in client.models.list()}
    assert any("gpt-4.1-mini" in name for name in listed.values())


async def test_a_wrong_token_is_refused_and_nothing_is_sent_on(stage: Stage, client: anthropic.AsyncAnthropic) -> None:
    stage.plays(text_stream("x"))
    with pytest.raises(anthropic.AuthenticationError) as refusal:
        await client.with_options(api_key="us-wrong").messages.create(model=MODEL, max_tokens=100, messages=HELLO)
    assert refusal.value.request_id
    assert stage.model.requests == []


async def test_a_rate_limit_says_when_to_come_back(stage: Stage, client: anthropic.AsyncAnthropic) -> None:
    limit = {"error": {"message": "Slow down.", "type": "rate_limit", "code": "rate_limit_exceeded"}}
    stage.plays(whole(limit, 429, retry_after="61"))
    with pytest.raises(anthropic.RateLimitError) as told:
        await client.messages.create(model=MODEL, max_tokens=100, messages=HELLO)
    assert told.value.response.headers["retry-after"] == "61"


async def test_an_error_after_the_stream_began_is_an_error(stage: Stage, client: anthropic.AsyncAnthropic) -> None:
    fault = {"error": {"message": "It fell over.", "code": 500}}
    stage.plays(streamed(delta(role="assistant", content=""), delta(content="Good"), fault))
    with pytest.raises(anthropic.APIStatusError):
        await streamed_message(client)


async def test_a_client_that_goes_takes_the_provider_along(stage: Stage, client: anthropic.AsyncAnthropic) -> None:
    stage.plays([*streamed(delta(role="assistant", content=""), delta(content="Good"))[:-1], Hang()])
    gone = stage.model.closed_by_client
    async with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        async for piece in stream.text_stream:
            assert piece == "Good"
            break
    await stage.model.client_gone(gone + 1)
