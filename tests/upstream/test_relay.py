"""The relay engine against a scripted Anthropic server: what goes in comes out, and what is ours stays here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from proxy_core.config.secret import Secret
from proxy_core.config.settings import Timeouts
from proxy_core.errors import ConfigError, ProviderRejected, ProviderTimeout, StreamBroken, Unreachable
from proxy_core.upstream.http import Http
from proxy_core.upstream.relay import Relay, RelayAnswer, RelayCall, comes_back
from proxy_core.upstream.relay_headers import incoming, outgoing
from tests.support.anthropic_server import anthropic_server, encoded, error, message, message_bytes, streamed
from tests.support.chat_server import Body, Cut, Hang, Head, Request, Reset, Step, Wait

STREAM = message_bytes("Grüße ", "🌍")
BODY = b'{ "model":"claude-x" ,"max_tokens": 1e2,"messages":[{"role":"user","content":"h\\u00e9"}], "new": {} }'

CLIENT = (
    (b"Host", b"127.0.0.1:8082"),
    (b"Connection", b"keep-alive"),
    (b"Content-Length", b"999"),
    (b"Authorization", b"Bearer local-token"),
    (b"x-api-key", b"local-token"),
    (b"x-understudy-token", b"local-token"),
    (b"Proxy-Authorization", b"Basic cHJveHk="),
    (b"Cookie", b"session=1"),
    (b"X-Forwarded-For", b"10.0.0.1"),
    (b"Forwarded", b"for=10.0.0.1"),
    (b"Origin", b"http://evil.example"),
    (b"TE", b"trailers"),
)
KEPT = (
    (b"anthropic-version", b"2023-06-01"),
    (b"anthropic-beta", b"claude-code-20250219,effort-2025-11-24"),
    (b"anthropic-dangerous-direct-browser-access", b"true"),
    (b"x-app", b"cli"),
    (b"User-Agent", b"claude-cli/2.1.330 (external, cli)"),
    (b"X-Claude-Code-Session-Id", b"6f1e"),
    (b"x-claude-code-agent-id", b"a1"),
    (b"X-Stainless-Retry-Count", b"0"),
    (b"Accept", b"application/json"),
    (b"accept-language", b"*"),
    (b"content-type", b"application/json"),
)
ENCODINGS = ((b"Accept-Encoding", b"gzip, deflate, br, zstd"),)


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    engine = Relay(Http())
    yield engine
    await engine.aclose()


def call_to(address: str, **changes: object) -> RelayCall:
    call = RelayCall(
        method="POST",
        url=f"{address}/v1/messages?beta=true",
        headers=CLIENT + KEPT + ENCODINGS,
        body=BODY,
        credentials=(("x-api-key", Secret("sk-ant-own")),),
        timeouts=Timeouts(connect=2, first_chunk=0.5, between_chunks=0.5),
    )
    return replace(call, **changes)  # type: ignore[arg-type]


async def drained(answer: RelayAnswer) -> bytes:
    try:
        return b"".join([data async for data in answer])
    finally:
        await answer.aclose()


class TestTheRequest:
    async def sent(self, relay: Relay, **changes: object) -> Request:
        async with anthropic_server(streamed(STREAM)) as server:
            call = call_to(server.address, **changes)
            await drained(await relay.open(replace(call, url=call.url.replace("SERVER", server.address))))
            return server.requests[0]

    async def test_keeps_its_bytes_and_its_query(self, relay: Relay) -> None:
        request = await self.sent(relay)
        assert (request.method, request.target, request.body) == ("POST", "/v1/messages?beta=true", BODY)

    async def test_a_query_is_not_quoted_again(self, relay: Relay) -> None:
        request = await self.sent(relay, url="SERVER/v1/a%2Fb/messages?x=%20%C3%BC&y=a+b,c&z")
        assert request.target == "/v1/a%2Fb/messages?x=%20%C3%BC&y=a+b,c&z"

    async def test_carries_only_what_a_provider_may_see_and_the_credential_given(self, relay: Relay) -> None:
        request = await self.sent(relay)
        kept = {name.decode().lower(): value.decode() for name, value in KEPT}
        host = request.headers["host"]
        assert request.headers == {
            **kept,
            "accept-encoding": "gzip, deflate",
            "x-api-key": "sk-ant-own",
            "host": host,
            "content-length": str(len(BODY)),
        }
        assert host != "127.0.0.1:8082"

    async def test_a_subscription_token_goes_as_a_bearer(self, relay: Relay) -> None:
        request = await self.sent(relay, credentials=(("authorization", Secret("Bearer sk-ant-oat")),))
        assert request.headers["authorization"] == "Bearer sk-ant-oat"
        assert "x-api-key" not in request.headers

    async def test_without_a_body(self, relay: Relay) -> None:
        async with anthropic_server(message()) as server:
            url = f"{server.address}/v1/models?limit=1000"
            await drained(await relay.open(call_to(server.address, method="GET", url=url, body=b"")))
            assert (server.requests[0].method, server.requests[0].target) == ("GET", "/v1/models?limit=1000")


class TestTheAnswer:
    @pytest.mark.parametrize("piece", [0, 1, 5])
    async def test_comes_back_byte_for_byte(self, relay: Relay, piece: int) -> None:
        async with anthropic_server(streamed(STREAM, piece=piece)) as server:
            assert await drained(await relay.open(call_to(server.address))) == STREAM

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
    async def test_stays_encoded(self, relay: Relay, encoding: str) -> None:
        async with anthropic_server(streamed(STREAM, encoding=encoding)) as server:
            answer = await relay.open(call_to(server.address))
            assert (b"content-encoding", encoding.encode()) in answer.headers
            assert await drained(answer) == encoded(STREAM, encoding)

    async def test_keeps_status_and_headers_but_for_those_of_the_connection(self, relay: Relay) -> None:
        steps = error(529, "overloaded_error", "Overloaded", retry_after="3", x_should_retry="true", keep_alive="5")
        async with anthropic_server(steps) as server:
            answer = await relay.open(call_to(server.address))
            body = await drained(answer)
        assert answer.status == 529
        assert answer.headers == (
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"request-id", b"req_1"),
            (b"retry-after", b"3"),
            (b"x-should-retry", b"true"),
        )
        assert answer.header("Request-Id") == "req_1"

    async def test_a_connection_is_used_again(self, relay: Relay) -> None:
        async with anthropic_server(streamed(STREAM)) as server:
            for _ in range(3):
                await drained(await relay.open(call_to(server.address)))
            assert server.connections == 1

    async def test_a_redirect_is_neither_followed_nor_passed_on(self, relay: Relay) -> None:
        async with anthropic_server(message()) as elsewhere:
            steps: list[Step] = [Head(307, {"location": elsewhere.address, "content-length": "0"}, chunked=False)]
            async with anthropic_server(steps) as server:
                with pytest.raises(ProviderRejected, match="307"):
                    await relay.open(call_to(server.address))
            assert elsewhere.requests == []


class TestDamage:
    @pytest.mark.parametrize("end", [Cut(), Reset()], ids=["cut", "reset"])
    async def test_a_broken_answer_is_told(self, relay: Relay, end: Step) -> None:
        async with anthropic_server([Head(), Body(STREAM[:200]), Wait(0.05), end]) as server:
            answer = await relay.open(call_to(server.address))
            assert await anext(answer) == STREAM[:200]
            with pytest.raises(StreamBroken):
                await anext(answer)
            await answer.aclose()

    async def test_silence_in_mid_stream(self, relay: Relay) -> None:
        async with anthropic_server([Head(), Body(STREAM[:200]), Hang()]) as server:
            with pytest.raises(ProviderTimeout):
                await drained(await relay.open(call_to(server.address)))
            await server.client_gone()

    async def test_silence_before_the_head(self, relay: Relay) -> None:
        async with anthropic_server([Hang()]) as server:
            with pytest.raises(ProviderTimeout):
                await relay.open(call_to(server.address))
            await server.client_gone()

    async def test_nobody_listens(self, relay: Relay) -> None:
        async with anthropic_server(message()) as server:
            address = server.address
        with pytest.raises(Unreachable):
            await relay.open(call_to(address))


class TestLettingGo:
    async def test_in_mid_stream(self, relay: Relay) -> None:
        async with anthropic_server([Head(), Body(STREAM[:200]), Hang()]) as server:
            answer = await relay.open(call_to(server.address))
            assert await anext(answer) == STREAM[:200]
            await answer.aclose()
            await answer.aclose()
            await server.client_gone()

    async def test_while_opening(self, relay: Relay) -> None:
        async with anthropic_server([Hang()]) as server:
            opening = asyncio.create_task(relay.open(call_to(server.address)))
            await server.asked()
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await server.client_gone()


@pytest.mark.parametrize(
    ("url", "back"),
    [
        ("http://127.0.0.1:8082", True),
        ("http://localhost:8082/x", True),
        ("http://LOCALHOST.:8082", True),
        ("http://a.localhost:8082", True),
        ("http://[::1]:8082", True),
        ("http://[::ffff:127.0.0.1]:8082", True),
        ("http://0.0.0.0:8082", True),
        ("http://[::]:8082", True),
        ("http://127.9.9.9:8082", True),
        ("http://127.1:8082", True),
        ("http://2130706433:8082", True),
        ("http://0x7f000001:8082", True),
        ("http://user@127.0.0.1:8082", True),
        ("http://127.0.0.1:8083", False),
        ("http://127.0.0.1.evil.example:8082", False),
        ("https://api.anthropic.com", False),
        ("http://10.0.0.1:8082", False),
        ("http://127.0.0.1:99999", False),
    ],
)
def test_our_own_address_is_recognised_in_every_spelling(url: str, back: bool) -> None:
    assert comes_back(url, 8082) is back


async def test_a_request_that_would_come_back_is_refused(relay: Relay) -> None:
    async with anthropic_server(message()) as server:
        call = call_to(server.address.replace("127.0.0.1", "localhost"), own_port=server.port)
        with pytest.raises(ConfigError, match="own"):
            await relay.open(call)
        assert server.connections == 0


def test_headers_named_by_connection_stay_here() -> None:
    assert incoming([(b"Connection", b"close, X-Secret"), (b"x-secret", b"1"), (b"A", b"b")]) == ((b"A", b"b"),)
    assert incoming([(b"X-Understudy-Message", b"%7B"), (b"A", b"b")]) == ((b"A", b"b"),), (
        "it words what is shown as ours"
    )


def test_encodings_that_cannot_be_read_are_not_asked_for() -> None:
    assert outgoing([(b"accept-encoding", b"br, zstd")]) == ((b"accept-encoding", b"identity"),)
    assert outgoing([(b"accept-encoding", b"gzip;q=0.5, br")]) == ((b"accept-encoding", b"gzip;q=0.5"),)
