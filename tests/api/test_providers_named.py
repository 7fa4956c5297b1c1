"""A name in a request or a role reaches the provider that it names, and no other one in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy_core.catalogue import litellm_data
from proxy_core.catalogue.known import Known
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.config.settings import Profile, RoutingSettings
from proxy_core.routing.roles import RoutingRequest, choose
from tests.support.chat_server import ChatServer, chat_server, text_stream
from tests.support.proxy import Running, running

KNOWN = Known({}, ModelCatalogue())


@asynccontextmanager
async def beside_openai(home: Path, settings: str = "", **environ: str) -> AsyncIterator[tuple[Running, ChatServer]]:
    """A proxy whose only key is OpenAI's, and OpenAI."""
    async with chat_server(text_stream("ok")) as openai:
        variables = {"OPENAI_BASE_URL": openai.base_url, "OPENAI_API_KEY": "sk-openai-0123456789", **environ}
        async with running(home, variables, settings) as proxy:
            yield proxy, openai


@pytest.mark.parametrize("id_", litellm_data.provider_ids())
def test_every_provider_of_litellms_is_known_and_is_meant_by_its_name(id_: str) -> None:
    target = choose(RoutingRequest(f"{id_}/x"), Profile(), RoutingSettings(), KNOWN)
    provider = KNOWN.provider(target.provider)
    assert (target.provider, target.model) == (id_, "x")
    assert provider is not None
    assert id_ == "openai" or "OPENAI_API_KEY" not in provider.key_variables


def test_the_list_of_litellms_providers_is_read_without_importing_it() -> None:
    ids = litellm_data.provider_ids()
    assert len(ids) == len(set(ids)) > 150
    assert {"openai", "modelscope", "text-completion-openai", "nano-gpt"} <= set(ids)
    assert {id_ for id_ in PROVIDERS if id_ not in ids} == {"llama_cpp", "demo"}


@pytest.mark.parametrize(
    "model", ["meta-llama/llama-9", "x/y", "a/b/c", "OpenAi-/gpt-5", "understudy/nobody", "openai/", "/x"]
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
async def test_a_name_of_nobody_is_refused_and_sent_to_nobody(tmp_path: Path, model: str, path: str) -> None:
    async with beside_openai(tmp_path) as (proxy, openai):
        body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
        answer = await proxy.client.post(path, json=body)
        assert openai.requests == []
        assert (await proxy.client.get(f"/v1/models/{model}")).status_code == 404
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert answer.headers["x-should-retry"] == "false"
    message = answer.json()["error"]["message"]
    assert (model.partition("/")[2 if model.startswith(("understudy/", "/")) else 0]) in message


async def test_a_role_whose_provider_nobody_knows_is_refused_too(tmp_path: Path) -> None:
    async with beside_openai(tmp_path, BIG_MODEL="Qwen/Qwen9") as (proxy, openai):
        for model in ("claude-opus-5-5", "claude-haiku-4-5", "understudy/thinker"):
            answer = await proxy.ask(model=model)
            assert answer.status_code == 400
            assert "no provider called Qwen" in answer.json()["error"]["message"]
    assert openai.requests == []


async def test_a_provider_of_the_settings_without_an_address_is_told_so(tmp_path: Path) -> None:
    async with beside_openai(tmp_path, "version = 1\n[providers.my-box]\ncustom = true\n") as (proxy, openai):
        answer = await proxy.ask(model="my-box/coder")
    assert openai.requests == []
    assert "my-box has no base URL" in answer.json()["error"]["message"]


async def test_a_provider_without_an_address_of_its_own_never_gets_openais(tmp_path: Path) -> None:
    async with beside_openai(tmp_path) as (proxy, openai):
        answer = await proxy.ask(model="xinference/x")
    assert openai.requests == []
    assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false")
    assert "has no base URL" in answer.json()["error"]["message"]


@pytest.mark.parametrize("stored", ["", "[profiles.Default]\nsmall = 'ollama/tiny'\n"])
async def test_with_big_on_this_machine_nothing_leaves_it(tmp_path: Path, stored: str) -> None:
    async with chat_server(text_stream("ok")) as ollama:
        address = {"OLLAMA_API_BASE": ollama.base_url, "BIG_MODEL": "ollama/qwen3"}
        async with beside_openai(tmp_path, f"version = 1\n{stored}", **address) as (proxy, openai):
            for fields in (
                {"model": "claude-opus-5-5", "output_config": {"effort": "max"}, "thinking": {"type": "adaptive"}},
                {"model": "claude-sonnet-5-5", "thinking": {"type": "enabled", "budget_tokens": 2000}},
                {"model": "claude-haiku-4-5"},
                {"model": "understudy/thinker"},
                {"model": "understudy/small"},
            ):
                assert (await proxy.ask(stream=True, **fields)).status_code == 200
            roles = (await proxy.client.get("/v1/models?wait=0&limit=3")).json()["data"]
    assert openai.requests == []
    small = "tiny" if stored else "qwen3"
    assert [asked.json["model"] for asked in ollama.requests] == ["qwen3", "qwen3", small, "qwen3", small]
    assert [role["target"] for role in roles] == ["ollama/qwen3", f"ollama/{small}", "ollama/qwen3"]
    assert "same as BIG" in next(record.why for record in proxy.heard.records.values() if record.role == "THINKER")
