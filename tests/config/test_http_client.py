"""The clients for everything but model requests: by which way they go, whom they trust, how much they read."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from proxy_core.config import http_client
from proxy_core.config.outbound_policy import OutboundPolicy
from proxy_core.errors import ProxyUnusable
from tests.upstream.test_tls import certificate

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
ELSEWHERE = "http://models.test/v1/models"


@dataclass
class Server:
    """A server on loopback: what it was asked, one request head a connection."""

    address: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(answer: bytes = ANSWER, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(f"{'https' if tls else 'http'}://localhost:{listening.getsockname()[1]}")

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            try:
                connection = tls.wrap_socket(connection, server_side=True) if tls else connection
                server.asked.append(connection.recv(65536).decode())
                connection.sendall(answer)
            except OSError:  # it does not trust us
                pass
            finally:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def got(url: str, policy: OutboundPolicy | None) -> int:
    with http_client.client(url, policy, seconds=30) as client:
        return client.get(url).status_code


async def agot(url: str, policy: OutboundPolicy | None) -> int:
    async with http_client.async_client(url, policy, seconds=30) as client:
        return (await client.get(url)).status_code


def test_another_host_is_asked_through_the_environments_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        assert got(ELSEWHERE, OutboundPolicy()) == 200
        assert asyncio.run(agot(ELSEWHERE, OutboundPolicy())) == 200
    assert [asked.splitlines()[0] for asked in proxy.asked] == [f"GET {ELSEWHERE} HTTP/1.1"] * 2


def test_the_proxy_of_the_settings_goes_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as settings, serving() as environment:
        monkeypatch.setenv("http_proxy", environment.address)
        assert got(ELSEWHERE, OutboundPolicy(settings.address)) == 200
    assert (len(settings.asked), environment.asked) == (1, [])


@pytest.mark.parametrize("no_proxy", ["10.0.0.0/8", "models.test", "*"])
def test_what_no_proxy_names_is_asked_straight(no_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy, serving() as server:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.setenv("no_proxy", no_proxy)
        host = "10.1.2.3" if "/" in no_proxy else "models.test"
        port = int(server.address.rpartition(":")[2])
        straight = socket.create_connection
        monkeypatch.setattr(socket, "create_connection", lambda _, *args, **how: straight(("127.0.0.1", port), **how))
        assert got(f"http://{host}/", OutboundPolicy()) == 200
    assert (len(server.asked), proxy.asked) == (1, [])


def test_loopback_and_a_server_of_our_own_are_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy, serving() as server:
        for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, proxy.address)
        assert got(server.address, OutboundPolicy(proxy.address)) == 200
        assert got(server.address, None) == 200
        monkeypatch.setattr(socket, "getaddrinfo", _resolved_to(server))
        assert got(f"http://this-machine.test:{server.address.rpartition(':')[2]}", None) == 200
    assert (len(server.asked), proxy.asked) == (3, [])


def _resolved_to(server: Server) -> object:
    port = int(server.address.rpartition(":")[2])
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_a_proxy_that_cannot_be_used_is_said_before_anything_is_sent() -> None:
    with pytest.raises(ProxyUnusable):
        http_client.client("https://api.example.test", OutboundPolicy("socks5://127.0.0.1:1"), seconds=1)


def test_the_environments_certificates_are_trusted_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "localhost")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    with serving(tls=tls) as server:
        with pytest.raises(httpx.ConnectError, match="self-signed"):
            got(server.address, OutboundPolicy())
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert got(server.address, OutboundPolicy()) == 200
        assert asyncio.run(agot(server.address, None)) == 200


def test_no_password_of_another_program_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine localhost login me password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with serving() as server:
        got(server.address, OutboundPolicy())
    assert "authorization" not in server.asked[0].lower()


def test_no_redirect_is_followed() -> None:
    with serving() as thief:
        away = f"HTTP/1.1 302 Found\r\nLocation: {thief.address}\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(away) as server:
            assert got(server.address, OutboundPolicy()) == 302
        assert thief.asked == []


def body_of(response: httpx.Response, limit: int, seconds: float = 60) -> bytes | None:
    with (
        http_client.client(ELSEWHERE, None, seconds=1, transport=httpx.MockTransport(lambda _: response)) as client,
        client.stream("GET", ELSEWHERE) as streamed,
    ):
        return http_client.read(streamed, limit, seconds)


def test_a_body_is_read_up_to_its_limit() -> None:
    assert body_of(httpx.Response(200, content=b"x" * 10), 10) == b"x" * 10
    assert body_of(httpx.Response(200, content=b"x" * 11), 10) is None


def test_a_body_that_takes_too_long_is_an_error() -> None:
    with pytest.raises(httpx.ReadTimeout):
        body_of(httpx.Response(200, content=iter([b"a", b"b"])), 10, seconds=0)


def test_a_body_in_a_coding_that_was_not_asked_for_is_not_unpacked() -> None:
    packed = httpx.Response(200, headers={"Content-Encoding": "zstd"}, stream=httpx.ByteStream(b"anything"))
    assert body_of(packed, 10) is None
