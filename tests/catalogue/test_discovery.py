"""Local servers found and model lists read, from real servers on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from proxy_core.catalogue import discovery
from proxy_core.catalogue.discovery import NativeList, list_models, local_servers
from proxy_core.catalogue.listing import Listed
from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.catalogue.values import Provider
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine
from proxy_core.errors import KeyRefused, ProviderError, ProviderFailed, ProviderTimeout, Unreachable


def names(models: tuple[Listed, ...] | None) -> tuple[str, ...]:
    assert models is not None
    return tuple(model.name for model in models)


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY = Secret("sk-for-the-provider-only")


def models(*names: str, owned_by: str = "") -> Answer:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": name, "owned_by": owned_by} for name in names]})

    return answer


def plain(text: str, status: int = 200) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text, status=status)

    return answer


async def silence(request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


class Server:
    """A server on loopback that answers every GET in one way and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[web.Request] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self.answer(request)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    server = Server(answer)
    app = web.Application()
    app.router.add_get("/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def local(id_: str, base_url: str) -> Provider:
    return replace(PROVIDERS[id_], base_url=base_url, local=True)


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
    async with serving(models("b", "a", owned_by=owner)) as server:
        found = await local_servers([local(configured, f"{server.url}/v1")])
    (only,) = found
    assert (only.provider, only.base_url, names(only.models)) == (told, f"{server.url}/v1", ("a", "b"))
    assert server.asked[0].path == "/v1/models"


async def test_all_are_asked_at_once_and_one_address_once() -> None:
    both, met = asyncio.Barrier(2), list[str]()

    async def waits_for_the_other(request: web.Request) -> web.Response:
        await both.wait()
        met.append(request.path)
        return web.Response(status=404)

    async with serving(waits_for_the_other) as slow, serving(models("m")) as quick:
        providers = [
            local("ollama", f"{slow.url}/v1"),
            local("lm_studio", f"{slow.url}/other"),
            local("llama_cpp", f"{quick.url}/v1"),
            local("llamafile", f"{quick.url}/v1"),
        ]
        found = await local_servers(providers, seconds=30)
    assert sorted(met) == ["/other/models", "/v1/models"]
    (only,) = found
    assert (only.provider, only.base_url, names(only.models)) == ("llama_cpp", f"{quick.url}/v1", ("m",))
    assert len(quick.asked) == 1


async def test_a_local_server_gets_no_key_and_no_cookie() -> None:
    async with serving(models("m")) as server:
        await local_servers([local("ollama", f"{server.url}/v1")])
    assert not {"Authorization", "Cookie", "x-api-key"} & set(server.asked[0].headers)


@pytest.mark.parametrize(
    "answer",
    [
        plain("<html>a web shop in development</html>"),
        plain("{}"),
        plain("[1, 2]"),
        plain('{"data": [{"name": "no id"}]}'),
        plain('{"data": "m"}'),
        plain('{"data": []}', 404),
        plain(""),
    ],
)
async def test_another_program_on_the_port_is_no_server_of_models(answer: Answer) -> None:
    async with serving(answer) as server:
        assert await local_servers([local("ollama", f"{server.url}/v1")]) == ()


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


async def test_only_loopback_and_only_openais_format_is_looked_for() -> None:
    async with serving(models("m")) as server:
        url = server.url.replace("127.0.0.1", "localhost.invalid")
        providers = [
            replace(local("ollama", url), local=True),
            replace(PROVIDERS["openai"]),
            replace(PROVIDERS["anthropic"], base_url=server.url),
        ]
        assert await local_servers(providers) == ()
    assert server.asked == []


async def test_a_redirect_of_a_local_server_is_not_followed() -> None:
    async with serving(models("m")) as elsewhere:

        async def away(request: web.Request) -> web.Response:
            raise web.HTTPFound(f"{elsewhere.url}/v1/models")

        async with serving(away) as server:
            assert await local_servers([local("ollama", f"{server.url}/v1")]) == ()
        assert elsewhere.asked == []


async def test_a_providers_list_is_asked_with_its_key() -> None:
    async with serving(models("m2", "m1", "m2")) as server:
        provider = replace(PROVIDERS["openai"], base_url=f"{server.url}/v1")
        assert names(await list_models(provider, KEY)) == ("m1", "m2")
        assert names(await list_models(provider, None)) == ("m1", "m2")
    with_key, without = server.asked
    assert (with_key.path, with_key.headers["Authorization"]) == ("/v1/models", f"Bearer {KEY.reveal()}")
    assert "Authorization" not in without.headers


async def test_a_relay_provider_is_asked_as_anthropic_is() -> None:
    async with serving(models("claude-opus-4-1")) as server:
        assert names(await list_models(replace(PROVIDERS["anthropic"], base_url=server.url), KEY)) == (
            "claude-opus-4-1",
        )
    (asked,) = server.asked
    assert asked.path_qs == "/v1/models?limit=1000"
    assert asked.headers["x-api-key"] == KEY.reveal()
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert "Authorization" not in asked.headers


async def test_a_list_without_an_envelope() -> None:
    async with serving(plain('[{"id": "b"}, {"id": "a"}]')) as server:
        assert names(await list_models(replace(PROVIDERS["together_ai"], base_url=server.url), KEY)) == ("a", "b")


@pytest.mark.parametrize("id_", ["gemini", "bedrock", "demo"])
async def test_who_has_no_list_to_ask(id_: str) -> None:
    assert PROVIDERS[id_].engine in (Engine.LITELLM, Engine.DEMO)
    assert await list_models(PROVIDERS[id_], None) is None


async def test_gemini_has_a_list_of_its_own_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = '{"models": [{"name": "models/gemini-x", "inputTokenLimit": 1000, "supportedGenerationMethods": []}]}'
    async with serving(plain(listed)) as server:
        lists = {"gemini": NativeList(f"{server.url}/v1beta/models?pageSize=1000", "x-goog-api-key")}
        monkeypatch.setattr(discovery, "NATIVE_LISTS", lists)
        (found,) = await list_models(PROVIDERS["gemini"], KEY) or ()
        elsewhere = replace(PROVIDERS["gemini"], base_url=f"{server.url}/gateway")
        assert await list_models(elsewhere, KEY) is None, "its key is for the gateway, not for Google"
    assert (found.name, found.facts.window, found.chats) == ("gemini-x", 1000, False)
    (asked,) = server.asked
    assert asked.headers["x-goog-api-key"] == KEY.reveal()
    assert "Authorization" not in asked.headers


async def test_a_redirect_does_not_get_the_key() -> None:
    async with serving(models("m")) as thief:

        async def away(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(f"{thief.url}/v1/models")

        async with serving(away) as server:
            with pytest.raises(ProviderFailed) as error:
                await list_models(replace(PROVIDERS["openai"], base_url=server.url), KEY)
        assert thief.asked == []
    assert error.value.upstream_status == 307


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (plain(f"Incorrect API key: {KEY.reveal()}", 401), KeyRefused, 401),
        (plain("", 403), KeyRefused, 403),
        (plain("", 404), ProviderFailed, 404),
        (plain("boom", 500), ProviderFailed, 500),
        (plain("<html>"), ProviderFailed, 200),
        (plain('{"data": [{"id": "' + "x" * (9 * 1024 * 1024) + '"}]}'), ProviderFailed, 200),
        (plain('{"data": [' + "[" * 100_000), ProviderFailed, 200),
    ],
)
async def test_what_goes_wrong_is_a_sentence_without_the_key(
    answer: Answer, kind: type[ProviderError], status: int
) -> None:
    async with serving(answer) as server:
        with pytest.raises(kind, match="OpenAI") as error:
            await list_models(replace(PROVIDERS["openai"], base_url=server.url), KEY)
    assert error.value.upstream_status == status
    assert error.value.provider == "openai"
    assert KEY.reveal() not in error.value.message


async def test_a_server_that_says_nothing_is_waited_for_so_long() -> None:
    async with serving(silence) as server:
        with pytest.raises(ProviderTimeout, match=r"within 0\.2 seconds"):
            await list_models(replace(PROVIDERS["openai"], base_url=server.url), KEY, seconds=0.2)


async def test_nobody_there() -> None:
    async with serving(models()) as server:
        gone = server.url
    with pytest.raises(Unreachable, match="cannot be reached"):
        await list_models(replace(PROVIDERS["openai"], base_url=gone), KEY)


async def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(models("m")) as proxy, serving(models("m")) as server:
        for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, proxy.url)
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")
        assert await list_models(replace(PROVIDERS["openai"], base_url=server.url), KEY, outgoing_proxy=proxy.url)
    assert proxy.asked == []
    assert len(server.asked) == 1
