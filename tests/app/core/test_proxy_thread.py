"""The proxy's thread as the app owns it: its port at once, its death told and mended, its end in the time there is."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from app.services.proxy_thread import ProxyThread
from proxy_core.server.listening import PortTaken
from proxy_core.server.proxy_server import ServerEvent, ServerState
from tests.server.applications import Small, ask


class Heard:
    """The states in their order, to be waited for."""

    def __init__(self) -> None:
        self.events: list[ServerEvent] = []
        self._changed = threading.Condition()

    def on_event(self, events: ServerEvent) -> None:
        with self._changed:
            self.events.append(events)
            self._changed.notify_all()

    @property
    def states(self) -> list[ServerState]:
        return [events.state for events in self.events]

    def wait(self, *states: ServerState) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.states == list(states), 60), self.states


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def thread(heard: Heard) -> Iterator[ProxyThread]:
    made = ProxyThread(Small().service, heard.on_event, lambda _: None)
    made.go()
    yield made
    made.stop(grace=1)


def test_it_starts_stops_and_starts_on_the_same_port(thread: ProxyThread, heard: Heard) -> None:
    address = thread.start("127.0.0.1", 0)
    heard.wait(ServerState.STARTING, ServerState.RUNNING)
    assert b"hello" in ask(address)
    assert thread.stop()
    assert thread.address is None
    again = thread.start("127.0.0.1", address.port)
    assert again == address
    states = [ServerState.STARTING, ServerState.RUNNING, ServerState.STOPPING, ServerState.STOPPED]
    heard.wait(*states, ServerState.STARTING, ServerState.RUNNING)
    assert b"hello" in ask(again)


def test_for_any_free_port_it_takes_the_one_it_had(thread: ProxyThread) -> None:
    address = thread.start("127.0.0.1", 0)
    thread.stop()
    assert thread.start("127.0.0.1", 0) == address
    thread.stop()
    with socket.create_server(("127.0.0.1", address.port)):
        other = thread.start("127.0.0.1", 0)
    assert other.port != address.port


def test_a_second_start_changes_nothing(thread: ProxyThread, heard: Heard) -> None:
    address = thread.start("127.0.0.1", 0)
    assert thread.start("127.0.0.1", 0) == address
    heard.wait(ServerState.STARTING, ServerState.RUNNING)


def test_one_that_dies_is_back_on_the_same_port_and_both_are_told(thread: ProxyThread, heard: Heard) -> None:
    address = thread.start("127.0.0.1", 0)
    heard.wait(ServerState.STARTING, ServerState.RUNNING)
    ask(address, "/die")
    heard.wait(ServerState.STARTING, ServerState.RUNNING, ServerState.STARTING, ServerState.RUNNING)
    assert "starts again" in heard.events[2].sentence
    assert b"hello" in ask(address)


def test_one_that_dies_twice_has_failed_and_can_be_started_anew(thread: ProxyThread, heard: Heard) -> None:
    address = thread.start("127.0.0.1", 0)
    heard.wait(ServerState.STARTING, ServerState.RUNNING)
    ask(address, "/die")
    heard.wait(*[ServerState.STARTING, ServerState.RUNNING] * 2)
    ask(address, "/die")
    heard.wait(*[ServerState.STARTING, ServerState.RUNNING] * 2, ServerState.FAILED)
    assert thread.address is None
    assert thread.start("127.0.0.1", address.port) == address
    alive = [ServerState.STARTING, ServerState.RUNNING]
    heard.wait(*alive * 2, ServerState.FAILED, *alive)


def test_a_taken_port_is_said_and_holds_nothing(thread: ProxyThread, heard: Heard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken):
        thread.start("127.0.0.1", taken.getsockname()[1])
    assert heard.events == []
    assert thread.address is None


def test_the_port_is_open_before_the_server_is_loaded(heard: Heard) -> None:
    thread = ProxyThread(Small().service, heard.on_event, lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    starting = threading.Thread(target=thread.start, args=("127.0.0.1", port))
    starting.start()
    until = time.monotonic() + 60
    while True:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert time.monotonic() < until
    assert heard.events == []
    thread.go()
    starting.join()
    heard.wait(ServerState.STARTING, ServerState.RUNNING)
    thread.stop()


def test_an_end_in_a_hurry_cuts_what_is_under_way(thread: ProxyThread, heard: Heard) -> None:
    address = thread.start("127.0.0.1", 0)
    heard.wait(ServerState.STARTING, ServerState.RUNNING)
    slow = threading.Thread(target=ask, args=(address, "/slow"))
    slow.start()
    time.sleep(0.3)
    assert thread.stop(grace=1)
    slow.join(30)
    assert not slow.is_alive()
