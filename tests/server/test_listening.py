"""The socket: bound at once, its holder named, its port kept."""

from __future__ import annotations

import os
import socket

import psutil
import pytest

from proxy_core.errors import ConfigError
from proxy_core.server.listening import ListenAddress, Listening, PortTaken, holder_of, next_free


def test_port_zero_tells_the_real_one_and_connections_wait_in_the_backlog() -> None:
    listening = Listening("127.0.0.1", 0)
    assert listening.address.port > 0
    with socket.create_connection((listening.address.host, listening.address.port), timeout=30):
        pass
    listening.close()


def test_a_taken_port_is_told_with_its_holder_and_the_next_free_one() -> None:
    first = Listening("127.0.0.1", 0)
    with pytest.raises(PortTaken) as told:
        Listening("127.0.0.1", first.address.port)
    first.close()
    assert told.value.next_free is not None
    assert told.value.next_free > first.address.port
    assert told.value.holder is not None
    assert told.value.holder.pid == os.getpid()
    assert f"process {os.getpid()}" in told.value.message
    assert f"--port {told.value.next_free}" in told.value.message


def test_the_holder_is_found_where_processes_are_asked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(kind: str) -> None:
        raise psutil.AccessDenied

    listening = Listening("127.0.0.1", 0)
    monkeypatch.setattr(psutil, "net_connections", refuse)  # as on macOS
    held = holder_of(listening.address.port)
    listening.close()
    assert held is not None
    assert held.pid == os.getpid()


def test_a_port_that_nobody_listens_on_has_no_holder() -> None:
    listening = Listening("127.0.0.1", 0)
    listening.close()
    assert holder_of(listening.address.port) is None


def test_the_next_free_port_is_one_that_can_be_bound() -> None:
    first = Listening("127.0.0.1", 0)
    free = next_free("127.0.0.1", first.address.port)
    first.close()
    assert free is not None
    Listening("127.0.0.1", free).close()


def test_the_highest_port_has_no_next() -> None:
    assert next_free("127.0.0.1", 65535) is None


def test_an_address_of_another_machine_is_told_as_such() -> None:
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1 is not an address of this machine"):
        Listening("192.0.2.1", 0)


def test_a_host_that_is_no_name_is_told_and_its_socket_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []

    class Noted(socket.socket):
        def __init__(self, *args: int) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(socket, "socket", Noted)
    with pytest.raises(ConfigError, match=r"ä\.\.b is not an address of this machine"):
        Listening("ä..b", 0)
    assert [sock.fileno() for sock in made] == [-1]


def test_a_shared_handle_outlives_the_one_that_took_it() -> None:
    listening = Listening("127.0.0.1", 0)
    listening.share().close()
    where = (listening.address.host, listening.address.port)
    with socket.create_connection(where, timeout=30) as client:
        assert client.getpeername() == where
    listening.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where, timeout=30)


def test_an_url_is_one_that_this_machine_reaches() -> None:
    assert ListenAddress("::1", 8082).url == "http://[::1]:8082"
    assert ListenAddress("::", 8082).url == "http://[::1]:8082"
    assert ListenAddress("0.0.0.0", 8082).url == "http://127.0.0.1:8082"
    assert ListenAddress("127.0.0.1", 8082).url == "http://127.0.0.1:8082"
