"""``POST /v1/messages`` over a real socket, in front of a chat-completions server that does what a script says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy_core.api import streaming
from proxy_core.ledger.request_events import State
from tests.anthropic_grammar import read
from tests.support.chat_server import (
    Body,
    ChatServer,
    Cut,
    Finish,
    Hang,
    Head,
    Request,
    Script,
    Step,
    Wait,
    chat_server,
    completion,
    delta,
    sse,
    streamed,
    text_stream,
    usage,
    whole,
)
from tests.support.proxy import TOKEN, Running, request, running

KEY = "sk-upstream-0123456789"


@asynccontextmanager
async def stage(home: Path, *scripts: Script, **environ: str) -> AsyncIterator[tuple[Running, ChatServer]]:
    async with chat_server(*scripts) as upstream:
        variables = {"OPENAI_BASE_URL": upstream.base_url, "OPENAI_API_KEY": KEY, **environ}
        async with running(home, variables) as proxy:
            yield proxy, upstream


def error_of(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    assert body["type"] == "error"
    assert body["request_id"].startswith("req_")
    assert body["request_id"] == answer.headers["request-id"]
    assert KEY not in answer.text
    error: dict[str, Any] = body["error"]
    return error


async def test_a_streamed_answer(tmp_path: Path) -> None:
    async with stage(tmp_path, text_stream("Hel", "lo")) as (proxy, upstream):
        answer = await proxy.ask(stream=True)
    reading = read(answer.content)
    assert (answer.status_code, reading.text, reading.stop_reason) == (200, "Hello", "end_turn")
    assert reading.model == "claude-sonnet-5-5"
    sent = upstream.requests[0]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.json["model"] == "gpt-4.1"
    assert sent.json["stream_options"] == {"include_usage": True}
    record = proxy.heard.last
    assert (record.state, record.role, record.provider, record.model, record.engine) == (
        State.DONE,
        "BIG",
        "openai",
        "gpt-4.1",
        "direct",
    )
    assert record.why == "claude-sonnet-5-5 → BIG"
    assert record.usage is not None
    assert (record.usage.input, record.usage.output) == (11, 2)
    assert record.time_to_first_token is not None
    assert len(record.attempts) == 1


async def test_an_answer_that_is_not_streamed(tmp_path: Path) -> None:
    async with stage(tmp_path, whole(completion("Hello"))) as (proxy, upstream):
        answer = await proxy.ask()
    message = answer.json()
    assert message["content"] == [{"type": "text", "text": "Hello"}]
    assert message["usage"]["input_tokens"] == 11
    assert upstream.requests[0].json["stream"] is False


@pytest.mark.parametrize(
    ("status", "body", "headers", "seen", "kind", "again"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}, {}, 400, "invalid_request_error", False),
        (403, {"error": {"message": "no"}}, {}, 400, "invalid_request_error", False),
        (402, {"error": {"message": "pay"}}, {}, 402, "billing_error", False),
        (404, {"error": {"message": "model not found", "code": "model_not_found"}}, {}, 404, "not_found_error", False),
        (400, {"error": {"message": "bad tool"}}, {}, 400, "invalid_request_error", False),
        (429, {"error": {"message": "slow down"}}, {"retry_after": "61"}, 429, "rate_limit_error", True),
        (500, {"error": {"message": "oops"}}, {"retry_after": "30"}, 502, "api_error", True),
        (503, {"error": {"message": "busy"}}, {"retry_after": "30"}, 529, "overloaded_error", True),
    ],
)
async def test_what_a_provider_refuses_is_told_so_that_the_client_does_the_right_thing(
    tmp_path: Path, status: int, body: dict[str, Any], headers: dict[str, str], seen: int, kind: str, again: bool
) -> None:
    async with stage(tmp_path, whole(body, status, **headers)) as (proxy, _):
        for streams in (True, False):
            answer = await proxy.ask(stream=streams)
            assert (answer.status_code, error_of(answer)["type"]) == (seen, kind)
            assert answer.headers.get("x-should-retry") == (None if again else "false")
            if "retry_after" in headers:
                assert answer.headers["retry-after"] == headers["retry_after"]
        assert proxy.heard.last.state is State.FAILED


async def test_overflow_is_worded_so_that_claude_code_compacts(tmp_path: Path) -> None:
    said = "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens."
    refused = whole({"error": {"message": said, "code": "context_length_exceeded"}}, 400)
    async with stage(tmp_path, refused) as (proxy, _):
        error = error_of(await proxy.ask(stream=True))
    assert error["message"] == "prompt is too long: 130001 tokens > 128000 maximum"


@pytest.mark.parametrize("status", [429, 503, 529])
async def test_a_request_that_was_turned_away_is_sent_again(tmp_path: Path, status: int) -> None:
    async with stage(tmp_path, whole({}, status), text_stream("ok")) as (proxy, upstream):
        answer = await proxy.ask(stream=True)
    assert read(answer.content).text == "ok"
    assert len(upstream.requests) == 2
    assert [attempt.status for attempt in proxy.heard.last.attempts] == [status, 200]


@pytest.mark.parametrize("status", [429, 503, 529])
async def test_a_provider_may_forbid_that(tmp_path: Path, status: int) -> None:
    async with stage(tmp_path, whole({}, status, x_should_retry="false")) as (proxy, upstream):
        answer = await proxy.ask(stream=True)
    assert answer.headers["x-should-retry"] == "false"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", [408, 409, 500, 502, 504, 520, 524])
async def test_a_request_that_may_have_been_worked_on_is_sent_once(tmp_path: Path, status: int) -> None:
    async with stage(tmp_path, whole({}, status)) as (proxy, upstream):
        await proxy.ask(stream=True)
        await proxy.ask()
        assert len(upstream.requests) == 2
    assert all(len(record.attempts) == 1 for record in proxy.heard.records.values())


async def test_a_cut_is_an_error_at_the_end_and_never_a_good_one(tmp_path: Path) -> None:
    cut: list[Step] = [Head(), Body(sse(delta(content="Half a"))), Wait(0.05), Cut()]
    async with stage(tmp_path, cut) as (proxy, _):
        answer = await proxy.ask(stream=True)
        reading = read(answer.content)
        assert not reading.complete
        assert reading.text == "Half a"
        assert proxy.heard.last.state is State.FAILED
        whole_one = await proxy.ask()
        assert whole_one.status_code == 502


async def test_a_clean_close_without_an_end_is_a_cut(tmp_path: Path) -> None:
    async with stage(tmp_path, [Head(), Body(sse(delta(content="Half"))), Finish()]) as (proxy, _):
        assert not read((await proxy.ask(stream=True)).content).complete


async def test_an_error_inside_the_stream(tmp_path: Path) -> None:
    script = streamed(delta(content="A"), {"error": {"message": "The server had an error", "code": 500}})
    async with stage(tmp_path, script) as (proxy, _):
        reading = read((await proxy.ask(stream=True)).content)
    assert reading.error is not None
    assert "server had an error" in reading.error["message"]


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    "said",
    [
        whole(b"<html><body>Welcome to the portal</body></html>", content_type="text/html"),
        whole({"status": "ok"}),
        whole(b"[1, 2]"),
    ],
    ids=["a page", "an object", "a list"],
)
async def test_something_else_than_an_answer_is_asked_for_once(tmp_path: Path, said: Script, streams: bool) -> None:
    async with stage(tmp_path, said) as (proxy, upstream):
        answer = await proxy.ask(stream=streams)
        assert len(upstream.requests) == 1
    assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false")
    assert "Check its base URL" in error_of(answer)["message"]


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("script", [[Hang()], [Head(), Body(sse(delta(content="A"))), Hang()]], ids=["head", "middle"])
async def test_when_the_client_leaves_the_provider_is_let_go(tmp_path: Path, script: Script, streams: bool) -> None:
    async with stage(tmp_path, script) as (proxy, upstream):
        asking = asyncio.create_task(proxy.ask(stream=streams))
        await upstream.asked()
        await asyncio.sleep(0.1)
        asking.cancel()
        await upstream.client_gone()
        async with asyncio.timeout(30):
            while proxy.heard.last.state is State.RUNNING:
                await asyncio.sleep(0.01)
        assert proxy.heard.last.state is State.CANCELLED


async def test_silence_is_filled_with_pings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PING_AFTER", 0.1)
    monkeypatch.setattr(streaming, "KEEP_ALIVE_EVERY", 2)
    script: list[Step] = [
        Wait(0.35),
        Head(),
        Body(sse(delta(content="A"))),
        Wait(0.5),
        Body(sse(delta("stop"), usage(1, 1), "[DONE]")),
        Finish(),
    ]
    async with stage(tmp_path, script) as (proxy, _):
        answer = await proxy.ask(stream=True)
    reading = read(answer.content)
    assert reading.complete
    assert reading.pings >= 4
    assert b'"text_delta","text":""' in answer.content


async def test_an_error_after_the_first_ping_is_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PING_AFTER", 0.1)
    async with stage(tmp_path, [Wait(0.3), *whole({"error": {"message": "bad tool"}}, 400)]) as (proxy, _):
        answer = await proxy.ask(stream=True)
    assert answer.status_code == 200
    reading = read(answer.content)
    assert reading.error is not None
    assert "bad tool" in reading.error["message"]


async def test_back_pressure_reaches_the_provider(tmp_path: Path) -> None:
    """A client that reads nothing must not make the proxy take in the whole answer."""
    text = "x" * 10_000
    flood = streamed(*[delta(content=text)] * 4_000, delta("stop"), "[DONE]")
    async with stage(tmp_path, flood) as (proxy, upstream):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        body = httpx.Request("POST", proxy.url, json=request(stream=True)).content
        head = f"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1:{proxy.port}\r\nx-api-key: {TOKEN}\r\n"
        writer.write(f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await asyncio.sleep(1.0)
        assert upstream.written < 20_000_000
        assert proxy.heard.last.state is State.RUNNING
        writer.close()
        del reader


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"model":"x"}', 400),
        (b'{"model":"","messages":[]}', 400),
        (b'{"model":"x","messages":[1]}', 400),
        (b'{"model":"x","messages":[{"role":"user","content":3}]}', 400),
        (b'{"model":"x","messages":[{"role":"user","content":"a"}],"max_tokens":"many"}', 400),
    ],
)
async def test_what_is_no_request_is_refused_in_shape(tmp_path: Path, body: bytes, status: int) -> None:
    async with stage(tmp_path, []) as (proxy, upstream):
        answer = await proxy.client.post("/v1/messages", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == status
        error_of(answer)
        assert upstream.requests == []


async def test_a_missing_key_says_what_to_do(tmp_path: Path) -> None:
    async with running(tmp_path, {}) as proxy:
        answer = await proxy.ask(stream=True)
    assert answer.status_code == 400
    assert "understudy keys set openai" in error_of(answer)["message"]


async def test_steering_words_in_a_body_change_nothing(tmp_path: Path) -> None:
    words = ("api_base", "base_url", "api_key", "extra_headers", "extra_body", "litellm_params", "mock_response")
    async with stage(tmp_path, whole(completion())) as (proxy, upstream):
        answer = await proxy.ask(**dict.fromkeys(words, "http://127.0.0.1:9/evil"))
    assert answer.status_code == 200
    assert b"evil" not in upstream.requests[0].body
    assert upstream.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_a_change_of_profile_reaches_the_next_request(tmp_path: Path) -> None:
    async with stage(tmp_path, whole(completion())) as (proxy, upstream):
        await proxy.ask()
        (tmp_path / "settings.toml").write_text('version = 1\n[profiles.Default]\nbig = "openai/gpt-4o-mini"\n')
        async with asyncio.timeout(30):
            while upstream.requests[-1].json["model"] != "gpt-4o-mini":
                await asyncio.sleep(0.2)
                await proxy.ask()


async def test_the_model_that_is_not_claudes_is_asked_for_by_name(tmp_path: Path) -> None:
    async with stage(tmp_path, whole(completion())) as (proxy, upstream):
        await proxy.ask(model="openai/o-next")
        await proxy.ask(model="understudy/small")
        await proxy.ask(model="claude:openai/gpt-4o")
    assert [sent.json["model"] for sent in upstream.requests] == ["o-next", "gpt-4.1-mini", "gpt-4o"]


async def test_tokens_are_counted(tmp_path: Path) -> None:
    async with stage(tmp_path, []) as (proxy, upstream):
        short = await proxy.client.post("/v1/messages/count_tokens", json=request("hello world"))
        long = await proxy.client.post("/v1/messages/count_tokens", json=request("hello world " * 1000))
    assert 2 <= short.json()["input_tokens"] <= 12
    assert 1900 <= long.json()["input_tokens"] <= 2100
    assert upstream.requests == []


async def test_the_list_of_models(tmp_path: Path) -> None:
    async with running(tmp_path, {"BIG_MODEL": "gemini/gemini-2.5-pro"}) as proxy:
        models = (await proxy.client.get("/v1/models?limit=1000")).json()
    ids = [model["id"] for model in models["data"]]
    assert ids[:3] == ["claude:understudy/big", "claude:understudy/small", "claude:understudy/thinker"]
    assert "claude:gemini/gemini-2.5-pro" in ids
    assert all(id_.startswith("claude") for id_ in ids)


async def test_a_field_that_the_model_refuses_is_left_out_and_remembered(tmp_path: Path) -> None:
    def picky(sent: Request) -> list[Step]:
        for field, sentence in (
            ("max_completion_tokens", "Unrecognized request argument supplied: max_completion_tokens"),
            ("temperature", "Unsupported value: 'temperature' does not support 0.2 with this model."),
        ):
            if field in sent.json:
                return whole({"error": {"message": sentence, "type": "invalid_request_error"}}, 400)
        return whole(completion("fine"))

    async with stage(tmp_path, picky) as (proxy, upstream):
        first = await proxy.ask(temperature=0.2)
        assert first.json()["content"][0]["text"] == "fine"
        assert upstream.requests[-1].json["max_tokens"] == 100
        assert [attempt.status for attempt in proxy.heard.last.attempts] == [400, 400, 200]
        assert any("temperature" in warning for warning in proxy.heard.last.warnings)
        await proxy.ask(temperature=0.2)
        assert len(proxy.heard.last.attempts) == 1
        assert any("temperature" in warning for warning in proxy.heard.last.warnings)


async def test_a_refusal_of_what_was_asked_is_no_reason_to_change_it(tmp_path: Path) -> None:
    refusal = whole({"error": {"message": "Invalid tool: messages.0.content is not supported"}}, 400)
    async with stage(tmp_path, refusal) as (proxy, upstream):
        assert (await proxy.ask(temperature=0.2)).status_code == 400
        assert len(upstream.requests) == 1


async def test_what_cannot_fit_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    async with stage(tmp_path, whole(completion())) as (proxy, upstream):
        too_long = await proxy.ask(text="lorem ipsum " * 100_000, model="openai/gpt-4o")
        assert too_long.status_code == 400
        message = error_of(too_long)["message"]
        assert message.startswith("prompt is too long: ")
        assert message.endswith(" tokens > 128000 maximum")
        assert upstream.requests == []
        assert (await proxy.ask(text="lorem ipsum " * 30_000, model="openai/gpt-4o")).status_code == 200
        assert (await proxy.ask(text="lorem ipsum " * 100_000, model="openai/unheard-of")).status_code == 200
