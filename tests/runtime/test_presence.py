"""Who runs: said whole, believed only when it lives and answers."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy_core.runtime.presence import Presence, announce, answers, find_running, read, withdraw


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


def _presence(address: bytes, pid: int | None = None) -> Presence:
    return Presence(os.getpid() if pid is None else pid, address.decode(), 1_700_000_000.5, "0.1.0")


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


def test_a_presence_is_taken_back_by_who_said_it_only(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    announce(path, _presence(b"http://127.0.0.1:1", 1234))
    withdraw(path, 99)
    assert path.exists()
    withdraw(path, 1234)
    assert not path.exists()
    withdraw(path, 1234)
