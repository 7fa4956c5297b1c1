"""Who gets in, and who gets nothing at all: tried with raw requests, since clients refuse to send most of these."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from proxy_core.api.context import ApiContext, NoLaunches
from proxy_core.api.guard import Guard
from proxy_core.config.local_token import Launch, admits, launch_token, new_local_token, proof
from proxy_core.config.secret import Secret
from proxy_core.launch.launch_records import end
from proxy_core.server.local_token_cache import LocalTokenCache
from tests.support.chat_server import ChatServer, chat_server, completion, whole
from tests.support.proxy import TOKEN, Running, request, running

Stage = tuple[Running, ChatServer]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with chat_server(whole(completion())) as upstream:
        environ = {"OPENAI_BASE_URL": upstream.base_url, "OPENAI_API_KEY": "sk-1234567890abcdef"}
        async with running(tmp_path, environ) as proxy:
            yield proxy, upstream


async def raw(
    proxy: Running, *headers: str, target: str = "POST /v1/messages", body: bytes | None = None
) -> tuple[int, str]:
    """The status and the whole answer to a request with just these headers (and a length)."""
    sent = json.dumps(request()).encode() if body is None else body
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    lines = [f"{target} HTTP/1.1", *headers, f"content-length: {len(sent)}", "connection: close"]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + sent)
    answer = (await asyncio.wait_for(reader.read(), 60)).decode("latin-1")
    writer.close()
    return int(answer.split(" ", 2)[1]), answer


def host(proxy: Running, name: str = "127.0.0.1") -> str:
    return f"host: {name}:{proxy.port}"


JSON = "content-type: application/json"
KEY = f"x-api-key: {TOKEN}"


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
async def test_loopback_names_with_the_token_get_in(stage: Stage, name: str) -> None:
    status, _ = await raw(stage[0], host(stage[0], name), JSON, KEY)
    assert status == 200


@pytest.mark.parametrize(
    "credential",
    [
        f"x-api-key: {TOKEN}",
        f"Authorization: Bearer {TOKEN}",
        f"authorization: bearer {TOKEN}",
        f"x-understudy-token: {TOKEN}",
    ],
)
async def test_the_token_may_stand_in_three_places(stage: Stage, credential: str) -> None:
    proxy, upstream = stage
    assert (await raw(proxy, host(proxy), JSON, credential))[0] == 200
    assert TOKEN not in json.dumps(dict(upstream.requests[0].headers))
    assert TOKEN.encode() not in upstream.requests[0].body


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "x-api-key: ",
        "x-api-key: wrong",
        f"x-api-key: {TOKEN}x",
        f"x-api-key: {TOKEN[:-1]}",
        f"authorization: Basic {TOKEN}",
        f"cookie: token={TOKEN}",
        "x-api-key: us-launch.e30.AAAA",
        "x-api-key: us-launch..",
        "x-api-key: \xff\xfe",
    ],
)
async def test_without_it_nobody_gets_in(stage: Stage, credential: str) -> None:
    proxy, upstream = stage
    for target in (
        "POST /v1/messages",
        "GET /v1/models",
        "POST /v1/messages/count_tokens",
        "GET /nowhere",
        "GET /docs",
    ):
        status, answer = await raw(proxy, host(proxy), JSON, *([credential] if credential else []), target=target)
        assert status == 401
        assert '"authentication_error"' in answer
        assert "x-should-retry: false" in answer
        assert TOKEN not in answer
    assert upstream.requests == []


async def test_not_in_the_query_either(stage: Stage) -> None:
    status, _ = await raw(stage[0], host(stage[0]), JSON, target=f"POST /v1/messages?token={TOKEN}&x-api-key={TOKEN}")
    assert status == 401


@pytest.mark.parametrize(
    "line",
    [
        "host: evil.example:{port}",
        "host: 127.0.0.1.evil.example:{port}",
        "host: 0.0.0.0:{port}",
        "host: 127.0.0.1:{port}@evil.example",
        "host: 127.0.0.1",
        "host: 127.0.0.1:1",
        "host: localhost:{port}:80",
        "host: ",
        "host: 127.0.0.1:{port}/",
        "host: [::2]:{port}",
        "x-no-host: 1",
        "host: 127.0.0.1:{port}\r\nhost: 127.0.0.1:{port}",
    ],
)
async def test_other_names_are_not_ours(stage: Stage, line: str) -> None:
    proxy, upstream = stage
    status, _ = await raw(proxy, line.format(port=proxy.port), JSON, KEY)
    assert status in {400, 403, 421}
    assert upstream.requests == []


@pytest.mark.parametrize(
    "line",
    [
        "origin: https://evil.example",
        "origin: null",
        "origin: http://127.0.0.1",
        "sec-fetch-site: cross-site",
        "sec-fetch-site: same-site",
    ],
)
async def test_web_pages_are_refused_without_cors_headers(stage: Stage, line: str) -> None:
    proxy, upstream = stage
    for target in ("POST /v1/messages", "OPTIONS /v1/messages", "GET /health"):
        status, answer = await raw(proxy, host(proxy), JSON, KEY, line, target=target)
        assert status == 403
        assert "access-control" not in answer.lower()
    assert upstream.requests == []


async def test_a_private_network_preflight_is_refused(stage: Stage) -> None:
    lines = ("access-control-request-method: POST", "access-control-request-private-network: true")
    status, answer = await raw(stage[0], host(stage[0]), *lines, target="OPTIONS /v1/messages")
    assert status == 403
    assert "access-control-allow" not in answer.lower()


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_forms_are_no_requests(stage: Stage, media: str) -> None:
    assert (await raw(stage[0], host(stage[0]), f"content-type: {media}", KEY))[0] == 415


async def test_the_health_routes_are_open_and_say_little(stage: Stage) -> None:
    proxy, _ = stage
    for target in ("HEAD /", "GET /", "GET /health"):
        status, answer = await raw(proxy, host(proxy), target=target, body=b"")
        assert status == 200
        assert "gpt" not in answer
    assert (await raw(proxy, host(proxy), KEY, target="HEAD /api/hello", body=b""))[0] == 200


async def test_what_is_not_there_is_told_in_shape(stage: Stage) -> None:
    proxy, _ = stage
    status, answer = await raw(proxy, host(proxy), KEY, target="GET /v1/nothing", body=b"")
    assert status == 404
    assert '"not_found_error"' in answer
    status, answer = await raw(proxy, host(proxy), KEY, target="DELETE /v1/messages", body=b"")
    assert status == 405
    assert '"request_id":"req_' in answer


async def test_a_body_over_the_limit_is_refused_before_it_is_read(stage: Stage) -> None:
    proxy, _ = stage
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    head = f"POST /v1/messages HTTP/1.1\r\n{host(proxy)}\r\n{KEY}\r\n{JSON}\r\ncontent-length: {65 * 2**20}\r\n\r\n"
    writer.write(head.encode())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    assert b" 413 " in answer
    writer.close()


async def test_open_mode_needs_no_token_but_still_the_name(tmp_path: Path) -> None:
    async with chat_server(whole(completion())) as upstream:
        environ = {"OPENAI_BASE_URL": upstream.base_url, "OPENAI_API_KEY": "sk-1234567890abcdef"}
        async with running(tmp_path, environ, "version = 1\n[proxy]\nopen = true\n") as proxy:
            assert (await raw(proxy, host(proxy), JSON))[0] == 200
            assert (await raw(proxy, "host: evil.example", JSON))[0] in {400, 403, 421}


async def test_a_launch_token_carries_project_and_profile(stage: Stage) -> None:
    proxy, _ = stage
    token = launch_token(Secret(TOKEN), Launch("l1", "/home/me/wörk", "Local"))
    assert (await raw(proxy, host(proxy), JSON, f"x-api-key: {token.reveal()}"))[0] == 200
    assert (proxy.heard.last.project, proxy.heard.last.profile) == ("/home/me/wörk", "Local")


async def test_a_launch_token_opens_what_a_session_asks_for_and_nothing_else(stage: Stage) -> None:
    proxy, _ = stage
    key = f"x-api-key: {launch_token(Secret(TOKEN), Launch('l1')).reveal()}"
    for target in ("POST /v1/messages/count_tokens", "GET /v1/models?limit=3", "GET /v1/models/understudy/big"):
        assert (await raw(proxy, host(proxy), JSON, key, target=target))[0] == 200, target
    for target in ("GET /settings", "GET /log", "GET /v1/launches", "GET /v1/messages/batches", "GET /docs"):
        status, answer = await raw(proxy, host(proxy), JSON, key, target=target)
        assert (status, '"not_found_error"' in answer) == (404, True), target


@pytest.mark.parametrize(("launch", "status"), [(True, 404), (False, 200)])
async def test_a_path_that_is_added_one_day_is_not_open_to_a_launch(stage: Stage, launch: bool, status: int) -> None:
    async def everything(scope: Scope, receive: Receive, send: Send) -> None:
        await Response()(scope, receive, send)

    proxy, _ = stage
    token = launch_token(Secret(TOKEN), Launch("l1")).reveal() if launch else TOKEN
    house = SimpleNamespace(
        config_snapshot=lambda: SimpleNamespace(settings=proxy.proxy.configuration().settings),
        local_tokens=LocalTokenCache(proxy.proxy.keys),
        launches=NoLaunches(),
        clock=time.time,
        new_id=lambda: "1",
    )
    transport = httpx.ASGITransport(Guard(everything, cast(ApiContext, house)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        assert (await client.get("/settings", headers={"x-api-key": token})).status_code == status


async def test_a_launch_token_ends_with_its_launch(stage: Stage) -> None:
    proxy, upstream = stage
    record = proxy.home / "state" / "launches" / "l1"
    key = f"x-api-key: {launch_token(Secret(TOKEN), Launch('l1')).reveal()}"
    assert (await raw(proxy, host(proxy), JSON, key))[0] == 200, "nothing is known of it"
    record.parent.mkdir(parents=True)
    end(record)
    status, answer = await raw(proxy, host(proxy), JSON, key)
    assert (status, '"authentication_error"' in answer) == (401, True)
    assert len(upstream.requests) == 1


def test_a_launch_token_is_good_for_a_week() -> None:
    local, day = Secret(TOKEN), 86_400.0
    token = launch_token(local, Launch("l1"), issued=100 * day).reveal()
    assert admits(local, token, 100 * day) == admits(local, token, 106.9 * day) == Launch("l1")
    assert admits(local, token, 107.1 * day) is None
    assert admits(local, token, 92.9 * day) is None, "not for ever either where the clock was wrong"


def test_a_folder_whose_name_is_not_utf_8_can_be_written_everywhere() -> None:
    local = Secret(TOKEN)
    launch = admits(local, launch_token(local, Launch("l1", "/home/me/caf\udce9")).reveal())
    assert launch is not None
    assert launch.project == "/home/me/caf\\xe9"


async def test_health_proves_that_it_holds_the_local_token(stage: Stage) -> None:
    proxy, _ = stage
    nonce = "a-question-of-somebody"
    status, answer = await raw(proxy, host(proxy), target=f"GET /health?nonce={nonce}", body=b"")
    told = json.loads(answer.rpartition("\r\n\r\n")[2])
    assert status == 200
    assert told["proof"] == proof(Secret(TOKEN), nonce, "127.0.0.1", proxy.port)
    assert TOKEN not in answer


@pytest.mark.parametrize(
    "nonce", ["", "short", "x" * 129, "with%20blanks%20and%20more", "%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00"]
)
async def test_it_proves_nothing_with_what_is_no_nonce(stage: Stage, nonce: str) -> None:
    _, answer = await raw(stage[0], host(stage[0]), target=f"GET /health?nonce={nonce}", body=b"")
    assert "proof" not in answer


async def test_no_proof_is_ever_a_launch_token(stage: Stage) -> None:
    """Whatever is asked to be signed, the answer opens nothing."""
    proxy, _ = stage
    payload = launch_token(new_local_token(), Launch("forged")).reveal().removeprefix("us-launch.").partition(".")[0]
    _, answer = await raw(proxy, host(proxy), target=f"GET /health?nonce={payload}", body=b"")
    signed = json.loads(answer.rpartition("\r\n\r\n")[2])["proof"]
    for forged in (f"us-launch.{payload}.{signed}", signed):
        assert (await raw(proxy, host(proxy), JSON, f"x-api-key: {forged}"))[0] == 401


def test_launch_tokens_end_with_the_local_token() -> None:
    local = new_local_token()
    token = launch_token(local, Launch("l1", "/p", "")).reveal()
    assert admits(local, token) == Launch("l1", "/p", "")
    assert admits(new_local_token(), token) is None
    assert admits(local, token[:-2] + "xx") is None


def test_secrets_do_not_show_themselves() -> None:
    secret = Secret("sk-very-secret-value")
    assert "very" not in f"{secret} {secret!r} {[secret]}"
    assert secret.hint == "alue"
    assert Secret("short").hint == ""
