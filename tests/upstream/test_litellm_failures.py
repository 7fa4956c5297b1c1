"""LiteLLM's failures of any kind become errors of ours, permanent ones are told as such, and nothing is sent twice."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy_core.errors import (
    ProviderError,
    ProviderFailed,
    ProviderRejected,
    SetupIncomplete,
    StreamBroken,
)
from proxy_core.upstream.litellm_engine import LiteLLM
from proxy_core.upstream.port import UpstreamCall
from tests.support.chat_server import (
    Body,
    Cut,
    Finish,
    Head,
    Request,
    Step,
    chat_server,
    completion,
    delta,
    sse,
    streamed,
    whole,
)
from tests.upstream.calls import call_to, chunks_of, drained, text_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),  # LiteLLM's own
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

WORD_FOR_A_CODE = {"error": {"message": "The call did not fit", "type": "invalid_request_error", "code": "tool_failed"}}
KINDS = (ValueError, KeyError, TypeError, AttributeError, RuntimeError, UnicodeError, AssertionError, OSError)


@pytest.fixture
async def engine() -> AsyncIterator[LiteLLM]:
    engine = LiteLLM()
    await engine.warm_up()
    yield engine
    await engine.aclose()


@pytest.fixture
def no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))  # no gcloud, which would be asked
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def to(provider: str, address: str, model: str = "test-model", **body: Any) -> UpstreamCall:
    return replace(call_to(address, **body), provider=provider, model=model)


class TestEachExceptionIsAnError:
    @pytest.mark.parametrize("kind", [*KINDS, ImportError])
    async def test_of_the_call(self, engine: LiteLLM, kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
        async def failing(**_: Any) -> None:
            raise kind("what it stumbled over")

        monkeypatch.setattr("litellm.acompletion", failing)
        with pytest.raises(ProviderError):
            await engine.open(to("openai", "http://127.0.0.1:9/v1"))

    @pytest.mark.parametrize("kind", KINDS)
    async def test_of_its_stream(self, engine: LiteLLM, kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
        async with chat_server(streamed(delta(content="So "), delta(content="far"), delta("stop"))) as server:
            stream = await engine.open(to("openai", server.base_url))

            async def failing(_: Any) -> None:
                raise kind("what it stumbled over")

            monkeypatch.setattr("litellm.CustomStreamWrapper.__anext__", failing)
            got, error = await drained(stream)
        assert (text_of(got), type(error)) == ("So ", StreamBroken)

    @pytest.mark.parametrize("before", [(), (delta(content="So far"),)], ids=["first", "in mid-stream"])
    async def test_a_word_where_litellm_wants_a_number(
        self, engine: LiteLLM, before: tuple[dict[str, Any], ...]
    ) -> None:
        async with chat_server(streamed(*before, WORD_FOR_A_CODE)) as server:
            call = to("groq", server.base_url)
            if before:
                got, error = await drained(await engine.open(call))
            else:
                with pytest.raises(ProviderFailed) as raised:
                    await engine.open(call)
                got, error = [], raised.value
        assert (text_of(got), type(error)) == ("So far" if before else "", ProviderFailed)
        assert "The call did not fit" in str(error)

    async def test_an_error_object_with_a_status_keeps_it(self, engine: LiteLLM) -> None:
        refused = {"error": {"message": "no such field", "type": "invalid_request_error", "code": 400}}
        async with chat_server(streamed(delta(content="So far"), refused)) as server:
            _, error = await drained(await engine.open(to("openai", server.base_url)))
        assert isinstance(error, ProviderRejected)
        assert "no such field" in error.message

    @pytest.mark.parametrize("text", ["", "Let me see."], ids=["first", "in mid-stream"])
    async def test_an_answer_that_its_reader_stumbles_over(self, engine: LiteLLM, text: str) -> None:
        def chunk(part: dict[str, Any]) -> dict[str, Any]:
            return {"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]}

        chunks = [chunk({"text": text})] if text else []
        unfinished = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": 5, "text": 7}
        async with chat_server([Head(), Body(sse(*chunks, chunk(unfinished))), Finish()]) as server:
            call = to("gemini", f"{server.address}/v1beta", "gemini-2.5-flash")
            with pytest.raises(ProviderError):
                await chunks_of(engine, call)
            assert len(server.requests) == 1


class TestWhatIsMissingHereIsPermanent:
    @pytest.mark.parametrize("package", ["google.auth", "botocore.auth"])
    async def test_a_package(
        self, engine: LiteLLM, package: str, no_credentials: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        provider, model = (
            ("vertex_ai", "gemini-2.5-flash") if "google" in package else ("bedrock", "anthropic.claude-sonnet-4-v1:0")
        )
        call = replace(to(provider, "", model), api_key=None)
        with pytest.raises(SetupIncomplete, match=r"is not installed\. Reinstall Understudy") as raised:
            await engine.open(call)
        assert not raised.value.try_again

    @pytest.mark.parametrize(
        ("provider", "model", "remedy"),
        [
            ("vertex_ai", "gemini-2.5-flash", "gcloud auth application-default login"),
            ("vertex_ai", "claude-sonnet-4-5", "gcloud auth application-default login"),
            ("bedrock", "anthropic.claude-sonnet-4-20250514-v1:0", "aws configure"),
        ],
    )
    async def test_credentials(
        self, engine: LiteLLM, provider: str, model: str, remedy: str, no_credentials: None
    ) -> None:
        with pytest.raises(SetupIncomplete, match=remedy) as raised:
            await engine.open(replace(to(provider, "", model), api_key=None))
        assert (raised.value.status, raised.value.try_again) == (400, False)

    async def test_the_file_with_the_credentials(
        self, engine: LiteLLM, no_credentials: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/account.json")
        with pytest.raises(SetupIncomplete, match=r"/nowhere/account.json was not found"):
            await engine.open(replace(to("vertex_ai", "", "gemini-2.5-flash"), api_key=None))

    @pytest.mark.parametrize("provider", ["azure", "azure_ai"])
    async def test_an_address(self, engine: LiteLLM, provider: str) -> None:
        with pytest.raises(SetupIncomplete, match="Acme was not asked"):
            await engine.open(to(provider, "", "gpt-4o"))


PROVIDERS = [
    ("openai", "/v1", "test-model"),
    ("openai", "/v1", "responses/gpt-5.4"),
    ("groq", "/v1", "test-model"),
    ("gemini", "/v1beta", "gemini-2.5-flash"),
    ("anthropic", "", "claude-sonnet-4-5"),
    ("azure", "", "gpt-4o"),
    ("azure_ai", "", "mistral-large"),
    ("bedrock", "", "anthropic.claude-sonnet-4-20250514-v1:0"),
    ("cohere", "/v2/chat", "command-a-03-2025"),
    ("ollama", "/v1", "test-model"),
    ("huggingface", "", "meta-llama/Llama-3.3-70B-Instruct"),
]


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(("provider", "base", "model"), PROVIDERS)
class TestNothingIsSentTwice:
    async def test_after_a_422(self, engine: LiteLLM, provider: str, base: str, model: str, stream: bool) -> None:
        """OpenAI's client leaves out what the answer names and tries again, Azure AI's too."""
        message = "Extra inputs are not permitted: temperature"
        detail = [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": message}]
        refused = {"error": {"message": message, "param": "temperature", "code": "422"}, "detail": detail}
        async with chat_server(whole(refused, 422), whole(completion("paid twice"))) as server:
            call = to(provider, f"{server.address}{base}", model, stream=stream, temperature=0.5)
            with pytest.raises(ProviderRejected, match="Extra inputs are not permitted"):
                await chunks_of(engine, call)
            assert len(server.requests) == 1

    async def test_when_a_kept_connection_is_dropped_without_an_answer(
        self, engine: LiteLLM, provider: str, base: str, model: str, stream: bool
    ) -> None:
        def drop(request: Request) -> list[Step]:
            assert request.connection == 1, "not on the connection that was kept"
            return [Cut()]

        first = whole({"error": {"message": "not now"}}, 404)
        async with chat_server(first, drop, whole(completion("paid twice"))) as server:
            call = to(provider, f"{server.address}{base}", model, stream=stream)
            with pytest.raises(ProviderError):
                await chunks_of(engine, call)
            with pytest.raises(StreamBroken, match="closed the connection before it answered"):
                await chunks_of(engine, call)
            assert len(server.requests) == 2


async def test_a_new_call_is_sent_anew(engine: LiteLLM) -> None:
    async with chat_server(whole({"error": {"message": "x"}}, 422), whole(completion("Hello"))) as server:
        call = to("openai", server.base_url, stream=False)
        with pytest.raises(ProviderRejected):
            await engine.open(call)
        assert text_of(await chunks_of(engine, call)) == "Hello"
