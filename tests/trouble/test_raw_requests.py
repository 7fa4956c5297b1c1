"""What a connection may bring instead of a request: it is refused in shape or cut, and never becomes two requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from proxy_core.ledger.request_events import State
from proxy_core.server import header_limits
from tests.support.chat_server import ChatServer, Hang, chat_server, completion, whole
from tests.support.proxy import TOKEN, Running, request, running
from tests.trouble.raw import answers, post, talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = json.dumps(request("hi", model="openai/gpt-4.1")).encode()
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
SECOND = b"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\nx-api-key: TOKEN\r\ncontent-type: application/json\r\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, ChatServer]]:
    settings = "version = 1\n[timeouts]\nrequest_body = 0.4\n"
    async with chat_server(whole(completion())) as upstream:
        environ = {"OPENAI_BASE_URL": upstream.base_url, "OPENAI_API_KEY": "sk-upstream-0123456789"}
        async with running(tmp_path_factory.mktemp("raw"), environ, settings) as proxy:
            yield proxy, upstream


@pytest.fixture
def stage(house: tuple[Running, ChatServer]) -> tuple[Running, ChatServer]:
    """One proxy for all; what a test looks at is its own."""
    proxy, upstream = house
    upstream.scripts = [whole(completion())]
    upstream.requests.clear()
    upstream.closed_by_client = 0
    proxy.heard.records.clear()
    return house


def head(first: bytes, *lines: bytes) -> bytes:
    """A head with our host and token, and these lines."""
    own = b"host: 127.0.0.1:PORT", b"x-api-key: TOKEN", b"content-type: application/json"
    return b"\r\n".join([first, *own, *lines]) + b"\r\n\r\n"


def posted(*lines: bytes, body: bytes = BODY) -> bytes:
    return head(b"POST /v1/messages HTTP/1.1", *lines) + body


LENGTH = b"content-length: %d" % len(BODY)

REFUSED = {
    "two lengths": posted(LENGTH, b"content-length: 3"),
    "the same length twice": posted(LENGTH, LENGTH),
    "two lengths in one line": posted(b"content-length: %d, %d" % (len(BODY), len(BODY))),
    "length and chunked": posted(LENGTH, b"transfer-encoding: chunked", body=CHUNKED),
    "chunked and length": posted(b"transfer-encoding: chunked", LENGTH, body=CHUNKED),
    "negative length": posted(b"content-length: -1"),
    "overflowing length": posted(b"content-length: 99999999999999999999999"),
    "hexadecimal length": posted(b"content-length: 0x%x" % len(BODY)),
    "a space in the length": posted(b"content-length: 1 0"),
    "a plus before the length": posted(b"content-length: +%d" % len(BODY)),
    "an empty length": posted(b"content-length:"),
    "an encoding that is not chunked": posted(b"transfer-encoding: xchunked", body=CHUNKED),
    "chunked, then something else": posted(b"transfer-encoding: chunked, identity", body=CHUNKED),
    "a chunk size that is no number": posted(b"transfer-encoding: chunked", body=b"zz\r\n" + BODY),
    "a negative chunk size": posted(b"transfer-encoding: chunked", body=b"-1\r\n" + BODY),
    "an overflowing chunk size": posted(b"transfer-encoding: chunked", body=b"f" * 20 + b"\r\n" + BODY),
    "a folded header": posted(LENGTH, b"x-folded: a", b" b"),
    "a header without a colon": posted(LENGTH, b"nonsense"),
    "a space before the colon": posted(LENGTH, b"x-odd : a"),
    "a header without a name": posted(LENGTH, b": a"),
    "a NUL in a header": posted(LENGTH, b"x-odd: a\x00b"),
    "a CR in a header": posted(LENGTH, b"x-odd: a\rb: c"),
    "line ends without CR": posted(LENGTH).replace(b"\r\n", b"\n"),
    "one line end without CR": posted(LENGTH, b"x-odd: a\nx-api-key: b"),
    "a NUL in the target": head(b"POST /v1/mess\x00ages HTTP/1.1", LENGTH) + BODY,
    "bytes beyond ASCII in the target": head(b"POST /v1/mess\xc3\xa9ges HTTP/1.1", LENGTH) + BODY,
    "a target that names another host": head(b"POST http://evil.example/v1/messages HTTP/1.1", LENGTH) + BODY,
    "a target that names our host": head(b"POST http://127.0.0.1:PORT/v1/messages HTTP/1.1", LENGTH) + BODY,
    "a target with two slashes": head(b"POST //v1/messages HTTP/1.1", LENGTH) + BODY,
    "a target with dots": head(b"POST /v1/../v1/messages HTTP/1.1", LENGTH) + BODY,
    "a target with a slash more": head(b"POST /v1/messages/ HTTP/1.1", LENGTH) + BODY,
    "a target with an encoded end": head(b"POST /v1/messages%00 HTTP/1.1", LENGTH) + BODY,
    "a target with an encoded question": head(b"POST /v1/messages%3Fa HTTP/1.1", LENGTH) + BODY,
    "no target": head(b"POST  HTTP/1.1", LENGTH) + BODY,
    "a star": head(b"POST * HTTP/1.1", LENGTH) + BODY,
    "100 kB of target": head(b"POST /v1/messages?" + b"a" * 100_000 + b" HTTP/1.1", LENGTH) + BODY,
    "1 MB of header": posted(LENGTH, b"x-long: " + b"a" * 1_000_000),
    "5,000 headers": posted(LENGTH, *(b"x-%d: a" % number for number in range(5000))),
    "no host": posted(LENGTH).replace(b"host: 127.0.0.1:PORT\r\n", b""),
    "two hosts": posted(LENGTH, b"host: 127.0.0.1:PORT"),
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "a version nobody knows": head(b"POST /v1/messages HTTP/7.3", LENGTH) + BODY,
    "a method nobody knows": head(b"FOO /v1/messages HTTP/1.1", LENGTH) + BODY,
    "CONNECT": head(b"CONNECT evil.example:443 HTTP/1.1"),
    "TRACE": head(b"TRACE /v1/messages HTTP/1.1"),
    "OPTIONS": head(b"OPTIONS /v1/messages HTTP/1.1"),
    "GET": head(b"GET /v1/messages HTTP/1.1"),
    "an upgrade to WebSocket": posted(LENGTH, b"connection: upgrade", b"upgrade: websocket"),
    "an upgrade to HTTP/2": posted(
        LENGTH, b"connection: upgrade, http2-settings", b"upgrade: h2c", b"http2-settings: AA"
    ),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "a body that is not declared": posted(),
    "a compressed body": posted(LENGTH, b"content-encoding: gzip"),
    "a body over the limit": posted(b"content-length: 70000000"),
    "chunk extensions without end": posted(b"transfer-encoding: chunked", body=b"5;" + b"a=b;" * 50_000),
    "trailers without end": posted(
        b"transfer-encoding: chunked", body=CHUNKED[:-2] + b"".join(b"x-%d: aaaa\r\n" % n for n in range(20_000))
    ),
}

SERVED = {
    "plain": posted(LENGTH),
    "chunked": posted(b"transfer-encoding: chunked", body=CHUNKED),
    "chunked, in other letters": posted(b"Transfer-Encoding: CHUNKED", body=CHUNKED),
    "an empty line before": b"\r\n\r\n" + posted(LENGTH),
    "an encoded slash": head(b"POST /v1%2Fmessages HTTP/1.1", LENGTH) + BODY,
    "HTTP/1.0": head(b"POST /v1/messages HTTP/1.0", LENGTH) + BODY,
    "an expectation": posted(LENGTH, b"expect: 100-continue"),
    "trailers": posted(
        b"transfer-encoding: chunked", body=CHUNKED[:-2] + b"host: evil.example\r\norigin: http://evil.example\r\n\r\n"
    ),
}


def addressed(data: bytes, port: int) -> bytes:
    return data.replace(b"PORT", str(port).encode()).replace(b"TOKEN", TOKEN.encode())


@pytest.mark.parametrize("name", REFUSED)
async def test_it_is_refused_in_shape(stage: tuple[Running, ChatServer], name: str) -> None:
    proxy, upstream = stage
    came = answers(await talk(proxy.port, addressed(REFUSED[name], proxy.port)))
    # Who still sends when we close may lose the answer to a reset.
    assert came or len(REFUSED[name]) > 50_000
    for answer in came:
        assert 400 <= answer.status < 500, answer
        assert answer.error["type"]
        assert answer.headers["x-should-retry"] == "false"
    assert upstream.requests == []
    assert len(came) <= 1
    assert (await proxy.ask()).status_code == 200, "the server lives on"


@pytest.mark.parametrize("name", SERVED)
async def test_it_is_served_once(stage: tuple[Running, ChatServer], name: str) -> None:
    proxy, upstream = stage
    came = answers(await talk(proxy.port, addressed(SERVED[name], proxy.port)))
    assert [answer.status for answer in came] == [200]
    (asked,) = upstream.requests
    assert asked.json["messages"][-1]["content"] == "hi"
    assert "evil" not in str(asked)


async def test_what_follows_a_request_on_its_connection_never_becomes_part_of_it(
    stage: tuple[Running, ChatServer],
) -> None:
    """Ten at once on one connection: those that are answered are answered in order, none is mixed with another."""
    proxy, upstream = stage
    bodies = [json.dumps(request(f"number {n}", model="openai/gpt-4.1")).encode() for n in range(10)]
    came = answers(await talk(proxy.port, b"".join(post(body, port=proxy.port) for body in bodies)))
    assert came
    assert {answer.status for answer in came} == {200}
    asked = [sent.json["messages"][-1]["content"] for sent in upstream.requests]
    assert asked == [f"number {n}" for n in range(len(asked))]
    assert len(came) == len(asked)


async def test_a_client_that_leaves_after_two_requests_leaves_both(
    stage: tuple[Running, ChatServer],
) -> None:
    proxy, upstream = stage
    upstream.scripts = [[Hang()]]
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(post(BODY, port=proxy.port))
    await upstream.asked()
    writer.write(post(BODY, port=proxy.port))
    await asyncio.sleep(0.1)
    writer.close()
    await upstream.client_gone()
    async with asyncio.timeout(30):
        while any(record.state is State.RUNNING for record in proxy.heard.records.values()):
            await asyncio.sleep(0.01)


async def test_a_smuggled_request_is_a_body(stage: tuple[Running, ChatServer]) -> None:
    proxy, upstream = stage
    inner = post(BODY, port=proxy.port)
    came = answers(await talk(proxy.port, post(inner, port=proxy.port)))
    assert [answer.status for answer in came] == [400]
    assert upstream.requests == []


async def test_two_hundred_idle_connections_are_in_nobodys_way(stage: tuple[Running, ChatServer]) -> None:
    proxy, _ = stage
    idle = [await asyncio.open_connection("127.0.0.1", proxy.port) for _ in range(200)]
    for number, (_, writer) in enumerate(idle):
        writer.write((b"", b"POST /v1/mess", post(BODY, port=proxy.port)[:-10])[number % 3])
    async with asyncio.timeout(30):
        assert (await proxy.ask()).status_code == 200
    for _, writer in idle:
        writer.close()


async def test_a_slow_head_is_408(stage: tuple[Running, ChatServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header_limits, "SECONDS", 0.3)
    proxy, upstream = stage
    letters = [bytes([letter]) for letter in post(BODY, port=proxy.port)[:40]]
    (answer,) = answers(await talk(proxy.port, *letters, pause=0.02))
    assert (answer.status, answer.error["type"]) == (408, "timeout_error")
    assert upstream.requests == []


async def test_nothing_but_line_ends_is_no_life(
    stage: tuple[Running, ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header_limits, "SECONDS", 0.3)
    proxy, _ = stage
    loop = asyncio.get_running_loop()
    began = loop.time()
    came = answers(await talk(proxy.port, post(BODY, port=proxy.port), *[b"\r\n"] * 1200, pause=0.05))
    assert [answer.status for answer in came] == [200, 408]
    assert loop.time() - began < 30


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
async def test_a_body_that_stops_half_way_is_408(stage: tuple[Running, ChatServer], path: str) -> None:
    proxy, upstream = stage
    whole_one = post(BODY, port=proxy.port, path=path)
    (answer,) = answers(await talk(proxy.port, whole_one[:-5]))
    assert (answer.status, answer.error["type"]) == (408, "timeout_error")
    assert upstream.requests == []


@pytest.mark.parametrize("path", ["/v1/messages", "/nowhere"])
async def test_a_body_that_only_drips_is_not_read_for_ever(
    stage: tuple[Running, ChatServer], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header_limits, "LINGER", 0.3)
    proxy, _ = stage
    drops = [post(BODY, "content-length: 100000", port=proxy.port, path=path), *[b" "] * 1200]
    loop = asyncio.get_running_loop()
    began = loop.time()
    (answer,) = answers(await talk(proxy.port, *drops, pause=0.05))
    assert answer.status in {404, 408}
    assert loop.time() - began < 30, "the connection was closed"


async def test_a_body_that_is_too_large_is_refused_although_it_is_still_sent(
    stage: tuple[Running, ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header_limits, "LINGER", 0.5)
    proxy, _ = stage
    flood = [post(b"", "content-length: 70000000", port=proxy.port), *[b" " * 1_000_000] * 8]
    (answer,) = answers(await talk(proxy.port, *flood))
    assert (answer.status, answer.error["type"]) == (413, "request_too_large")
