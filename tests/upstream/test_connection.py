"""Our own HTTP connections on real sockets: what an answer is, when one is used again, and who is waited for."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from proxy_core.config.settings import Timeouts
from proxy_core.upstream import pool as pools
from proxy_core.upstream.connection import HEAD_LIMIT, HELD, LARGE, Damaged, Disconnected
from proxy_core.upstream.http import Http, HttpAnswer
from proxy_core.upstream.pool import Address, ConnectTimeout, Origin, address_of
from tests.support.chat_server import Body, Cut, Finish, Hang, Head, Raw, Request, Reset, Step, Wait, chat_server, whole

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
QUICK = Timeouts(connect=0.3, first_chunk=0.3, between_chunks=0.3)
"""For those that test a time out; a busy machine may need longer than this for anything else."""

PATIENT = Timeouts(connect=60, first_chunk=60, between_chunks=60)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    client = Http()
    yield client
    await client.aclose()


async def ask(http: Http, url: str, body: bytes = b"{}", timeouts: Timeouts = PATIENT) -> HttpAnswer:
    return await http.ask("POST", url, ((b"accept", b"*/*"),), body, timeouts)


async def read(answer: HttpAnswer) -> bytes:
    body = b""
    try:
        while data := await answer.read():
            body += data
    finally:
        answer.let_go()
    return body


def slowly(times: int) -> list[Step]:
    return [step for _ in range(times) for step in (Body(b":"), Wait(0.1))]


async def got(http: Http, url: str) -> bytes:
    return await read(await ask(http, url))


class TestAnAnswer:
    @pytest.mark.parametrize(
        "steps",
        [
            [Raw(OK)],
            [Raw(OK[:9]), Wait(0.02), Raw(OK[9:40]), Wait(0.02), Raw(OK[40:])],
            [Raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + OK)],
            [Head(), Body(b"ok", piece=1), Finish()],
            [Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nt: u\r\n\r\n")],
            [Head(headers={}, chunked=False), Body(b"ok"), Cut()],
            [Raw(b"HTTP/1.0 200 OK\r\n\r\nok"), Cut()],
            [Raw(OK + b"} and what nobody counted")],
            [Raw(OK.replace(b": 2", b": 2, 2"))],
            [Raw(OK.replace(b": 2", b": 2\r\nContent-Length: 2"))],
            [Raw(b"HTTP/1.1 103 Early\r\n\r\n" + OK.replace(b": 2", b": 2,2 , 2\r\nx: y"))],
            [
                Raw(OK[:20]),
                Wait(0.02),
                Raw(b"tent-length: 2,"),
                Wait(0.02),
                Raw(b" 2\r\nx: y\r"),
                Wait(0.02),
                Raw(b"\n\r\nok"),
            ],
            [Raw(OK.replace(b"content", b"connection: close\r\ncontent") + b"}"), Cut()],
        ],
    )
    async def test_is_whole_however_it_is_framed_and_cut(self, http: Http, steps: list[Step]) -> None:
        async with chat_server(steps) as server:
            answer = await ask(http, server.address)
            assert answer.status == 200
            assert await read(answer) == b"ok"

    @pytest.mark.parametrize("status", [204, 304])
    async def test_without_a_body_ends_at_once(self, http: Http, status: int) -> None:
        async with chat_server([Raw(b"HTTP/1.1 %d Fine\r\n\r\n" % status), Hang()]) as server:
            assert await got(http, server.address) == b""

    @pytest.mark.parametrize(
        "steps",
        [
            [Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok"), Cut()],
            [Head(), Body(b"ok"), Cut()],
        ],
    )
    async def test_that_is_cut_gives_what_came_and_then_says_so(self, http: Http, steps: list[Step]) -> None:
        async with chat_server(steps) as server:
            answer = await ask(http, server.address)
            assert await answer.read() == b"ok"
            with pytest.raises(Disconnected):
                await answer.read()
            answer.let_go()

    @pytest.mark.parametrize(
        "damage",
        [
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * (HEAD_LIMIT // 6 + 9),
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\ncontent-length: 02\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2,\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            b"HTTP/1.1 099 Low\r\ncontent-length: 2\r\n\r\nok",
            b"HTTP/1.1 000 None\r\n\r\n",
        ],
    )
    async def test_that_is_no_http_is_damaged(self, http: Http, damage: bytes) -> None:
        async with chat_server([Raw(damage), Hang()]) as server:
            with pytest.raises(Damaged):
                await ask(http, server.address)
            await server.client_gone()

    @pytest.mark.parametrize(
        "damage", [b"zz\r\nok\r\n", b"2;" + b"x" * (HEAD_LIMIT + 9), b"0\r\n" + b"t: u\r\n" * (HEAD_LIMIT // 6 + 9)]
    )
    async def test_with_damage_between_its_pieces_ends_there(self, http: Http, damage: bytes) -> None:
        async with chat_server([Head(), Body(b"ok"), Wait(0.02), Raw(damage), Hang()]) as server:
            answer = await ask(http, server.address)
            assert await answer.read() == b"ok"
            with pytest.raises(Damaged):
                await answer.read()
            answer.let_go()
            await server.client_gone()


class TestUsingItAgain:
    async def test_a_whole_answer_leaves_the_connection_for_the_next(self, http: Http) -> None:
        async with chat_server([Raw(OK)]) as server:
            assert [await got(http, server.address) for _ in range(3)] == [b"ok"] * 3
            assert server.connections == 1

    @pytest.mark.parametrize(
        "first",
        [
            [Raw(OK.replace(b"content", b"connection: close\r\ncontent"))],
            [Raw(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen")],
            [Raw(OK), Wait(0.02), Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen")],
            [Raw(OK), Cut()],
        ],
    )
    async def test_what_a_server_says_unasked_is_never_an_answer(self, http: Http, first: list[Step]) -> None:
        async with chat_server(first, [Raw(OK)]) as server:
            assert await got(http, server.address) == b"ok"
            await server.quiet()
            await asyncio.sleep(0.05)  # what the server has sent by now is received before this ends
            assert await got(http, server.address) == b"ok"
            assert server.connections == 2

    async def test_a_new_one_that_is_closed_is_not_replaced(self, http: Http) -> None:
        async with chat_server([Cut()]) as server:
            with pytest.raises(Disconnected):
                await ask(http, server.address)
            assert len(server.requests) == 1

    @pytest.mark.parametrize("through_a_proxy", [False, True])
    @pytest.mark.parametrize("end", [[Cut()], [Reset()], [Raw(OK[:9]), Wait(0.02), Reset()]])
    async def test_what_was_sent_is_not_sent_again(self, end: list[Step], through_a_proxy: bool) -> None:
        async with chat_server([Raw(OK)], [Wait(0.05), *end], [Raw(OK)]) as server:
            http = Http(server.address if through_a_proxy else "")
            url = "http://models.example" if through_a_proxy else server.address
            await read(await ask(http, url, timeouts=Timeouts(first_chunk=20)))
            with pytest.raises(Disconnected):
                await ask(http, url, timeouts=Timeouts(first_chunk=20))
            await http.aclose()
            assert [request.connection for request in server.requests] == [1, 1]

    async def test_what_was_begun_to_be_answered_is_not_asked_again(self, http: Http) -> None:
        async with chat_server([Raw(OK)], [Raw(OK[:9]), Wait(0.02), Cut()]) as server:
            await got(http, server.address)
            with pytest.raises(Disconnected):
                await ask(http, server.address)
            assert len(server.requests) == 2

    async def test_one_from_before_the_machine_slept_is_not_used(
        self, http: Http, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with chat_server([Raw(OK)]) as server:
            await got(http, server.address)
            monkeypatch.setattr(pools, "time", lambda: time.time() + pools.KEPT_ALIVE + 1)
            await got(http, server.address)
            assert server.connections == 2
            await server.client_gone()

    async def test_an_answer_that_is_let_go_too_early_is_closed(self, http: Http) -> None:
        async with chat_server([Head(), Body(b"ok"), Hang()]) as server:
            (await ask(http, server.address)).let_go()
            await server.client_gone()

    async def test_an_idle_connection_is_closed_in_time(self, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pools, "KEPT_NEARBY", 0.1)
        async with chat_server([Raw(OK)]) as server:
            await got(http, server.address)
            await server.client_gone()

    async def test_one_that_its_server_closes_soon_is_closed_before(self, http: Http) -> None:
        said = OK.replace(b"content", b"keep-alive: timeout=1, max=9\r\ncontent")
        async with chat_server([Raw(said)]) as server:
            await got(http, server.address)
            await server.client_gone()

    async def test_the_end_closes_what_is_under_way(self, http: Http) -> None:
        async with chat_server([Head(), Body(b"ok"), Hang()]) as server:
            answer = await ask(http, server.address)
            await answer.read()
            await http.aclose()
            await server.client_gone()
            with pytest.raises(OSError):
                await answer.read()

    async def test_a_cancelled_request_closes_its_connection(self, http: Http) -> None:
        async with chat_server([Hang()]) as server:
            asking = asyncio.create_task(ask(http, server.address, timeouts=Timeouts(first_chunk=60)))
            await server.asked()
            asking.cancel()
            await server.client_gone()


class TestPatience:
    async def test_signs_of_life_do_not_prolong_the_wait_for_the_answer(self, http: Http) -> None:
        async with chat_server([Head(), *slowly(20)]) as server:
            answer = await ask(http, server.address, timeouts=Timeouts(first_chunk=0.3))
            with pytest.raises(TimeoutError):
                await read(answer)
            await server.client_gone()

    async def test_later_only_silence_counts(self, http: Http) -> None:
        async with chat_server([Head(), *slowly(8), Body(b"."), Hang()]) as server:
            answer = await ask(http, server.address)
            answer.allow_silence(0.3)
            assert b"".join([await answer.read() for _ in range(9)]) == b"::::::::."
            with pytest.raises(TimeoutError):
                await answer.read()
            answer.let_go()
            await server.client_gone()

    async def test_nobody_is_silent_while_we_do_not_listen(self, http: Http) -> None:
        data = bytes(64 * HELD)
        async with chat_server(whole(data)) as server:
            answer = await ask(http, server.address)
            answer.allow_silence(0.6)
            await asyncio.sleep(1.2)
            assert await read(answer) == data

    async def test_a_connection_that_is_not_made_in_time(self, http: Http) -> None:
        async with chat_server([Hang()]) as server:  # says nothing to a TLS greeting
            with pytest.raises(ConnectTimeout):
                await ask(http, server.address.replace("http:", "https:"), timeouts=QUICK)


class TestARequest:
    async def test_a_large_body_arrives_whole(self, http: Http) -> None:
        body = bytes(range(256)) * (LARGE // 64)
        async with chat_server([Raw(OK)]) as server:
            answer = await ask(http, server.address, body, Timeouts(first_chunk=5))
            assert await read(answer) == b"ok"
            assert server.requests[0].body == body

    async def test_an_answer_may_come_before_all_of_it_was_sent(self, http: Http) -> None:
        refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nno!"

        answered, over = asyncio.Event(), asyncio.Event()

        async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(refusal)
            await answered.wait()
            writer.transport.abort()
            over.set()

        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            answer = await ask(http, f"http://127.0.0.1:{port}", bytes(32 * LARGE), Timeouts(first_chunk=5))
            assert (answer.status, await read(answer)) == (413, b"no!")
            answered.set()
            await over.wait()

    @pytest.mark.parametrize("value", [b"a\r\nx-injected: 1", b"a\nb", b"a\rb", b"a\0b"])
    async def test_a_header_cannot_end_its_line(self, http: Http, value: bytes) -> None:
        async with chat_server([Raw(OK)]) as server:
            with pytest.raises(ValueError, match="line end"):
                await http.ask("POST", server.address, ((b"x-own", value),), b"", QUICK)
            assert server.requests == []

    async def test_says_where_it_wants_to_go(self, http: Http) -> None:
        def answer(request: Request) -> list[Step]:
            said = f"{request.target} {request.headers['host']} {request.headers['content-length']}"
            return whole(said.encode())

        async with chat_server(answer) as server:
            expected = f"/v1/x?y=%20z 127.0.0.1:{server.port} 2"
            assert await got(http, f"{server.address}/v1/x?y=%20z") == expected.encode()

    async def test_a_name_is_looked_up(self, http: Http) -> None:
        async with chat_server([Raw(OK)]) as server:
            assert await got(http, f"http://localhost:{server.port}") == b"ok"  # ::1 may refuse

    async def test_this_machine_is_found_without_a_network(self, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
        """As Windows looks names up: with the flag it knows none while no network is there, not even our own."""
        loop = asyncio.get_running_loop()
        found = loop.getaddrinfo

        async def without_network(*where: Any, flags: int = 0, **more: Any) -> Any:
            if flags & socket.AI_ADDRCONFIG:
                raise socket.gaierror(socket.EAI_NONAME, "no network")
            return await found(*where, flags=flags, **more)

        monkeypatch.setattr(loop, "getaddrinfo", without_network)
        async with chat_server([Raw(OK)]) as server:
            assert await got(http, f"http://localhost:{server.port}") == b"ok"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (
            "https://api.acme.example/v1",
            Address(Origin("api.acme.example", 443, tls=True), b"/v1", b"api.acme.example"),
        ),
        ("http://acme:8080", Address(Origin("acme", 8080, tls=False), b"/", b"acme:8080")),
        ("http://[::1]:9/a?b=c", Address(Origin("::1", 9, tls=False), b"/a?b=c", b"[::1]:9")),
        ("https://user:key@acme/", None),
        ("https://bücher.example/", None),
        ("https://acme/a b", None),
        ("http://[fe80::1%25eth0]/", None),
        ("ftp://acme/", None),
        ("http://acme:99999/", None),
        ("", None),
    ],
)
def test_the_address_in_a_url(url: str, address: Address | None) -> None:
    assert address_of(url) == address
