"""Providers that LiteLLM carries, as aimock speaks them: what they say, call, refuse and break off comes out right.

aimock 1.43 speaks all five natively: Gemini's ``generateContent``, Azure's deployments, Bedrock's Converse (in AWS's
binary frames), Cohere's ``/v2/chat`` and Ollama's ``/api/chat`` (newline-separated JSON). Three things it does not: it
reads Gemini's tools and results in camelCase alone, where Google takes LiteLLM's snake_case as well (so what goes there
is looked at in ``tests/upstream/test_litellm_repairs.py``); it gives Ollama no token counts; it cuts streams only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from proxy_core.config import paths
from tests import anthropic_grammar
from tests.contract.serving_openai import TOKEN
from tests.support import aimock, processes

pytestmark = [pytest.mark.aimock, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

KEY = "planted-5c1d7e90ab34f286"


@dataclass(frozen=True, slots=True)
class Speech:
    """How aimock and LiteLLM are brought together: the model asked for, where it answers, where its key is found."""

    model: str
    path: str
    name: str
    key_variable: str
    asked_at: str
    keeps_ids: bool = True
    counts: bool = True


SPEECHES = {
    "gemini": Speech(
        "gemini/gemini-2.5-pro", "/v1beta", "Google Gemini", "GEMINI_API_KEY", "/v1beta/models/gemini-2.5-pro:"
    ),
    "azure": Speech("azure/gpt-4.1", "", "Azure OpenAI", "AZURE_API_KEY", "/openai/deployments/gpt-4.1/chat/"),
    "bedrock": Speech(
        "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0",
        "",
        "Amazon Bedrock",
        "AWS_BEARER_TOKEN_BEDROCK",
        "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse",
    ),
    "cohere": Speech("cohere/command-a-03-2025", "/v2/chat", "Cohere", "COHERE_API_KEY", "/v2/chat"),
    "ollama": Speech(
        "ollama/a-model-of-ones-own", "", "Ollama", "OLLAMA_API_KEY", "/api/chat", keeps_ids=False, counts=False
    ),
}


def costs(prompt: int, output: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}


TOOL = {
    "name": "weather",
    "description": "The weather in a town.",
    "input_schema": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
}
TOWNS = {"call_ulm": "Ulm", "call_bonn": "Bonn"}
CALLS = [{"id": id_, "name": "weather", "arguments": {"town": town}} for id_, town in TOWNS.items()]
CALLING: dict[str, Any] = {"content": "Let me look.", "toolCalls": CALLS, "usage": costs(120, 34)}
ANSWERED: dict[str, Any] = {"content": "Snow in both.", "usage": costs(140, 5)}

FIXTURES: list[dict[str, Any]] = [
    {"match": {"userMessage": "limit"}, "response": {"error": {"message": "Slow down"}, "status": 429}},
    {"match": {"userMessage": "key"}, "response": {"error": {"message": f"Bad key {KEY}"}, "status": 401}},
    {"match": {"userMessage": "fault"}, "response": {"error": {"message": "It fell over"}, "status": 500}},
    {
        "match": {"userMessage": "cut"},
        "response": {"content": "one two three four five six seven eight nine ten eleven twelve thirteen"},
        "chunkSize": 8,
        "latency": 20,
        "truncateAfterChunks": 5,
    },
    {"match": {"toolCallId": "call_bonn", "toolResultContains": "snow in Bonn"}, "response": ANSWERED},
    {"match": {"model": "a-model-of-ones-own", "toolResultContains": "snow in Bonn"}, "response": ANSWERED},
    *(
        {"match": {"userMessage": "weather", "hasToolResult": False, **match}, "response": CALLING, "chunkSize": 6}
        for match in ({"toolName": "weather"}, {"model": "gemini-2.5-pro"})
    ),
    {
        "match": {"userMessage": "greet"},
        "response": {"content": "Good evening, “dear” 🎭. It is [DONE].", "usage": costs(11, 7)},
        "chunkSize": 9,
    },
    {"match": {"model": "gemini-2.5-pro", "turnIndex": 1}, "response": ANSWERED},
]


@dataclass(frozen=True, slots=True)
class Theatre:
    """Understudy, and aimock behind it."""

    client: httpx.AsyncClient
    provider: aimock.Aimock

    async def ask(self, provider: str, text: str, *, stream: bool, **fields: Any) -> httpx.Response:
        messages = [{"role": "user", "content": text}]
        body = {"model": SPEECHES[provider].model, "max_tokens": 100, "messages": messages, "stream": stream, **fields}
        return await self.client.post("/v1/messages", json=body)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theatre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    folder = tmp_path_factory.mktemp("theatre")
    home = folder / "understudy"
    async with aimock.running(folder / "aimock", FIXTURES) as provider:
        _write_settings(home, provider.address)
        keys = {speech.key_variable: KEY for speech in SPEECHES.values()}
        async with (
            processes.serving(home, variables=keys, token=TOKEN) as understudy,
            httpx.AsyncClient(
                base_url=understudy.address, headers={"x-api-key": TOKEN}, trust_env=False, timeout=60
            ) as client,
        ):
            yield Theatre(client, provider)
        assert KEY not in understudy.printed


def _write_settings(home: Path, address: str) -> None:
    file = paths.find({"UNDERSTUDY_HOME": str(home)}).settings_file
    file.parent.mkdir(parents=True)
    tables = (
        f'[providers.{id_}]\nengine = "litellm"\nbase_url = "{address}{speech.path}"'
        for id_, speech in SPEECHES.items()
    )
    file.write_text("\n".join(["version = 1", *tables]), "utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer, streamed or not: its text, its calls as (id, town), why it ended, its tokens in and out."""

    text: str
    calls: list[tuple[str, str]]
    stop_reason: str | None
    tokens: tuple[int, int]


def answer_in(response: httpx.Response, *, stream: bool) -> Answer:
    assert response.status_code == 200, response.text
    if stream:
        reading = anthropic_grammar.read(response.content)
        assert reading.complete, reading.error
        calls = [(call.id, call.input["town"]) for call in reading.tools]
        used = reading.usage
        return Answer(reading.text, calls, reading.stop_reason, (used["input_tokens"], used["output_tokens"]))
    message = response.json()
    content, used = message["content"], message["usage"]
    return Answer(
        "".join(block["text"] for block in content if block["type"] == "text"),
        [(block["id"], block["input"]["town"]) for block in content if block["type"] == "tool_use"],
        message["stop_reason"],
        (used["input_tokens"], used["output_tokens"]),
    )


providers = pytest.mark.parametrize("provider", SPEECHES)
streamed_or_not = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])


@providers
@streamed_or_not
async def test_text(theatre: Theatre, provider: str, stream: bool) -> None:
    answer = answer_in(await theatre.ask(provider, "greet me", stream=stream), stream=stream)
    tokens = (11, 7) if SPEECHES[provider].counts else (0, 0)
    assert answer == Answer("Good evening, “dear” 🎭. It is [DONE].", [], "end_turn", tokens)
    asked = (await theatre.provider.journal())[-1]
    assert asked["path"].startswith(SPEECHES[provider].asked_at)


@providers
@streamed_or_not
async def test_calls(theatre: Theatre, provider: str, stream: bool) -> None:
    answer = answer_in(await theatre.ask(provider, "the weather?", stream=stream, tools=[TOOL]), stream=stream)
    speech = SPEECHES[provider]
    assert (answer.text, answer.stop_reason) == ("Let me look.", "tool_use")
    assert answer.tokens == ((120, 34) if speech.counts else (0, 0))
    if speech.keeps_ids:
        assert answer.calls == list(TOWNS.items())
    else:
        assert [town for _, town in answer.calls] == list(TOWNS.values())
        assert len({id_ for id_, _ in answer.calls}) == len(TOWNS)


@providers
@streamed_or_not
async def test_results(theatre: Theatre, provider: str, stream: bool) -> None:
    used = [{"type": "tool_use", "id": id_, "name": "weather", "input": {"town": town}} for id_, town in TOWNS.items()]
    told = [{"type": "tool_result", "tool_use_id": id_, "content": f"snow in {town}"} for id_, town in TOWNS.items()]
    messages = [
        {"role": "user", "content": "the weather?"},
        {"role": "assistant", "content": [{"type": "text", "text": "Let me look."}, *used]},
        {"role": "user", "content": told},
    ]
    answer = answer_in(await theatre.ask(provider, "", stream=stream, tools=[TOOL], messages=messages), stream=stream)
    assert (answer.text, answer.calls, answer.stop_reason) == ("Snow in both.", [], "end_turn")


@streamed_or_not
@pytest.mark.parametrize(
    ("asked", "status", "kind", "words"),
    [
        ("limit", 429, "rate_limit_error", "{name} is limiting the rate of requests (429). It said: Slow down"),
        ("key", 400, "invalid_request_error", "{name} rejected the API key (401). {advice} It said: Bad key …"),
        ("fault", 502, "api_error", "{name} failed (500). Try again in a moment. It said: It fell over"),
    ],
    ids=["429", "401", "500"],
)
async def test_refusals(theatre: Theatre, stream: bool, asked: str, status: int, kind: str, words: str) -> None:
    """All providers at once: the proxy tries again after a while what may pass."""
    answers = await asyncio.gather(*(theatre.ask(provider, asked, stream=stream) for provider in SPEECHES))
    for (provider, speech), answer in zip(SPEECHES.items(), answers, strict=True):
        advice = f"Replace it in Understudy → Settings → Models and keys, or run `understudy keys set {provider}`."
        told = answer.json()
        assert (answer.status_code, told["type"], told["error"]["type"]) == (status, "error", kind)
        assert told["error"]["message"] == words.format(name=speech.name, advice=advice)
        assert told["request_id"]


@providers
async def test_a_cut(theatre: Theatre, provider: str) -> None:
    answer = await theatre.ask(provider, "cut", stream=True)
    assert answer.status_code == 200, answer.text
    reading = anthropic_grammar.read(answer.content)
    assert "one two three four five six seven eight nine ten eleven twelve thirteen".startswith(reading.text)
    assert (reading.text != "", reading.complete, reading.stop_reason) == (True, False, None)
    assert reading.error is not None
    assert reading.error["message"].startswith(f"{SPEECHES[provider].name} broke off its answer")
