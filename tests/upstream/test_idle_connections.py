"""A connection that its server closed while it was idle costs nobody an error, however it was closed."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy_core.config.settings import Timeouts
from proxy_core.upstream.http import Http
from proxy_core.upstream.litellm_engine import LiteLLM
from tests.support.chat_server import completion
from tests.support.idle_server import CLOSES, close_notify, idle_server
from tests.upstream.calls import call_to, chunks_of, text_of
from tests.upstream.test_tls import certificate

pytestmark = [
    # LiteLLM's own.
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

PATIENT = Timeouts(connect=10, first_chunk=20)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def ask(http: Http, url: str, body: bytes = b"{}") -> bytes:
    answer = await http.ask("POST", url, (), body, PATIENT)
    got = b""
    while data := await answer.read():
        got += data
    answer.let_go()
    return got


@pytest.mark.parametrize("size", [2, 1_000_000])
@pytest.mark.parametrize("how", CLOSES.values(), ids=CLOSES)
async def test_a_closed_one_is_not_used(how: Callable[[socket.socket], None], size: int) -> None:
    with idle_server(OK) as server:
        http = Http()
        for _ in range(3):
            assert await ask(http, server.address, bytes(size)) == b"ok"
            server.close_idle(how)
        assert server.requests == 3
        await http.aclose()


@pytest.mark.parametrize("how", CLOSES.values(), ids=CLOSES)
async def test_nor_one_to_an_outgoing_proxy(how: Callable[[socket.socket], None]) -> None:
    with idle_server(OK) as server:
        http = Http(server.address)
        for _ in range(3):
            assert await ask(http, "http://models.example/v1") == b"ok"
            server.close_idle(how)
        assert server.requests == 3
        await http.aclose()


@pytest.mark.parametrize("how", [*CLOSES.values(), close_notify], ids=[*CLOSES, "close_notify"])
async def test_nor_one_under_tls(
    how: Callable[[socket.socket], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with idle_server(OK, context) as server:
        http = Http()
        for _ in range(3):
            assert await ask(http, server.address) == b"ok"
            server.close_idle(how)
        assert server.requests == 3
        await http.aclose()


@pytest.mark.parametrize("how", CLOSES.values(), ids=CLOSES)
async def test_nor_one_of_litellms(how: Callable[[socket.socket], None]) -> None:
    body = json.dumps(completion("ok")).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    with idle_server(head + body) as server:
        engine = LiteLLM()
        for _ in range(3):
            assert text_of(await chunks_of(engine, call_to(f"{server.address}/v1", stream=False))) == "ok"
            server.close_idle(how)
        assert server.requests == 3
        await engine.aclose()
