"""Local servers found and model lists read."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import httpx
import pytest

from proxy_core.catalogue import discovery
from proxy_core.catalogue.discovery import LocalServer, NativeList, list_models, local_servers
from proxy_core.catalogue.listing import Listed
from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.catalogue.values import Provider
from proxy_core.config.outbound_policy import OutboundPolicy
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine
from proxy_core.errors import KeyRefused, ProviderError, ProviderFailed, ProviderTimeout, ProxyUnusable, Unreachable

KEY = Secret("sk-for-the-provider-only")
HERE = "http://127.0.0.1:11434/v1"
OPENAI = PROVIDERS["openai"]

Handler = Callable[[httpx.Request], Awaitable[httpx.Response]]


def names(models: tuple[Listed, ...] | None) -> tuple[str, ...]:
    assert models is not None
    return tuple(model.name for model in models)


def models(*names: str, owned_by: str = "") -> httpx.Response:
    return httpx.Response(200, json={"object": "list", "data": [{"id": name, "owned_by": owned_by} for name in names]})


@dataclass
class Network:
    """Answers every request in one way, and keeps what it was asked."""

    answer: httpx.Response | Handler | Exception
    asked: list[httpx.Request] = field(default_factory=list)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, httpx.Response) else await self.answer(request)

    async def local(self, *providers: Provider, seconds: float = 60) -> tuple[LocalServer, ...]:
        return await local_servers(providers, seconds=seconds, transport=httpx.MockTransport(self.handle))

    async def models(
        self, provider: Provider, key: Secret | None = KEY, seconds: float = 60
    ) -> tuple[Listed, ...] | None:
        transport = httpx.MockTransport(self.handle)
        return await list_models(provider, key, OutboundPolicy(), seconds=seconds, transport=transport)


def local(id_: str, base_url: str = HERE) -> Provider:
    return replace(PROVIDERS[id_], base_url=base_url, local=True)


async def silence(request: httpx.Request) -> httpx.Response:
    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("configured", "owner", "told"),
    [
        ("ollama", "library", "ollama"),
        ("lm_studio", "organization_owner", "lm_studio"),
        ("hosted_vllm", "vllm", "hosted_vllm"),
        ("llamafile", "llamacpp", "llama_cpp"),
        ("ollama", "somebody", "ollama"),
        ("ollama", "", "ollama"),
    ],
)
async def test_a_local_server_is_found_and_told_by_what_it_says(configured: str, owner: str, told: str) -> None:
    network = Network(models("b", "a", owned_by=owner))
    (only,) = await network.local(local(configured))
    assert (only.provider, only.base_url, names(only.models)) == (told, HERE, ("a", "b"))
    assert [str(request.url) for request in network.asked] == [f"{HERE}/models"]


async def test_all_are_asked_at_once_and_one_address_once() -> None:
    all_three = asyncio.Barrier(3)

    async def waits_for_the_others(request: httpx.Request) -> httpx.Response:
        await all_three.wait()
        return models("m") if request.url.port == 8080 else httpx.Response(404)

    network = Network(waits_for_the_others)
    (only,) = await network.local(
        local("ollama", "http://127.0.0.1:1/v1"),
        local("lm_studio", "http://127.0.0.1:1/other"),
        local("llama_cpp", "http://127.0.0.1:8080/v1"),
        local("llamafile", "http://127.0.0.1:8080/v1"),
    )
    assert (only.provider, only.base_url, names(only.models)) == ("llama_cpp", "http://127.0.0.1:8080/v1", ("m",))
    assert sorted(request.url.path for request in network.asked) == ["/other/models", "/v1/models", "/v1/models"]


async def test_a_local_server_gets_no_key_and_no_cookie() -> None:
    network = Network(models("m"))
    await network.local(local("ollama"))
    assert not {"authorization", "cookie", "x-api-key"} & set(network.asked[0].headers)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>a web shop in development</html>"),
        (200, "{}"),
        (200, "[1, 2]"),
        (200, '{"data": [{"name": "no id"}]}'),
        (200, '{"data": "m"}'),
        (404, '{"data": []}'),
        (200, ""),
    ],
)
async def test_another_program_on_the_port_is_no_server_of_models(status: int, body: str) -> None:
    assert await Network(httpx.Response(status, text=body)).local(local("ollama")) == ()


async def test_nothing_on_the_port_and_something_that_speaks_no_http() -> None:
    async def grumble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x01\x02 go away\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(grumble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await local_servers([local("ollama", f"http://127.0.0.1:{port}/v1")]) == ()
    assert await local_servers([local("ollama", f"http://127.0.0.1:{port}/v1")]) == ()


async def test_a_local_server_that_says_nothing_is_not_there() -> None:
    assert await Network(silence).local(local("ollama"), seconds=0.05) == ()


async def test_only_loopback_and_only_openais_format_is_looked_for() -> None:
    network = Network(models("m"))
    anthropic = replace(PROVIDERS["anthropic"], base_url="http://127.0.0.1:1")
    assert await network.local(local("ollama", "http://localhost.invalid:11434/v1"), OPENAI, anthropic) == ()
    assert network.asked == []


async def test_a_redirect_of_a_local_server_is_not_followed() -> None:
    network = Network(httpx.Response(302, headers={"Location": "http://127.0.0.1:2/v1/models"}))
    assert await network.local(local("ollama")) == ()
    assert len(network.asked) == 1


async def test_a_providers_list_is_asked_with_its_key() -> None:
    network = Network(models("m2", "m1", "m2"))
    assert names(await network.models(OPENAI)) == ("m1", "m2")
    assert names(await network.models(OPENAI, None)) == ("m1", "m2")
    with_key, without = network.asked
    assert str(with_key.url) == f"{OPENAI.base_url}/models"
    assert with_key.headers["Authorization"] == f"Bearer {KEY.reveal()}"
    assert "Authorization" not in without.headers


async def test_a_key_may_hold_any_letter() -> None:
    network = Network(models("m"))
    await network.models(OPENAI, Secret("clé"))
    assert dict(network.asked[0].headers.raw)[b"Authorization"] == "Bearer clé".encode()


async def test_a_relay_provider_is_asked_as_anthropic_is() -> None:
    network = Network(models("claude-opus-4-1"))
    assert names(await network.models(PROVIDERS["anthropic"])) == ("claude-opus-4-1",)
    (asked,) = network.asked
    assert asked.url.raw_path == b"/v1/models?limit=1000"
    assert asked.headers["x-api-key"] == KEY.reveal()
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert "Authorization" not in asked.headers


async def test_a_list_without_an_envelope() -> None:
    network = Network(httpx.Response(200, text='[{"id": "b"}, {"id": "a"}]'))
    assert names(await network.models(PROVIDERS["together_ai"])) == ("a", "b")


async def test_a_list_that_comes_compressed() -> None:
    packed = gzip.compress(b'{"data": [{"id": "m"}]}')
    network = Network(httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=packed))
    assert names(await network.models(OPENAI)) == ("m",)


@pytest.mark.parametrize("id_", ["gemini", "bedrock", "demo"])
async def test_who_has_no_list_to_ask(id_: str) -> None:
    assert PROVIDERS[id_].engine in (Engine.LITELLM, Engine.DEMO)
    assert await Network(models()).models(PROVIDERS[id_], None) is None


async def test_gemini_has_a_list_of_its_own_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"models": [{"name": "models/gemini-x", "inputTokenLimit": 1000, "supportedGenerationMethods": []}]}
    network = Network(httpx.Response(200, json=listed))
    url = "https://gemini.test/v1beta/models?pageSize=1000"
    monkeypatch.setattr(discovery, "NATIVE_LISTS", {"gemini": NativeList(url, "x-goog-api-key")})
    (found,) = await network.models(PROVIDERS["gemini"]) or ()
    elsewhere = replace(PROVIDERS["gemini"], base_url="https://gateway.test")
    assert await network.models(elsewhere) is None, "its key is for the gateway, not for Google"
    assert (found.name, found.facts.window, found.chats) == ("gemini-x", 1000, False)
    (asked,) = network.asked
    assert str(asked.url) == url
    assert asked.headers["x-goog-api-key"] == KEY.reveal()
    assert "Authorization" not in asked.headers


async def test_a_redirect_does_not_get_the_key() -> None:
    network = Network(httpx.Response(307, headers={"Location": "https://thief.test/v1/models"}))
    with pytest.raises(ProviderFailed) as error:
        await network.models(OPENAI)
    assert len(network.asked) == 1
    assert error.value.upstream_status == 307


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (f"Incorrect API key: {KEY.reveal()}", KeyRefused, 401),
        ("", KeyRefused, 403),
        ("", ProviderFailed, 404),
        ("boom", ProviderFailed, 500),
        ("<html>", ProviderFailed, 200),
        ('{"data": [{"id": "' + "x" * (9 * 1024 * 1024) + '"}]}', ProviderFailed, 200),
        ('{"data": [' + "[" * 100_000, ProviderFailed, 200),
    ],
)
async def test_what_goes_wrong_is_a_sentence_without_the_key(body: str, kind: type[ProviderError], status: int) -> None:
    with pytest.raises(kind, match="OpenAI") as error:
        await Network(httpx.Response(status, text=body)).models(OPENAI)
    assert error.value.upstream_status == status
    assert error.value.provider == "openai"
    assert KEY.reveal() not in error.value.message


@pytest.mark.parametrize("answer", [silence, httpx.ConnectTimeout("late")])
async def test_a_server_that_says_nothing_is_waited_for_so_long(answer: Handler | Exception) -> None:
    with pytest.raises(ProviderTimeout, match=r"within 0\.05 seconds"):
        await Network(answer).models(OPENAI, seconds=0.05)


async def test_nobody_there() -> None:
    with pytest.raises(Unreachable, match=r"cannot be reached at https://api\.openai\.com/v1"):
        await Network(httpx.ConnectError("refused")).models(OPENAI)


async def test_a_proxy_that_cannot_be_used_is_said() -> None:
    with pytest.raises(ProxyUnusable, match="socks5 proxy"):
        await list_models(OPENAI, KEY, OutboundPolicy("socks5://127.0.0.1:1"))
