"""What the keys reach: asked at once, remembered, and never held up by one that is slow or broken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from proxy_core.catalogue.known import Known
from proxy_core.catalogue.live_models import LiveModels, ProviderListing
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.catalogue.values import Provider
from proxy_core.config.secret import Secret
from proxy_core.config.settings import ProviderSettings

NOWHERE = "http://127.0.0.1:9/v1"
PRICES = {
    "gpt-4.1": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 1000, "input_cost_per_token": 1e-6},
    "mistral/mistral-large": {"litellm_provider": "mistral", "mode": "chat", "supports_function_calling": True},
    "ft:gpt-4.1": {"litellm_provider": "openai", "mode": "chat"},
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


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


@dataclass
class FakeKeys:
    """Keys at hand and keys in a keyring, which may be locked."""

    environment: dict[str, str]
    keyring: dict[str, str] = field(default_factory=dict)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    def at_hand(self, providers: Iterable[Provider]) -> Mapping[str, Secret]:
        return {id_: Secret(key) for id_, key in self.environment.items()}

    async def stored(self, providers: Sequence[Provider]) -> Mapping[str, Secret]:
        await self.open.wait()
        return {id_: Secret(key) for id_, key in self.keyring.items()}


class Clock:
    """A clock that is set by hand, and goes on by itself."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@asynccontextmanager
async def live(
    urls: Mapping[str, str], keys: FakeKeys | None = None, clock: Clock | None = None
) -> AsyncIterator[LiveModels]:
    """With these providers at these addresses; this machine's own servers are nowhere unless they are named."""
    local = {id_: NOWHERE for id_, provider in PROVIDERS.items() if provider.local}
    settings = {id_: ProviderSettings(base_url=url) for id_, url in {**local, **urls}.items()}
    known = Known(settings, ModelCatalogue(PRICES.items))
    made = LiveModels(
        lambda: known, keys or FakeKeys(dict.fromkeys(urls, "sk-0123456789")), monotonic=clock or time.monotonic
    )
    try:
        yield made
    finally:
        await made.aclose()


def found(reached: Iterable[ProviderListing]) -> dict[str, list[str]]:
    return {each.provider.id: [model.id for model in each.models] for each in reached}


async def test_lists_are_fetched_filtered_and_completed() -> None:
    async with (
        serving(models("gpt-4.1", "text-embedding-3", "ft:mine")) as server,
        live({"openai": server.url}) as all_,
    ):
        (openai,) = await all_.reached(60)
        assert openai.live
        assert [model.id for model in openai.models] == ["openai/ft:mine", "openai/gpt-4.1"]
        assert (openai.models[1].window, openai.models[1].input_price) == (1000, 1e-6)
        await all_.reached(60)
        assert len(server.asked) == 1, "what is known is not asked again"


async def test_a_slow_one_holds_up_nobody_and_comes_later() -> None:
    gate = asyncio.Event()
    quick = models("late")

    async def slow(request: object) -> object:
        await gate.wait()
        return await quick(request)  # type: ignore[arg-type]

    async with (
        serving(models("gpt-4.1")) as server,
        serving(slow) as late,  # type: ignore[arg-type]
        live({"openai": server.url, "mistral": late.url}) as all_,
    ):
        first = await all_.reached(0.3)  # the slow one answers only later
        assert found(first) == {"openai": ["openai/gpt-4.1"], "mistral": ["mistral/mistral-large"]}
        assert not first[1].live
        gate.set()
        assert found(await all_.reached(60))["mistral"] == ["mistral/late"]
        assert len(late.asked) == 1


async def test_a_broken_one_falls_back_to_the_catalogue_and_says_why() -> None:
    async with (
        serving(plain("boom", 500)) as broken,
        serving(models("gpt-4.1")) as server,
        live({"openai": server.url, "mistral": broken.url}) as all_,
    ):
        openai, mistral = await all_.reached(60)
    assert openai.live
    assert not mistral.live
    assert [model.id for model in mistral.models] == ["mistral/mistral-large"]
    assert "Mistral AI answered 500" in mistral.trouble


async def test_without_a_key_nobody_is_asked() -> None:
    async with serving(models("m")) as server, live({"openai": server.url}, FakeKeys({})) as all_:
        found_ = await all_.reached(1)
        assert [each.provider.id for each in found_ if each.provider.needs_key] == []


async def test_stale_lists_serve_while_new_ones_are_fetched() -> None:
    answer: list[Answer] = [models("old")]

    async def now(request: object) -> object:
        return await answer[0](request)  # type: ignore[arg-type]

    clock = Clock()
    async with serving(now) as server, live({"openai": server.url}, clock=clock) as all_:  # type: ignore[arg-type]
        await all_.reached(60)
        answer[0] = models("new")
        clock.ahead = 400
        assert found(await all_.reached(60))["openai"] == ["openai/old"]
        while (names := found(await all_.reached(60))["openai"]) == ["openai/old"]:
            await asyncio.sleep(0.02)
        assert names == ["openai/new"]
        assert len(server.asked) == 2


async def test_a_list_that_can_no_longer_be_had_stays() -> None:
    answer: list[Answer] = [models("m")]

    async def now(request: object) -> object:
        return await answer[0](request)  # type: ignore[arg-type]

    clock = Clock()
    async with serving(now) as server, live({"openai": server.url}, clock=clock) as all_:  # type: ignore[arg-type]
        await all_.reached(60)
        answer[0], clock.ahead = plain("", 500), 400
        (openai,) = await all_.reached(60)
        while not openai.trouble:
            await asyncio.sleep(0.02)
            (openai,) = await all_.reached(60)
    assert found([openai]) == {"openai": ["openai/m"]}
    assert "500" in openai.trouble


async def test_a_locked_keyring_does_not_hide_the_keys_at_hand() -> None:
    keys = FakeKeys({"openai": "sk-0123456789"}, {"mistral": "sk-9876543210"})
    keys.open.clear()
    async with serving(models("m")) as server, live({"openai": server.url, "mistral": server.url}, keys) as all_:
        while not (names := list(found(await all_.reached(0.2)))):
            pass
        assert names == ["openai"]
        keys.open.set()
        assert list(found(await all_.reached(60))) == ["openai", "mistral"]


async def test_a_local_server_is_found_without_a_key_under_the_id_that_reaches_it() -> None:
    async with serving(models("qwen", owned_by="library")) as server:
        async with live({"ollama": f"{server.url}/v1"}, FakeKeys({})) as all_:
            (ollama,) = await all_.reached(60)
        async with live({"llamafile": f"{server.url}/v1"}, FakeKeys({})) as all_:
            (other,) = await all_.reached(60)
    assert found([ollama]) == {"ollama": ["ollama/qwen"]}
    assert found([other]) == {"llamafile": ["llamafile/qwen"]}, "ollama/qwen would be looked for elsewhere"


async def test_we_do_not_ask_ourselves() -> None:
    async with serving(models("m")) as server, live({"ollama": f"{server.url}/v1"}, FakeKeys({})) as all_:
        assert await all_.reached(1, int(server.url.rpartition(":")[2])) == ()
        assert server.asked == []


async def test_closing_stops_what_is_under_way() -> None:
    async with serving(silence) as server, live({"openai": server.url}) as all_:
        await all_.reached(0.1)
        async with asyncio.timeout(60):  # it is silent for ever
            await all_.aclose()
