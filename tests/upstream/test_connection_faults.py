"""A connection that fails in a way that no loopback socket can show: the sentence is right and holds no secret."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import aiohttp
import pytest

from proxy_core.errors import ProviderError, ProviderTimeout, StreamBroken, Unreachable
from proxy_core.upstream.connection_faults import in_the_answer, on_the_way, place
from proxy_core.upstream.faults import Asked
from proxy_core.upstream.http import Http

URL = "https://user:sk-secret@api.acme.example/v1/chat/completions?key=sk-secret"
ASKED = Asked("acme", "Acme")
KEY: Any = None  # aiohttp's own key of a connection, which nothing here reads
UNVERIFIED = ssl.SSLCertVerificationError(1, "certificate verify failed")
UNVERIFIED.verify_message = "self-signed certificate"


@pytest.mark.parametrize(
    ("failed", "kind", "words"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "?")), Unreachable, "api.acme.example is not known"),
        (aiohttp.ClientConnectorCertificateError(KEY, UNVERIFIED), Unreachable, "TLS connection to api.acme.example"),
        (aiohttp.ClientConnectorCertificateError(KEY, UNVERIFIED), Unreachable, "(self-signed certificate)"),
        (aiohttp.ClientProxyConnectionError(KEY, OSError(111, "refused")), Unreachable, "the outgoing proxy"),
        (aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "x")), Unreachable, "refused the connection"),
        (aiohttp.ClientConnectorError(KEY, OSError(101, "Network is unreachable")), Unreachable, "is unreachable)"),
        (aiohttp.ConnectionTimeoutError(), Unreachable, "took too long to accept"),
        (aiohttp.SocketTimeoutError(), ProviderTimeout, "did not answer in time"),
        (aiohttp.ServerDisconnectedError(), StreamBroken, "closed the connection before it answered"),
        (ValueError("Only http proxies are supported"), Unreachable, "no URL that can be reached"),
    ],
)
def test_each_has_its_sentence(failed: Exception, kind: type[ProviderError], words: str) -> None:
    error = on_the_way(failed, ASKED, URL)
    assert type(error) is kind
    assert words in error.message
    assert "secret" not in error.message
    assert error.provider == "acme"


def test_in_the_answer() -> None:
    assert type(in_the_answer(TimeoutError(), ASKED, URL)) is ProviderTimeout
    assert type(in_the_answer(aiohttp.ClientPayloadError("cut"), ASKED, URL)) is StreamBroken


@pytest.mark.parametrize(
    ("url", "named"),
    [(URL, "api.acme.example"), ("http://[::1]:8080/v1", "::1:8080"), ("", "nowhere"), ("http://a:99999", "a")],
)
def test_a_place_is_host_and_port(url: str, named: str) -> None:
    assert place(url) == named


class TestTheWayOut:
    def test_a_setting_comes_before_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("https_proxy", "http://env.example:1")
        assert Http("http://own.example:2").proxy_for(URL) == "http://own.example:2"
        assert Http().proxy_for(URL) == "http://env.example:1"

    def test_the_environment_may_make_exceptions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("https_proxy", "http://env.example:1")
        monkeypatch.setenv("no_proxy", "acme.example")
        assert Http().proxy_for(URL) is None

    @pytest.mark.parametrize(("port", "proxy"), [(8443, None), (8444, "http://env.example:1")])
    def test_an_address_with_a_port_may_be_left_out(
        self, port: int, proxy: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("https_proxy", "http://env.example:1")
        monkeypatch.setenv("no_proxy", "acme.example:8443")
        assert Http().proxy_for(f"https://acme.example:{port}/v1") == proxy

    def test_the_systems_may_be_a_bare_host_and_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("https_proxy", "env.example:1")
        assert Http().proxy_for(URL) == "http://env.example:1"

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"])
    def test_loopback_is_reached_straight(self, host: str) -> None:
        assert Http("http://own.example:2").proxy_for(f"http://{host}:11434/v1") is None
