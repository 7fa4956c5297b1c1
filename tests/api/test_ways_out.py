"""Outgoing proxies, on every engine: the one that the environment names is used, or is refused before a byte leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from proxy_core.errors import ProxyUnusable
from proxy_core.upstream.http import Http
from tests.support.chat_server import Cut, Hang, Raw, Request, Script, Step, chat_server, whole
from tests.support.proxy import Running, running
from tests.trouble.wires import ANTHROPIC, CHAT, KEY

# LiteLLM's own.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

MODELS = {"direct": "openai/m", "litellm": "acme/m", "relay": "anthropic/m"}
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@asynccontextmanager
async def proxy_to(home: Path, scheme: str, own: str = "") -> AsyncIterator[Running]:
    """Understudy in front of providers that only a proxy could reach."""
    address = f"{scheme}://models.example"
    settings = (
        f'version = 1\n[proxy]\noutgoing_proxy = "{own}"\n[timeouts]\nconnect = 1.0\nfirst_chunk = 60.0\n'
        f'[providers.openai]\nbase_url = "{address}/v1"\n'
        f'[providers.acme]\ncustom = true\nbase_url = "{address}/v1"\nengine = "litellm"\n'
        f'[providers.anthropic]\nbase_url = "{address}"\n'
    )
    environ = {f"{name}_API_KEY": KEY for name in ("OPENAI", "ACME", "ANTHROPIC")}
    async with running(home, environ, settings) as proxy:
        yield proxy


def sentence_of(answer: httpx.Response) -> str:
    body = answer.json()
    assert body["type"] == "error"
    assert KEY not in answer.text
    return str(body["error"]["message"])


def answers(asked: Request) -> Sequence[Step]:
    return whole((ANTHROPIC if asked.target.endswith("/v1/messages") else CHAT).whole)


@pytest.mark.parametrize("engine", MODELS)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "all_proxy", "in the settings"])
async def test_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, engine: str) -> None:
    async with chat_server(answers) as outgoing:
        own = outgoing.address if variable == "in the settings" else ""
        if not own:
            monkeypatch.setenv(variable, outgoing.address.removeprefix("http://"))
        async with proxy_to(tmp_path, "http", own) as proxy:
            answer = await proxy.ask(model=MODELS[engine])
        assert answer.status_code == 200
        assert [request.target.partition("/v1")[0] for request in outgoing.requests] == ["http://models.example"]


@pytest.mark.parametrize("engine", MODELS)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("variable", ["HTTP(S)_PROXY", "ALL_PROXY"])
async def test_one_of_another_kind_is_refused_before_a_byte_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str, engine: str
) -> None:
    variable = variable.replace("HTTP(S)", scheme.upper())
    async with chat_server([Hang()]) as socks:
        monkeypatch.setenv(variable, f"socks5h://user:secret@127.0.0.1:{socks.port}")
        async with proxy_to(tmp_path, scheme) as proxy:
            answer = await proxy.ask(model=MODELS[engine])
        assert socks.connections == 0
    assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false")
    sentence = sentence_of(answer)
    assert sentence.startswith(f"{variable} names a socks5h proxy")
    assert "models.example to NO_PROXY" in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize("engine", MODELS)
@pytest.mark.parametrize("value", ["not a url", "http://", "http://host:port", "http://[::1", "http://host:0"])
async def test_one_that_is_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, engine: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", value)
    async with proxy_to(tmp_path, "http") as proxy:
        answer = await proxy.ask(model=MODELS[engine])
    assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false")
    assert sentence_of(answer).startswith("HTTP_PROXY is not the address of a proxy.")


@pytest.mark.parametrize("engine", MODELS)
@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        ([Raw(b"HTTP/1.1 407 Who\r\nproxy-authenticate: Basic\r\n\r\n"), Cut()], 400, "requires a user name"),
        ([Raw(b"HTTP/1.1 403 No\r\n\r\n"), Cut()], 400, "does not allow connections to models.example (403)"),
        ([Raw(b"HTTP/1.1 502 Bad\r\n\r\n"), Cut()], 502, "the outgoing proxy answered with 502"),
        ([Cut()], 502, "the outgoing proxy"),
    ],
    ids=["407", "403", "502", "closed"],
)
async def test_what_it_says_to_connect_is_told_as_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Script, status: int, words: str, engine: str
) -> None:
    async with chat_server(script) as outgoing:
        monkeypatch.setenv("HTTPS_PROXY", outgoing.address)
        async with proxy_to(tmp_path, "https") as proxy:
            answer = await proxy.ask(model=MODELS[engine])
        assert {request.method for request in outgoing.requests} == {"CONNECT"}
    assert answer.status_code == status
    assert (answer.headers.get("x-should-retry") == "false") == (status == 400)
    assert words in sentence_of(answer)


@pytest.mark.parametrize("engine", MODELS)
async def test_a_connect_that_is_never_answered_ends_by_the_connect_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    async with chat_server([Hang()]) as outgoing:
        monkeypatch.setenv("HTTPS_PROXY", outgoing.address)
        async with proxy_to(tmp_path, "https") as proxy, asyncio.timeout(45):  # first_chunk is 60
            answer = await proxy.client.post(
                "/v1/messages", json={"model": MODELS[engine], "max_tokens": 9, "messages": MESSAGES}, timeout=50
            )
    assert answer.status_code == 502
    assert "the outgoing proxy did not answer in time" in sentence_of(answer)


MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize("engine", MODELS)
async def test_one_where_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    async with chat_server([Hang()]) as outgoing:
        address = outgoing.address
    monkeypatch.setenv("HTTPS_PROXY", address)
    async with proxy_to(tmp_path, "https") as proxy:
        answer = await proxy.ask(model=MODELS[engine])
    assert answer.status_code == 502
    assert "the outgoing proxy cannot be reached" in sentence_of(answer)


@pytest.mark.parametrize("engine", MODELS)
async def test_it_wants_credentials_for_a_plain_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    async with chat_server(whole(b"", 407)) as outgoing:
        monkeypatch.setenv("HTTP_PROXY", outgoing.address)
        async with proxy_to(tmp_path, "http") as proxy:
            answer = await proxy.ask(model=MODELS[engine])
        assert len(outgoing.requests) == 1
    assert answer.status_code == 400
    assert "requires a user name and a password" in sentence_of(answer)


PROXY = "http://out.example:1"


@pytest.mark.parametrize(
    ("no_proxy", "url", "straight"),
    [
        ("*", "https://a.example", True),
        ("b.example, *", "https://a.example", True),
        ("a.example", "https://a.example", True),
        ("a.example", "https://x.a.example", True),
        (".a.example", "https://a.example", True),
        (".a.example", "https://x.a.example", True),
        ("*.a.example", "https://x.a.example", True),
        ("A.Example.", "https://a.example", True),
        ("a.example", "https://aa.example", False),
        ("b.example a.example", "https://a.example", True),
        ("a.example:8443", "https://a.example:8443", True),
        ("a.example:8443", "https://a.example", False),
        ("a.example:443", "https://a.example", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://ten.example", False),
        ("10.1.2.3", "https://10.1.2.3:8443", True),
        ("10.1.2.3:8443", "https://10.1.2.3:8443", True),
        ("10.1.2.3:8443", "https://10.1.2.3", False),
        ("fd00::/8", "https://[fd00::1]", True),
        ("[fd00::1]:8443", "https://[fd00::1]:8443", True),
        ("fd00::1", "https://[fd00:0::1]", True),
        ("fd00::/8", "https://[fe00::1]", False),
        ("https://a.example", "https://a.example", True),
        ("http://a.example", "https://a.example", False),
        ("10.0.0.0/99", "https://10.1.2.3", False),
        (", ,", "https://a.example", False),
    ],
)
def test_exceptions(no_proxy: str, url: str, straight: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert Http().proxy_for(url) == (None if straight else PROXY)


def test_a_schemes_own_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://out.example:1")
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    assert Http().proxy_for("https://a.example") == PROXY
    with pytest.raises(ProxyUnusable):
        Http().proxy_for("http://a.example")


def test_an_empty_one_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "")
    monkeypatch.setenv("ALL_PROXY", PROXY)
    assert Http().proxy_for("https://a.example") == PROXY


def test_what_is_exempt_may_have_a_bad_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://out.example:1")
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")
    assert Http().proxy_for("https://10.1.2.3") is None
