"""The litellm engine against servers on real sockets, and LiteLLM's habits, each seen switched off."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy_core.config.settings import Timeouts
from proxy_core.errors import (
    ContextOverflow,
    KeyRefused,
    ProviderError,
    ProviderFailed,
    ProviderRejected,
    ProviderTimeout,
    RateLimited,
    StreamBroken,
    Unreachable,
)
from proxy_core.upstream.litellm_engine import LiteLLM
from proxy_core.upstream.port import UpstreamCall
from tests.support.chat_server import (
    Body,
    Cut,
    Finish,
    Hang,
    Head,
    Reset,
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
from tests.upstream.calls import KEY, call_to, chunks_of, drained, text_of

# Its own, in its own code and in what pydantic says of it.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

HELLO = Body(sse(delta(role="assistant", content="Hel"), delta(content="lo")))


@pytest.fixture
async def engine() -> AsyncIterator[LiteLLM]:
    engine = LiteLLM(now=lambda: 1_700_000_000.0)
    await engine.warm_up()
    yield engine
    await engine.aclose()


def openai(base_url: str, *, stream: bool = True, **body: Any) -> UpstreamCall:
    return replace(call_to(base_url, stream=stream, **body), provider="openai")


def gemini(address: str, timeouts: Timeouts | None = None) -> UpstreamCall:
    call = call_to(f"{address}/v1beta", timeouts=timeouts)
    return replace(call, provider="gemini", model="gemini-2.5-pro")


def said(finish: str | None = None, **part: Any) -> dict[str, Any]:
    """A chunk as Gemini sends it."""
    candidate = {"content": {"role": "model", "parts": [part] if part else []}, "index": 0}
    return {
        "candidates": [{**candidate, **({"finishReason": finish} if finish else {})}],
        "usageMetadata": {
            "promptTokenCount": 11,
            "candidatesTokenCount": 2,
            "totalTokenCount": 13,
            "cachedContentTokenCount": 3,
        },
        "modelVersion": "gemini-2.5-pro",
        "responseId": "r1",
    }


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
    """What a process found that loads it twice, in a folder with an .env file; and what else that printed."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / ".env").write_text("OPENAI_API_KEY=sk-from-the-project\nLITELLM_LOG=DEBUG\n")
    program = (
        "import asyncio, gc, json, os, sys\n"
        "from proxy_core.upstream.litellm_engine import LiteLLM\n"
        "seen = []\n"
        "gc.callbacks.append(lambda phase, _: seen.append(phase))\n"
        "asyncio.run(LiteLLM().warm_up())\n"
        "while_loading, frozen, goes_on = seen.count('start'), gc.get_freeze_count(), gc.isenabled()\n"
        "asyncio.run(LiteLLM().warm_up())\n"
        "gc.collect()\n"
        "found = {'while_loading': while_loading, 'later': seen.count('start'), 'frozen': frozen, 'goes_on': goes_on,\n"
        "         'key': os.environ.get('OPENAI_API_KEY')}\n"
        "open(sys.argv[1], 'w').write(json.dumps(found))\n"
    )
    environ = {"PYTHONPATH": str(Path.cwd()), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    told = folder / "found.json"
    command = [sys.executable, "-c", program, str(told)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environ)
    return json.loads(told.read_text()), ran


def test_no_garbage_is_collected_while_it_is_loaded_and_what_it_made_is_never_looked_through(
    loaded: tuple[dict[str, Any], subprocess.CompletedProcess[str]],
) -> None:
    """Python stops everything for it: 190 to 400 ms at a time, of every stream that goes on beside."""
    found, _ = loaded
    assert found["while_loading"] <= 2, "what little comes after the import"
    assert found["later"] > found["while_loading"], "or this counts nothing"
    assert found["goes_on"]
    assert found["frozen"] > 100_000


def test_importing_it_reads_no_env_file_and_prints_nothing(
    loaded: tuple[dict[str, Any], subprocess.CompletedProcess[str]],
) -> None:
    found, ran = loaded
    assert found["key"] is None
    assert (ran.stdout, ran.stderr) == ("", "")


def test_no_room_but_one_loads_litellm_and_that_one_only_when_asked() -> None:
    rooms = ", ".join(f"proxy_core.upstream.{path.stem}" for path in Path("proxy_core/upstream").glob("[a-z]*.py"))
    program = (
        f"import sys, {rooms}\n"
        "proxy_core.upstream.litellm_engine.LiteLLM()\n"
        "proxy_core.upstream.direct.Direct(proxy_core.upstream.http.Http())\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'litellm', 'aiohttp', 'openai', 'httpx', 'pydantic', 'tiktoken'}))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_nothing_is_left_open_when_it_is_closed() -> None:
    program = (
        "import asyncio, gc\n"
        "from proxy_core.upstream.litellm_engine import LiteLLM\n"
        "from tests.support.chat_server import Body, Finish, Head, chat_server, sse, text_stream\n"
        "from tests.upstream.calls import chunks_of, text_of\n"
        "from tests.upstream.test_litellm_engine import gemini, openai, said\n"
        "async def main():\n"
        "    engine = LiteLLM()\n"
        "    stream = [Head(), Body(sse(said(text='Hi'), said('STOP', text=''))), Finish()]\n"
        "    async with chat_server(text_stream('a')) as one, chat_server(stream) as two:\n"
        "        print(text_of(await chunks_of(engine, openai(one.base_url))))\n"
        "        print(text_of(await chunks_of(engine, gemini(two.address))))\n"
        "        await engine.aclose()\n"
        "        await asyncio.sleep(0.1)\n"
        "        print(len(asyncio.all_tasks() - {asyncio.current_task()} - set(one.tasks) - set(two.tasks)))\n"
        "asyncio.run(main())\n"
        "gc.collect()\n"
    )
    command = [sys.executable, "-W", "always::ResourceWarning", "-W", "always::RuntimeWarning", "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == "a\nHi\n0\n"
    assert "ResourceWarning" not in ran.stderr
    assert "RuntimeWarning" not in ran.stderr


class TestThroughOpenAI:
    async def test_interleaved_calls_keep_their_indices(self, engine: LiteLLM) -> None:
        def part(index: int, arguments: str, **more: Any) -> dict[str, Any]:
            named = {"id": more["id"], "type": "function"} if more else {}
            return {
                "index": index,
                **named,
                "function": {**({"name": more["name"]} if more else {}), "arguments": arguments},
            }

        parts = [
            part(0, "", id="call_a", name="f"),
            part(1, "", id="call_b", name="g"),
            part(0, '{"x"'),
            part(1, '{"y"'),
            part(0, ":1}"),
            part(1, ":2}"),
        ]
        steps = streamed(*(delta(tool_calls=[each]) for each in parts), delta("tool_calls"), usage(11, 5, 3), "[DONE]")
        tools = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in "fg"]
        async with chat_server(steps) as server:
            stream = await engine.open(openai(server.base_url, tools=tools))
            got, error = await drained(stream)
        assert (error, stream.declared_end) == (None, True)
        seen = [
            (call["index"], call.get("id"), call["function"]["arguments"])
            for chunk in got
            for choice in chunk["choices"]
            for call in choice["delta"].get("tool_calls", ())
        ]
        assert seen == [(each["index"], each.get("id"), each["function"]["arguments"]) for each in parts]
        assert got[-1]["usage"]["prompt_tokens"] == 11
        assert got[-1]["usage"]["prompt_tokens_details"]["cached_tokens"] == 3

    async def test_what_a_provider_adds_to_a_delta_stays(self, engine: LiteLLM) -> None:
        details = [{"type": "reasoning.encrypted", "data": "x"}]
        steps = streamed(delta(reasoning_content="hm"), delta(content="a", reasoning_details=details), delta("stop"))
        async with chat_server(steps) as server:
            got = await chunks_of(engine, openai(server.base_url))
        assert got[0]["choices"][0]["delta"]["reasoning_content"] == "hm"
        assert got[1]["choices"][0]["delta"]["reasoning_details"] == details

    async def test_tokens_that_the_provider_did_not_tell_are_not_made_up(self, engine: LiteLLM) -> None:
        async with chat_server(streamed(delta(content="a"), delta("stop"), "[DONE]")) as server:
            got = await chunks_of(engine, openai(server.base_url))
        assert not any("usage" in chunk for chunk in got)

    async def test_a_hundred_and_fifty_equal_chunks_are_no_loop(self, engine: LiteLLM) -> None:
        async with chat_server(text_stream(*["same "] * 150)) as server:
            assert text_of(await chunks_of(engine, openai(server.base_url))) == "same " * 150

    async def test_not_streamed(self, engine: LiteLLM) -> None:
        async with chat_server(whole(completion("Hello"))) as server:
            (chunk,) = await chunks_of(engine, openai(server.base_url, stream=False))
        assert (text_of([chunk]), chunk["object"]) == ("Hello", "chat.completion.chunk")
        assert chunk["usage"]["total_tokens"] == 13

    async def test_a_body_steers_nothing_but_the_model(self, engine: LiteLLM) -> None:
        steering = {
            "api_base": "http://127.0.0.1:9",
            "base_url": "http://127.0.0.1:9",
            "api_key": "sk-other",
            "extra_headers": {"x-evil": "1"},
            "extra_body": {"evil": 1},
            "mock_response": "mocked",
            "litellm_params": {},
            "user_config": {},
            "fallbacks": ["gpt-4"],
        }
        async with chat_server(text_stream("true")) as server:
            call = openai(server.base_url)
            call = replace(call, body={**call.body, **steering}, headers={"X-Extra": "1"})
            assert text_of(await chunks_of(engine, call)) == "true"
            (request,) = server.requests
        assert set(request.json) == {"model", "messages", "stream", "stream_options"}
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.headers["x-extra"] == "1"
        assert "x-evil" not in request.headers

    async def test_without_a_key_none_is_taken_from_the_environment(
        self, engine: LiteLLM, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-someone-else")
        async with chat_server(text_stream("a")) as server:
            await chunks_of(engine, replace(openai(server.base_url), api_key=None))
            assert "sk-of-someone-else" not in str(server.requests[0].headers)

    async def test_bedrock_without_a_key_is_asked_by_a_signature(
        self, engine: LiteLLM, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA0123456789ABCDEF")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-aws")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        answer = {
            "output": {"message": {"role": "assistant", "content": [{"text": "true"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 11, "outputTokens": 2, "totalTokens": 13},
        }
        async with chat_server(whole(answer)) as server:
            call = replace(call_to(server.address, stream=False), provider="bedrock", api_key=None)
            assert (
                text_of(await chunks_of(engine, replace(call, model="anthropic.claude-3-5-sonnet-20240620-v1:0")))
                == "true"
            )
            (request,) = server.requests
        assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA0123456789ABCDEF/")
        assert "secret-of-aws" not in str(request.headers)

    async def test_a_provider_of_ones_own_is_spoken_to_as_openai(self, engine: LiteLLM) -> None:
        async with chat_server(text_stream("a")) as server:
            assert text_of(await chunks_of(engine, replace(openai(server.base_url), provider="my-box"))) == "a"
            assert server.requests[0].json["model"] == "test-model"


class TestElsewhere:
    """LiteLLM's clients follow redirects, and a key in a header of its own went along."""

    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize("provider", ["openai", "gemini", "anthropic", "groq"])
    async def test_a_redirect_is_not_followed(self, engine: LiteLLM, provider: str, stream: bool) -> None:
        async with chat_server(whole(completion("stolen"))) as elsewhere:
            away = whole(b"{}", 307, location=f"{elsewhere.address}/v1/chat/completions")
            async with chat_server(away) as server:
                call = replace(call_to(server.base_url, stream=stream), provider=provider, model="gemini-2.5-pro")
                with pytest.raises(ProviderError):
                    await engine.open(call)
                assert len(server.requests) == 1
            assert elsewhere.requests == []


class TestDamage:
    @pytest.mark.parametrize(
        "end",
        [[Cut()], [Wait(0.05), Reset()], [Finish()], [Body(b"data: {bad\n\n"), Finish()]],
        ids=["cut", "reset", "ended without a reason", "malformed"],
    )
    async def test_in_mid_stream_is_never_a_good_end(self, engine: LiteLLM, end: list[Step]) -> None:
        async with chat_server([Head(), HELLO, *end]) as server:
            stream = await engine.open(openai(server.base_url))
            got, error = await drained(stream)
            await server.quiet()
        assert (text_of(got), type(error), stream.declared_end) == ("Hello", StreamBroken, False)

    async def test_a_close_without_framing_is_no_good_end_either(self, engine: LiteLLM) -> None:
        async with chat_server([Head(chunked=False), HELLO, Cut()]) as server:
            got, error = await drained(await engine.open(openai(server.base_url)))
        assert (text_of(got), type(error)) == ("Hello", StreamBroken)

    async def test_an_error_inside_the_answer(self, engine: LiteLLM) -> None:
        body = sse(delta(content="Hel"), {"error": {"message": "the slot broke", "code": 502}})
        async with chat_server([Head(), Body(body), Finish()]) as server:
            got, error = await drained(await engine.open(openai(server.base_url)))
        assert (text_of(got), type(error)) == ("Hel", ProviderFailed)
        assert "the slot broke" in str(error)

    async def test_silence_in_mid_stream(self, engine: LiteLLM) -> None:
        waits = Timeouts(connect=2, first_chunk=5, between_chunks=0.4)
        async with chat_server([Head(), HELLO, Hang()]) as server:
            got, error = await drained(await engine.open(replace(openai(server.base_url), timeouts=waits)))
            await server.client_gone()
        assert (text_of(got), type(error)) == ("Hello", ProviderTimeout)


@pytest.mark.parametrize(
    ("steps", "kind", "words"),
    [
        (
            whole({"error": {"message": "slow down"}}, 429, retry_after="7"),
            RateLimited,
            "Acme is limiting the rate of requests (429). It said: slow down",
        ),
        (
            whole({"error": {"message": f"bad key {KEY}"}}, 401),
            KeyRefused,
            (
                "Acme rejected the API key (401). Replace it in Understudy → Settings → Models and keys, or "
                "run `understudy keys set openai`. It said: bad key …"
            ),
        ),
        (
            whole(
                {
                    "error": {
                        "message": "maximum context length is 8192 tokens. However, you requested 8545 tokens",
                        "code": "context_length_exceeded",
                    }
                },
                400,
            ),
            ContextOverflow,
            "prompt is too long: 8545 tokens > 8192 maximum",
        ),
        (
            whole(b"<html><title>Bad Gateway</title></html>", 502, "text/html"),
            ProviderFailed,
            "Acme failed (502). Try again in a moment. It said: a web page titled “Bad Gateway”",
        ),
        (
            whole(b"<html></html>", 200, "text/html"),
            ProviderRejected,
            "Acme answered with a web page. Check its base URL: it usually ends in /v1.",
        ),
        (
            whole({"status": "ok"}),
            ProviderRejected,
            "Acme answered with something that is not an answer. Check its base URL: it usually ends in /v1.",
        ),
        (
            whole({"error": {"message": "no tools here"}}, 422),
            ProviderRejected,
            "Acme rejected the request (422). It said: no tools here",
        ),
    ],
    ids=["429", "401", "overflow", "502 html", "200 html", "200 json", "422"],
)
async def test_a_bad_answer(engine: LiteLLM, steps: list[Step], kind: type[ProviderError], words: str) -> None:
    async with chat_server(steps) as server:
        with pytest.raises(ProviderError) as raised:
            await engine.open(openai(server.base_url))
        assert len(server.requests) == 1
    assert (type(raised.value), raised.value.message) == (kind, words)
    assert raised.value.retry_after == (7.0 if kind is RateLimited else None)


async def test_nobody_listens(engine: LiteLLM) -> None:
    async with chat_server([Cut()]) as server:
        base_url = server.base_url
    with pytest.raises(Unreachable, match="Is the local server running"):
        await engine.open(openai(base_url))


class TestThroughGemini:
    async def test_text_tokens_and_thought_signatures(self, engine: LiteLLM) -> None:
        call = said(functionCall={"name": "f", "args": {"a": 1}}, thoughtSignature="c2ln")
        body = Body(sse(said(text="Hel"), said(text="lo"), call, said("STOP", text="")))
        async with chat_server([Head(), body, Finish()]) as server:
            stream = await engine.open(gemini(server.address))
            got, error = await drained(stream)
            request = server.requests[0]
        assert (text_of(got), error, stream.declared_end) == ("Hello", None, True)
        (made,) = [call for chunk in got for c in chunk["choices"] for call in c["delta"].get("tool_calls", ())]
        assert made["function"] == {"name": "f", "arguments": '{"a": 1}'}
        assert made["provider_specific_fields"] == {"thought_signature": "c2ln"}
        assert (got[-1]["usage"]["prompt_tokens"], got[-1]["usage"]["completion_tokens"]) == (11, 2)
        assert request.target == "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
        assert request.headers["x-goog-api-key"] == KEY

    @pytest.mark.parametrize("end", [Cut(), Finish()], ids=["cut", "ended without a reason"])
    async def test_a_cut_is_told(self, engine: LiteLLM, end: Step) -> None:
        async with chat_server([Head(), Body(sse(said(text="Hel"))), end]) as server:
            got, error = await drained(await engine.open(gemini(server.address)))
        assert (text_of(got), type(error)) == ("Hel", StreamBroken)

    async def test_its_limit_says_when_it_ends(self, engine: LiteLLM) -> None:
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}]
        body = {"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED", "details": details}}
        async with chat_server(whole(body, 429)) as server:
            with pytest.raises(RateLimited) as raised:
                await engine.open(gemini(server.address))
            assert len(server.requests) == 1
        assert raised.value.retry_after == 17.0

    async def test_silence(self, engine: LiteLLM) -> None:
        async with chat_server([Head(), Hang()]) as server:
            with pytest.raises(ProviderTimeout):
                await engine.open(gemini(server.address, Timeouts(connect=2, first_chunk=1.5, between_chunks=1)))
            await server.client_gone()


class TestLettingGo:
    @pytest.mark.parametrize("provider", [openai, gemini])
    async def test_in_mid_stream(self, engine: LiteLLM, provider: Any) -> None:
        body = HELLO if provider is openai else Body(sse(said(text="Hello")))
        async with chat_server([Head(), body, Hang()]) as server:
            stream = await engine.open(provider(server.base_url if provider is openai else server.address))
            await stream.aclose()
            await stream.aclose()
            await server.client_gone()

    @pytest.mark.parametrize("provider", [openai, gemini])
    @pytest.mark.parametrize("steps", [[Hang()], [Head(), Hang()]], ids=["no head", "no first chunk"])
    async def test_while_opening(self, engine: LiteLLM, provider: Any, steps: list[Step]) -> None:
        async with chat_server(steps) as server:
            call = provider(server.base_url if provider is openai else server.address)
            opening = asyncio.create_task(engine.open(call))
            await server.asked()
            await asyncio.sleep(0.05)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await server.client_gone()
