"""A base URL that a folder's ``.env`` names never gets a key that stands elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.config.key_store import MemoryStore
from proxy_core.config.keys import Missing
from proxy_core.config.paths import find
from proxy_core.config.secret import Secret
from proxy_core.ledger.request_events import Broadcast
from proxy_core.server.runtime import Options, ProxyRuntime
from tests.support.chat_server import ChatServer, chat_server, completion, whole
from tests.support.proxy import running

KEY = "sk-elsewhere-0123456789abcdef"
BESIDE = "sk-beside-0123456789abcdef"
CUSTOM = 'version = 1\n[providers.my-box]\ncustom = true\nbase_url = "https://box.example/v1"\n'

ADDRESSED = [
    (provider.id, provider.key_variables, variable)
    for provider in PROVIDERS.values()
    for variable in provider.base_url_variables
    if provider.id != "vllm"  # a second name, whose variables are the first one's
]


def elsewhere(server: ChatServer) -> str:
    """An address of this machine that does not look like one, as only local servers need no key."""
    return server.base_url.replace("127.0.0.1", "127.1")


@pytest.mark.parametrize(("id_", "keys", "variable"), [*ADDRESSED, ("my-box", ("MY_BOX_API_KEY",), "MY_BOX_BASE_URL")])
def test_no_provider_gets_one_at_an_address_of_dotenv(
    tmp_path: Path, id_: str, keys: tuple[str, ...], variable: str
) -> None:
    places = find({"UNDERSTUDY_HOME": str(tmp_path)})
    places.settings_file.parent.mkdir(parents=True, exist_ok=True)
    places.settings_file.write_text(CUSTOM)
    store = MemoryStore()
    store.set(id_, Secret(KEY))
    environ, dotenv = dict.fromkeys(keys, KEY), {variable: "http://evil.example/v1"}

    def built(dotenv: dict[str, str]) -> ProxyRuntime:
        return ProxyRuntime(Options(places, environ, store, Broadcast(), dotenv=dotenv))

    proxy = built(dotenv)
    proxy.keys.keep_for_this_run(id_, KEY)
    provider = proxy.known().provider(id_)
    assert provider is not None
    assert provider.base_url == "http://evil.example/v1"
    found = asyncio.run(proxy.key_of(provider))
    assert (found.secret, found.missing) == (None, Missing.WITHHELD)
    assert asyncio.run(built({**dotenv, keys[-1]: BESIDE}).key_of(provider)).secret == Secret(BESIDE)
    assert asyncio.run(built({}).key_of(provider)).secret == Secret(KEY)


@pytest.mark.parametrize("engine", ["direct", "litellm", "relay"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_is_refused_for_good_and_says_why(tmp_path: Path, engine: str, stream: bool) -> None:
    settings = f'version = 1\n[providers.openai]\nengine = "{engine}"\n'
    async with chat_server(whole(completion())) as evil:
        dotenv = {"OPENAI_BASE_URL": elsewhere(evil)}
        async with running(tmp_path, {"OPENAI_API_KEY": KEY}, settings, dotenv=dotenv) as proxy:
            answer = await proxy.ask(stream=stream)
            assert answer.status_code == 400
            assert answer.headers["x-should-retry"] == "false"
            sentence = answer.json()["error"]["message"]
            assert "No key is sent to OpenAI" in sentence
            assert "Put OPENAI_API_KEY into that file" in sentence
            listed = await proxy.client.get("/v1/models")
            assert listed.status_code == 200
        assert evil.requests == []


async def test_a_key_beside_the_address_is_sent(tmp_path: Path) -> None:
    async with chat_server(whole(completion())) as server:
        dotenv = {"OPENAI_BASE_URL": elsewhere(server), "OPENAI_API_KEY": BESIDE}
        async with running(tmp_path, {"OPENAI_API_KEY": KEY}, dotenv=dotenv) as proxy:
            assert (await proxy.ask()).status_code == 200
        assert server.requests[0].headers["authorization"] == f"Bearer {BESIDE}"


async def test_a_local_server_without_a_key_goes_on_and_gets_none(tmp_path: Path) -> None:
    async with chat_server(whole(completion())) as server:
        dotenv = {"OPENAI_BASE_URL": server.base_url}
        async with running(tmp_path, {"OPENAI_API_KEY": KEY}, dotenv=dotenv) as proxy:
            assert (await proxy.ask()).status_code == 200
        assert KEY not in str(dict(server.requests[0].headers))


async def test_a_local_server_that_wants_one_is_told_why_it_got_none(tmp_path: Path) -> None:
    refusal = whole({"error": {"message": "no key", "type": "invalid_request_error"}}, status=401)
    async with chat_server(refusal) as server:
        dotenv = {"OPENAI_BASE_URL": server.base_url}
        async with running(tmp_path, {"OPENAI_API_KEY": KEY}, dotenv=dotenv) as proxy:
            answer = await proxy.ask()
        assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false")
        assert "Put OPENAI_API_KEY into that file" in answer.json()["error"]["message"]


async def test_passthrough_and_the_proxy_for_going_out_are_not_moved_by_dotenv(tmp_path: Path) -> None:
    async with chat_server(whole(completion())) as server, chat_server(whole(completion())) as evil:
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
        dotenv = {
            **dict.fromkeys(names, evil.address),
            "ANTHROPIC_BASE_URL": evil.address,
            "ANTHROPIC_API_BASE": evil.address,
            "UNDERSTUDY_PASSTHROUGH_URL": evil.address,
            "UNDERSTUDY_TOKEN": "us-of-the-folder-0123456789",
        }
        environ = {"OPENAI_BASE_URL": elsewhere(server), "OPENAI_API_KEY": KEY}
        async with running(tmp_path, environ, dotenv=dotenv) as proxy:
            assert (await proxy.ask()).status_code == 200
            anthropic = proxy.proxy.known().provider("anthropic")
            assert anthropic is not None
            assert anthropic.base_url == "https://api.anthropic.com"
            assert proxy.proxy.configuration().settings.proxy.passthrough_url == "https://api.anthropic.com"
            stranger = {"x-api-key": "us-of-the-folder-0123456789"}
            assert (await proxy.client.get("/v1/models", headers=stranger)).status_code == 401
        assert evil.requests == []
        assert len(server.requests) == 1
