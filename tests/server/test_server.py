"""The server's life: it starts, tells its state, survives one death, and stops with and without answers under way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from proxy_core.errors import ConfigError
from proxy_core.server.listening import Listening, PortTaken
from proxy_core.server.proxy_server import ProxyServer, ServerEvent, ServerState, Service
from tests.server.applications import Small, ask, raw


class Running:
    def __init__(self) -> None:
        self.small = Small()
        self.events: list[ServerEvent] = []
        self.faults: list[str] = []
        self.server = ProxyServer(
            Listening("127.0.0.1", 0),
            self.small.service,
            on_event=self.events.append,
            fault=self.faults.append,
            grace=1.0,
        )

    @property
    def states(self) -> list[ServerState]:
        return [events.state for events in self.events]


@pytest.fixture
def running() -> Iterator[Running]:
    it = Running()
    it.server.start()
    assert it.server.ready(30)
    yield it
    assert it.server.stop()


def test_it_answers_and_tells_its_states(running: Running) -> None:
    assert ask(running.server.address).endswith(b"hello\r\n0\r\n\r\n")
    assert running.server.stop()
    assert running.states == [
        ServerState.STARTING,
        ServerState.RUNNING,
        ServerState.STOPPING,
        ServerState.STOPPED,
    ]
    assert running.small.closed == 1


def test_a_head_leaves_with_the_body_that_is_there(running: Running) -> None:
    with socket.create_connection((running.server.address.host, running.server.address.port), timeout=30) as client:
        for _ in range(3):
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert client.recv(65536).endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


def test_a_head_does_not_wait_for_a_body_that_is_late(running: Running) -> None:
    with socket.create_connection((running.server.address.host, running.server.address.port), timeout=30) as client:
        client.sendall(b"GET /late HTTP/1.1\r\nhost: x\r\n\r\n")
        assert client.recv(65536).endswith(b"\r\n\r\n")
        assert client.recv(65536) == b"5\r\nhello\r\n0\r\n\r\n"


def test_a_request_sent_before_the_server_runs_is_answered() -> None:
    it = Running()
    with socket.create_connection((it.server.address.host, it.server.address.port), timeout=30) as early:
        early.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        it.server.start()
        assert early.recv(65536).startswith(b"HTTP/1.1 200")
    assert it.server.stop()


def test_the_port_is_free_after_a_stop(running: Running) -> None:
    ask(running.server.address)
    assert running.server.stop()
    Listening("127.0.0.1", running.server.address.port).close()


def test_the_port_is_held_while_it_runs(running: Running) -> None:
    with pytest.raises(PortTaken):
        Listening("127.0.0.1", running.server.address.port)


def test_an_answer_under_way_is_cut_after_the_grace(running: Running) -> None:
    answered: list[bytes] = []
    client = threading.Thread(target=lambda: answered.append(ask(running.server.address, "/slow")))
    client.start()
    while "/slow" not in running.small.asked:
        time.sleep(0.01)
    began = time.monotonic()
    stopped: list[bool] = []
    stopping = threading.Thread(target=lambda: stopped.append(running.server.stop(30)))
    stopping.start()
    while running.server.state is not ServerState.STOPPING:
        time.sleep(0.01)
    with pytest.raises(ConnectionRefusedError):
        ask(running.server.address)
    stopping.join()
    assert stopped == [True]
    assert time.monotonic() - began > 0.9, "the grace is a second here"
    client.join(30)
    assert answered
    assert not answered[0].endswith(b"0\r\n\r\n"), "a cut answer must not look whole"
    assert running.small.cancelled == 1


def test_an_idle_connection_does_not_delay_a_stop(running: Running) -> None:
    with socket.create_connection((running.server.address.host, running.server.address.port), timeout=30) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        idle.recv(65536)
        assert running.server.stop()


def test_a_server_that_dies_is_restarted_once_on_the_same_port(running: Running) -> None:
    ask(running.server.address, "/die")
    deadline = time.monotonic() + 30
    while running.states.count(ServerState.RUNNING) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ask(running.server.address).endswith(b"hello\r\n0\r\n\r\n")
    assert running.states == [ServerState.STARTING, ServerState.RUNNING] * 2
    assert "SystemExit" in running.events[2].sentence

    ask(running.server.address, "/die")
    assert running.server.wait(30)
    assert running.server.state is ServerState.FAILED
    assert running.server.sentence.startswith("The proxy failed: SystemExit at ")


def test_a_service_that_cannot_be_built_fails_with_its_sentence() -> None:
    def make() -> Service:
        raise ConfigError("PORT is not a number.")

    server = ProxyServer(Listening("127.0.0.1", 0), make)
    server.start()
    assert not server.ready(30)
    assert server.state is ServerState.FAILED
    assert server.sentence == "The proxy failed: PORT is not a number."


def test_a_fault_of_the_application_is_told_by_kind_and_place_only(
    running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    assert b"500" in ask(running.server.address, "/broken")
    assert running.server.stop()
    assert len(running.faults) == 1
    assert running.faults[0].startswith("ValueError at server/applications.py:")
    out, err = capfd.readouterr()
    assert "secret" not in out + err + running.faults[0]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nhost: x\r\na: " + b"a" * 1_000_000 + b"\r\n\r\n", b"431", id="1 MB header"),
        pytest.param(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", b"431", id="100 kB URI"),
        pytest.param(
            b"GET / HTTP/1.1\r\nhost: x\r\n" + b"".join(b"a%d: b\r\n" % n for n in range(5000)) + b"\r\n",
            b"431",
            id="5000 headers",
        ),
        pytest.param(b"GET / HTTP/1.1\r\nhost: x\r\nx y: z\r\n\r\n", b"400", id="space in a header's name"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"400", id="TLS to a plain port"),
        pytest.param(
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
            id="length and chunked",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc", b"400", id="two lengths"
        ),
        pytest.param(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", b"400", id="negative length"),
    ],
)
def test_a_head_that_cannot_be_taken_is_refused_in_anthropics_shape(
    running: Running, request_bytes: bytes, status: bytes
) -> None:
    answer = raw(running.server.address, request_bytes)
    # A peer that still sends when we close may lose the answer to a reset; it must never be a good one.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 " + status)
    assert b"200 OK" not in answer
    if answer:
        assert b'{"type":"error","error":{"type":"invalid_request_error"' in answer
    assert running.small.asked == []
    assert ask(running.server.address).endswith(b"hello\r\n0\r\n\r\n"), "the server lives on"


def test_a_head_that_does_not_come_is_not_waited_for(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy_core.server.header_limits.SECONDS", 0.3)
    answer = raw(running.server.address, b"GET / HTTP/1.1\r\nhost: x\r\n")
    assert answer.startswith(b"HTTP/1.1 408")


def test_neither_is_the_second_one_of_a_connection(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy_core.server.header_limits.SECONDS", 0.3)
    address = running.server.address
    with socket.create_connection((address.host, address.port), timeout=30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        answer = client.recv(65536)
        while not answer.endswith(b"0\r\n\r\n"):
            answer += client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200")
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 408")


def test_a_head_without_an_end_is_refused_when_it_is_too_long(running: Running) -> None:
    answer = raw(running.server.address, b"GET / HTTP/1.1\r\nhost: x\r\na: " + b"a" * 1_000_000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431"), "not 408, when its time is up"


def test_a_body_is_not_counted_as_a_head(running: Running) -> None:
    body = b"a" * 300_000
    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    assert raw(running.server.address, head + body).startswith(b"HTTP/1.1 200")


_MAIN = """
import sys
from proxy_core.server.listening import Listening
from proxy_core.server.proxy_server import ProxyServer
from tests.server.applications import Small

def on_event(event):
    print(event.state, server.address.port, flush=True)

server = ProxyServer(Listening("127.0.0.1", 0), Small().service, on_event=on_event, grace=20)
sys.exit(0 if server.run() == "stopped" else 1)
"""


def _started() -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, "-c", _MAIN], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = 0
    for line in process.stdout:
        state, port_text = line.split()
        port = int(port_text)
        if state == "running":
            break
    return process, port


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_stops_it_cleanly(number: str) -> None:
    process, _ = _started()
    with process:
        os.kill(process.pid, getattr(signal, number))
        assert process.wait(30) == 0
        assert process.stdout is not None
        assert [line.split()[0] for line in process.stdout] == ["stopping", "stopped"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_second_signal_cuts_what_is_under_way() -> None:
    process, port = _started()
    with process, socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        assert client.recv(100)
        os.kill(process.pid, signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.7)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(15) == 0
