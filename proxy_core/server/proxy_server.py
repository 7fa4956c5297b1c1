"""The proxy's life cycle: a server, in a thread of its own or in this one, that starts, reports its state and stops
cleanly.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType
from typing import TYPE_CHECKING, Final

from proxy_core.api.fault_location import fault_location
from proxy_core.errors import InternalError, UnderstudyError
from proxy_core.server.listening import ListenAddress, Listening

if TYPE_CHECKING:
    from proxy_core.server.uvicorn_server import Serving

_GRACE: Final = 3.0
"""Seconds that running answers get when the server stops: a person waits for the program to end."""

_CALM: Final = 60.0
"""A second crash within this many seconds of a restart is final: the cause has not gone away."""


class ServerState(StrEnum):
    """The state of the server. STOPPED and FAILED are final."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


_ENDS: Final = frozenset({ServerState.STOPPED, ServerState.FAILED})


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """The server's state changed; ``sentence`` describes it."""

    state: ServerState
    sentence: str
    address: ListenAddress


@dataclass(frozen=True, slots=True)
class Service:
    """What is served: an ASGI application, and how to release its resources. One per run.

    ``started`` is called in the server's loop once requests are answered, for work that can be done in the background.
    """

    app: Callable[..., Awaitable[None]]
    aclose: Callable[[], Awaitable[None]]
    started: Callable[[], None] = lambda: None


def _nobody(_: object) -> None:
    """Ignore an event."""


class ProxyServer:
    """Serves on a socket that already listens.

    ``make`` builds the service; it is called in the server's thread, where its imports delay nothing else. ``on_event``
    gets every change of state, ``fault`` every bug of ours while serving (kind and place, no text); both are called in
    the server's thread. A server that crashes is started again on the same port, once.
    """

    def __init__(
        self,
        listening: Listening,
        make: Callable[[], Service],
        *,
        on_event: Callable[[ServerEvent], None] = _nobody,
        fault: Callable[[str], None] = _nobody,
        grace: float = _GRACE,
    ) -> None:
        """``grace`` is how many seconds running answers are given when the server stops."""
        self.address = listening.address
        self._listening = listening
        self._make = make
        self._on_event = on_event
        self._fault = fault
        self._grace = grace
        self._changed = threading.Condition()
        self._state = ServerState.STARTING
        self._sentence = ""
        self._stop_asked = 0
        self._serving: Serving | None = None

    @property
    def state(self) -> ServerState:
        """Return the current state."""
        return self._state

    @property
    def sentence(self) -> str:
        """Return the latest description of the state: after FAILED, the reason."""
        return self._sentence

    def start(self) -> None:
        """Serve in a thread of its own. Call once."""
        threading.Thread(target=self._live, name="understudy-proxy", daemon=True).start()

    def run(self) -> ServerState:
        """Serve in this thread, the main one, until SIGINT or SIGTERM; a second signal cuts running answers.

        Returns the final state.
        """
        with _signals_to(self._ask_to_stop):
            self._live()
        return self._state

    def ready(self, seconds: float) -> bool:
        """Wait until requests are answered; return False if the server ended or ``seconds`` passed first."""
        with self._changed:
            self._changed.wait_for(lambda: self._state is not ServerState.STARTING, seconds)
            return self._state is ServerState.RUNNING

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the server has ended; return False if ``seconds`` passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._state in _ENDS, seconds)

    def stop(self, seconds: float = _GRACE + 1.0, *, grace: float | None = None) -> bool:
        """Stop the server: running answers have its grace, and are cut after ``seconds``. Return True when it has
        ended.

        ``grace`` replaces the server's, in seconds, for a caller that cannot wait that long.
        """
        if self._state in _ENDS:
            return True
        if not self._stop_asked:
            self._ask_to_stop(grace)
        if self.wait(seconds):
            return True
        self._ask_to_stop()
        return self.wait(1.0)

    def _ask_to_stop(self, grace: float | None = None) -> None:
        self._stop_asked += 1
        serving = self._serving
        if serving is None:
            return
        if self._stop_asked == 1:
            serving.stop(grace)
        else:
            serving.stop_at_once()

    def _live(self) -> None:
        restarted = float("-inf")
        try:
            self._tell(ServerState.STARTING, f"The proxy starts on {self.address.url}.")
            while (died := self._run_once()) is not None:
                if isinstance(died, UnderstudyError) or time.monotonic() - restarted < _CALM:
                    break
                restarted = time.monotonic()
                self._tell(ServerState.STARTING, f"The proxy stopped by itself ({_kind(died)}) and starts again.")
        finally:
            self._listening.close()
        if died is None:
            self._tell(ServerState.STOPPED, "The proxy has stopped.")
        else:
            self._tell(ServerState.FAILED, f"The proxy failed: {_kind(died)}.")

    def _run_once(self) -> BaseException | None:
        """Serve until asked to stop; return what ended it before that."""
        try:
            asyncio.run(self._serve()) if sys.platform == "win32" else self._run_on_uvloop()
        except BaseException as died:  # noqa: BLE001 - the top of the thread: told by the caller, and decides on a restart
            return died
        return None if self._stop_asked else InternalError("it returned without being asked to")

    def _run_on_uvloop(self) -> None:
        import uvloop  # noqa: PLC0415 - not on every system

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        from proxy_core.server.uvicorn_server import Serving  # noqa: PLC0415 - uvicorn loads while the port already listens

        service = self._make()
        try:
            serving = Serving(
                service.app,
                grace=self._grace,
                started=lambda: self._has_started(service),
                stopping=self._is_stopping,
                fault=self._fault,
            )
            self._serving = serving
            if self._stop_asked:  # stopped before there was a server
                return
            await serving.serve_on(self._listening.share())
        finally:
            self._serving = None
            await service.aclose()

    def _has_started(self, service: Service) -> None:
        service.started()
        self._tell(ServerState.RUNNING, f"The proxy answers on {self.address.url}.")

    def _is_stopping(self) -> None:
        self._listening.close()  # otherwise a client that connects now waits for an answer that never comes
        self._tell(ServerState.STOPPING, "The proxy stops when the answers under way have ended.")

    def _tell(self, state: ServerState, sentence: str) -> None:
        with self._changed:
            self._state, self._sentence = state, sentence
            self._changed.notify_all()
        self._on_event(ServerEvent(state, sentence, self.address))


def _kind(died: BaseException) -> str:
    return died.message.rstrip(".") if isinstance(died, UnderstudyError) else fault_location(died)


@contextmanager
def _signals_to(ask_to_stop: Callable[[], None]) -> Generator[None, None, None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        ask_to_stop()

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    before = {number: signal.signal(number, handle) for name in names if (number := getattr(signal, name, None))}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
