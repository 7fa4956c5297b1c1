"""A passthrough request that goes on before it is read: what Anthropic gets, and the story that is told of it."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy_core.anthropic_api.request import model_at_the_head
from proxy_core.ledger.request_events import BodyCaptured, BodyKind, Routed, Started, State
from tests.support.chat_server import ChatServer, Script, chat_server, whole
from tests.support.proxy import Running, request, running

JSON = {"content-type": "application/json"}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
REFUSAL = {"type": "error", "error": {"type": "invalid_request_error", "message": "not JSON"}, "request_id": "req_9"}


@asynccontextmanager
async def stage(home: Path, *scripts: Script, **environ: str) -> AsyncIterator[tuple[Running, ChatServer]]:
    async with chat_server(*scripts) as anthropic:
        variables = {
            "UNDERSTUDY_PASSTHROUGH_URL": anthropic.address,
            "BIG_MODEL": "passthrough",
            "ANTHROPIC_API_KEY": "sk-ant-0123456789",
            **environ,
        }
        async with running(home, variables) as proxy:
            yield proxy, anthropic


async def post(proxy: Running, body: bytes) -> httpx.Response:
    return await proxy.client.post("/v1/messages", content=body, headers=JSON)


@pytest.mark.parametrize(
    ("body", "model"),
    [
        (b'{"model":"claude-opus-5-5","messages":[', "claude-opus-5-5"),
        (b' {\n "model" : "claude:openai/gpt-4.1" ,', "claude:openai/gpt-4.1"),
        (b'{"stream":true,"model":"claude-opus-5-5"}', ""),
        (b'{"model":"claude-\\u006fpus"}', ""),
        (b'{"model":"claude opus"}', ""),
        (b'{"model":null}', ""),
        (b'[{"model":"claude-opus-5-5"}]', ""),
        (b"", ""),
    ],
)
def test_only_a_plain_name_at_the_head_counts(body: bytes, model: str) -> None:
    assert model_at_the_head(body) == model


def told(proxy: Running) -> list[str]:
    return [type(events).__name__ for events in proxy.heard.events]


async def test_its_story_is_as_if_it_had_been_read_first(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 4000}
    records = {}
    unread = request(**asked)
    read_first = {name: unread[name] for name in reversed(unread)}  # its model stands last
    for name, fields in (("unread", unread), ("read first", read_first)):
        body = json.dumps(fields).encode()
        assert bool(model_at_the_head(body)) is (name == "unread")
        async with stage(tmp_path / name, whole(MESSAGE)) as (proxy, _):
            assert (await post(proxy, body)).json() == MESSAGE
            records[name] = proxy.heard.last
            order = told(proxy)
            assert order[:2] == ["Started", "BodyCaptured"]
            seen = [order.index(name) for name in ("Routed", "AttemptMade", "FirstContent", "Finished")]
            assert seen == sorted(seen)
    record = records["unread"]
    assert (record.state, record.role, record.model) == (State.DONE, "THINKER", "claude-sonnet-5-5")
    assert "thinking budget of 2000" in record.why
    assert record.usage is not None
    assert (record.usage.input, record.usage.output) == (3, 1)
    for name in (
        "asked_for",
        "streamed",
        "role",
        "why",
        "provider",
        "model",
        "engine",
        "usage",
        "stop_reason",
        "state",
    ):
        assert getattr(record, name) == getattr(records["read first"], name), name


async def test_what_is_wrong_with_it_anthropic_says(tmp_path: Path) -> None:
    body = b'{"model":"claude-sonnet-5-5","messages":[{"role":"user","con'
    async with stage(tmp_path, whole(REFUSAL, 400)) as (proxy, anthropic):
        answer = await post(proxy, body)
        assert (answer.status_code, answer.json()) == (400, REFUSAL)
        assert [asked.body for asked in anthropic.requests] == [body]
        carried = next(n for n in proxy.heard.events if isinstance(n, BodyCaptured) and n.part is BodyKind.REQUEST)
    assert carried.data == body
    record = proxy.heard.last
    assert (record.asked_for, record.role, record.state, record.status) == (
        "claude-sonnet-5-5",
        "BIG",
        State.FAILED,
        400,
    )


async def test_where_one_role_is_somebody_elses_it_is_read_first(tmp_path: Path) -> None:
    body = b'{"model":"claude-sonnet-5-5","messages":[{"role":"user","con'
    async with stage(tmp_path, whole(REFUSAL, 400), THINKER_MODEL="openai/o3") as (proxy, anthropic):
        answer = await post(proxy, body)
        assert answer.json()["error"]["message"] == "The request body is not valid JSON."
        assert anthropic.requests == []


async def test_one_that_names_two_models_went_to_the_first(tmp_path: Path) -> None:
    body = (
        b'{"model":"claude-sonnet-5-5","max_tokens":5,"messages":[{"role":"user","content":"x"}],"model":"openai/o3"}'
    )
    async with stage(tmp_path, whole(MESSAGE)) as (proxy, anthropic):
        assert (await post(proxy, body)).status_code == 200
        assert [asked.body for asked in anthropic.requests] == [body]
    record = proxy.heard.last
    assert (record.asked_for, record.provider, record.model) == ("claude-sonnet-5-5", "anthropic", "claude-sonnet-5-5")


async def test_one_that_never_left_has_a_story_too(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        async with stage(tmp_path, UNDERSTUDY_PASSTHROUGH_URL=address) as (proxy, _):
            answer = await proxy.ask()
            assert answer.json()["type"] == "error"
            assert [type(events) for events in proxy.heard.events[:3]] == [Started, BodyCaptured, Routed]
    assert proxy.heard.last.state is State.FAILED


async def test_without_a_key_it_is_told_what_to_do(tmp_path: Path) -> None:
    async with stage(tmp_path, ANTHROPIC_API_KEY="") as (proxy, anthropic):
        answer = await proxy.ask()
        assert answer.status_code == 400
        assert "understudy keys set anthropic" in answer.json()["error"]["message"]
        assert anthropic.requests == []
    assert (proxy.heard.last.role, proxy.heard.last.state) == ("BIG", State.FAILED)
