"""Who runs: said whole, believed only when it lives and answers."""

from __future__ import annotations

import asyncio
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy_core.config.secret import Secret
from proxy_core.server.instance_file import InstanceInfo, announce, answers, find_running, proves, read, withdraw
from tests.support.proxy import TOKEN, running


@pytest.fixture
def health() -> Iterator[list[bytes]]:
    """What ``GET /health`` answers; the last item is its address."""
    said: list[bytes] = [b'{"name": "understudy", "status": "ok"}']

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()
            self.wfile.write(said[0])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
    thread.start()
    said.append(f"http://127.0.0.1:{server.server_port}".encode())
    yield said
    server.shutdown()
    thread.join()
    server.server_close()


def _presence(address: bytes, pid: int | None = None) -> InstanceInfo:
    return InstanceInfo(os.getpid() if pid is None else pid, address.decode(), 1_700_000_000.5, "0.1.0")


def test_what_was_said_is_found(tmp_path: Path, health: list[bytes]) -> None:
    path = tmp_path / "state" / "runtime.json"
    said = _presence(health[1])
    announce(path, said)
    assert find_running(path) == said
    assert path.stat().st_mode & 0o777 == 0o600


def test_nobody_is_found_without_a_file(tmp_path: Path) -> None:
    assert find_running(tmp_path / "runtime.json") is None


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"pid": "x"}', '{"pid": 1, "address"'])
def test_a_file_that_is_no_presence_is_ignored(tmp_path: Path, content: str) -> None:
    path = tmp_path / "runtime.json"
    path.write_text(content)
    assert read(path) is None


def test_a_file_left_by_a_process_that_is_gone_is_ignored(tmp_path: Path, health: list[bytes]) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    path = tmp_path / "runtime.json"
    announce(path, _presence(health[1], int(gone.stdout)))
    assert find_running(path) is None


def test_another_program_on_the_port_is_not_taken_for_us(tmp_path: Path, health: list[bytes]) -> None:
    path = tmp_path / "runtime.json"
    announce(path, _presence(health[1]))
    for other in (b"<html>", b"[]", b'{"name": "somebody"}', b"\xff"):
        health[0] = other
        assert find_running(path) is None


def test_only_loopback_is_asked() -> None:
    assert not answers("http://192.0.2.1:8082")
    assert not answers("not a url")
    assert not answers("http://127.0.0.1:not-a-port")


async def test_a_proxy_proves_that_it_holds_the_token(tmp_path: Path) -> None:
    async with running(tmp_path, {}) as proxy:
        assert await asyncio.to_thread(proves, proxy.url, Secret(TOKEN))
        assert await asyncio.to_thread(proves, proxy.url.replace("127.0.0.1", "localhost"), Secret(TOKEN))
        assert not await asyncio.to_thread(proves, proxy.url, Secret("us-another-token-000000"))


def test_who_only_says_the_name_proves_nothing(health: list[bytes]) -> None:
    address = health[1].decode()
    for said in (b'{"name": "understudy"}', b'{"name": "understudy", "proof": ""}', b'{"proof": 3}', b"[1]"):
        health[0] = said
        assert not proves(address, Secret(TOKEN))


async def test_who_passes_the_question_on_proves_nothing(tmp_path: Path) -> None:
    """A program in the place of a proxy that is gone, while another proxy of the same user runs elsewhere."""
    async with running(tmp_path, {}) as proxy:

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked = (await reader.readuntil(b"\r\n\r\n")).replace(here, str(proxy.port).encode())
            there, out = await asyncio.open_connection("127.0.0.1", proxy.port)
            out.write(asked.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            writer.write(await there.read())
            out.close()
            writer.close()

        server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        here = str(port).encode()
        async with server:
            address = f"http://127.0.0.1:{port}"
            assert await asyncio.to_thread(answers, address), "it passes for the proxy"
            assert not await asyncio.to_thread(proves, address, Secret(TOKEN))


def test_a_presence_is_taken_back_by_who_said_it_only(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    announce(path, _presence(b"http://127.0.0.1:1", 1234))
    withdraw(path, 99)
    assert path.exists()
    withdraw(path, 1234)
    assert not path.exists()
    withdraw(path, 1234)
