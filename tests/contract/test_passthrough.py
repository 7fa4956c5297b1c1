"""Passthrough: Anthropic gets the client's bytes and the client gets Anthropic's, as if nobody stood between them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.contract.serving_openai import TOKEN
from tests.support import claude_code, processes
from tests.support.chat_server import (
    Body,
    ChatServer,
    Finish,
    Head,
    Script,
    Step,
    chat_server,
    text_stream,
    whole,
)
from tests.support.processes import Serving

OWN_KEY = "sk-ant-own-7c1e90aa4b5d"
STORED_KEY = "sk-ant-stored-02f6b8d13e"

START = {
    "type": "message_start",
    "message": {
        "id": "msg_real",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 777, "output_tokens": 1, "future_tokens": 3},
    },
}
FRAMES = (
    START,
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "It is I, “Claude”."}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 9},
    },
    {"type": "message_stop"},
)
STREAM = b"".join(b"event: %b\ndata: %b\n\n" % (str(f["type"]).encode(), json.dumps(f).encode()) for f in FRAMES)
ANSWER: list[Step] = [
    Head(headers={"content-type": "text/event-stream; charset=utf-8", "request-id": "req_real", "x-future": "kept"}),
    Body(STREAM, piece=100),
    Finish(),
]


ODD_BODY = (
    '{ "model":"claude-opus-5-5", "messages": [{"role":"user","content":"H\\u00e9 \\ud83c\\udfad é"}],\n'
    '  "max_tokens" : 1e2, "stream": true, "future": {"b": 1, "a": [1.50, null]} }'
).encode()
HEADERS = {
    "x-understudy-token": TOKEN,
    "x-api-key": OWN_KEY,
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "future-2027-01-01,another",
    "x-claude-code-session-id": "0a1b",
    "user-agent": "claude-cli/2.1.330 (external, cli)",
    "cookie": "a=b",
    "x-forwarded-for": "10.0.0.1",
}


@contextlib.asynccontextmanager
async def passing_through(
    folder: Path, *scripts: Script, variables: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Serving, httpx.AsyncClient, ChatServer]]:
    async with chat_server(*scripts) as anthropic:
        environ = {"UNDERSTUDY_PASSTHROUGH_URL": anthropic.address, "BIG_MODEL": "passthrough", **(variables or {})}
        async with (
            processes.serving(folder / "understudy", variables=environ, token=TOKEN) as understudy,
            httpx.AsyncClient(base_url=understudy.address, headers=HEADERS, trust_env=False) as client,
        ):
            yield understudy, client, anthropic
    for secret in (TOKEN, OWN_KEY, STORED_KEY):
        assert secret not in understudy.printed
        assert not [name for name, content in understudy.files().items() if secret.encode() in content]


async def test_bytes_pass_unchanged_both_ways(tmp_path: Path) -> None:
    async with passing_through(tmp_path, ANSWER) as (_, client, anthropic):
        answer = await client.post("/v1/messages?beta=true&x=%20y", content=ODD_BODY)
        (request,) = anthropic.requests
    assert request.body == ODD_BODY
    assert request.target == "/v1/messages?beta=true&x=%20y"
    for name in ("anthropic-version", "anthropic-beta", "x-claude-code-session-id", "user-agent", "x-api-key"):
        assert request.headers[name] == HEADERS[name]
    assert not {"x-understudy-token", "cookie", "x-forwarded-for"} & request.headers.keys()
    assert request.headers["host"] == anthropic.address.removeprefix("http://")
    assert answer.content == STREAM
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (answer.headers["request-id"], answer.headers["x-future"]) == ("req_real", "kept")


async def test_a_refusal_passes_unchanged(tmp_path: Path) -> None:
    refusal = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_9"}
    async with passing_through(tmp_path, whole(refusal, 529, retry_after="7")) as (_, client, _):
        answer = await client.post("/v1/messages", content=ODD_BODY)
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (529, refusal, "7")


async def test_tokens_are_counted_by_anthropic(tmp_path: Path) -> None:
    async with passing_through(tmp_path, whole({"input_tokens": 4711})) as (_, client, anthropic):
        answer = await client.post("/v1/messages/count_tokens?beta=true", content=ODD_BODY)
        (request,) = anthropic.requests
    assert answer.json() == {"input_tokens": 4711}
    assert request.target == "/v1/messages/count_tokens?beta=true"


async def test_a_stored_key_takes_the_place_of_the_clients(tmp_path: Path) -> None:
    stored = {"ANTHROPIC_API_KEY": STORED_KEY}
    async with passing_through(tmp_path, ANSWER, variables=stored) as (_, client, anthropic):
        login = {"authorization": "Bearer login-of-a-subscription"}
        await client.post("/v1/messages", content=ODD_BODY, headers=login)
        (request,) = anthropic.requests
    assert request.headers["x-api-key"] == STORED_KEY
    assert "authorization" not in request.headers


async def test_small_goes_elsewhere_while_big_passes_through(tmp_path: Path) -> None:
    async with chat_server(text_stream("Small ", "talk.")) as openai:
        variables = {
            "SMALL_MODEL": "openai/gpt-4o-mini",
            "OPENAI_BASE_URL": openai.base_url,
            "OPENAI_API_KEY": "sk-small-1234567890abcdef",
        }
        async with passing_through(tmp_path, ANSWER, variables=variables) as (_, client, anthropic):
            small = ODD_BODY.replace(b"claude-opus-5-5", b"claude-haiku-5-5")
            answers = [await client.post("/v1/messages", content=body) for body in (small, ODD_BODY)]
            assert (len(openai.requests), len(anthropic.requests)) == (1, 1)
    assert b"talk." in answers[0].content
    assert answers[1].content == STREAM
    assert openai.requests[0].json["model"] == "gpt-4o-mini"
    assert OWN_KEY not in json.dumps(dict(openai.requests[0].headers))


@pytest.mark.claude_code
@pytest.mark.slow
@pytest.mark.parametrize("version", claude_code.VERSIONS)
async def test_claude_code_speaks_to_anthropic_with_its_own_key(version: str, tmp_path: Path) -> None:
    async with passing_through(tmp_path, ANSWER) as (understudy, _, anthropic):
        run = await claude_code.run(
            version,
            "Who are you?",
            base_url=understudy.address,
            folder=tmp_path,
            variables={"ANTHROPIC_API_KEY": OWN_KEY, "ANTHROPIC_CUSTOM_HEADERS": f"x-understudy-token: {TOKEN}"},
        )
        requests = list(anthropic.requests)
    assert (run.is_error, run.result) == (False, "It is I, “Claude”.")
    assert (run.usage["input_tokens"], run.usage["output_tokens"]) == (777, 9)
    assert run.asked_outside == ()
    for request in requests:
        assert request.headers["x-api-key"] == OWN_KEY
        assert request.json["model"].startswith("claude-")
        assert TOKEN not in json.dumps(dict(request.headers))
