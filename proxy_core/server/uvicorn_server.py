"""One run of uvicorn on a given socket, without its own signal handling, logs and process exits."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn

from proxy_core.api.fault_location import fault_location
from proxy_core.server.header_limits import LimitedHeads

_KEEP_ALIVE: Final = 75
"""Seconds an idle connection stays open: longer than clients keep theirs, so that the client closes it."""

_FAULTS: Final = "uvicorn.error"

_NO_FAULTS: Final = ("ASGI callable returned without completing response", "Cancel ")
"""Starts of uvicorn's messages about answers that end early, cut upstream or by a stop of the server. The request's
record has both.
"""

_LAST_WORDS: Final = 0.5
"""Seconds that answers have after their grace to send the event that they end early."""

Asgi = Callable[..., Awaitable[None]]
Tell = Callable[[str], None]


class Serving(uvicorn.Server):
    """A server that can be stopped from another thread and reports when it accepts connections."""

    def __init__(
        self,
        app: Asgi,
        *,
        grace: float,
        started: Callable[[], None],
        stopping: Callable[[], None],
        fault: Tell,
    ) -> None:
        """``grace`` is how many seconds running answers have at the end; ``fault`` receives our own bugs."""
        config = uvicorn.Config(
            app,
            http=LimitedHeads,
            ws="none",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=max(1, round(grace)),
        )
        super().__init__(config)
        self._started = started
        self._stopping = stopping
        self._fault = fault
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve_on(self, listening: socket.socket) -> None:
        """Serve until stopped. Closes ``listening``."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._hear_loop)
        self.servers = []
        try:
            with _faults_told(self._fault):
                await self.serve(sockets=[listening])
        finally:  # in case the loop was torn down before uvicorn's own shutdown
            for server in self.servers:
                server.close()
            self._cut()
            listening.close()

    def stop(self, grace: float | None = None) -> None:
        """Accept no more connections, let running answers end, return. Thread-safe.

        ``grace`` is how many seconds they have, rounded to whole seconds; None: as constructed.
        """
        if grace is not None:
            self.config.timeout_graceful_shutdown = max(1, round(grace))
        self.should_exit = True

    def stop_at_once(self) -> None:
        """Stop as :meth:`stop` does, and cut every running answer. Thread-safe."""
        self.should_exit = self.force_exit = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cut)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, and report it."""
        await super().startup(sockets)
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Report that no more connections are accepted, and let running answers end."""
        self._stopping()
        await super().shutdown(sockets)
        if self.server_state.tasks and not self.force_exit:  # cancelled at this point
            await asyncio.wait(self.server_state.tasks, timeout=_LAST_WORDS)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the owner of the process."""
        yield

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def _hear_loop(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        fault = context.get("exception")
        self._fault(
            fault_location(fault) if isinstance(fault, BaseException) else str(context.get("message", "a fault"))
        )


class _Faults(logging.Handler):
    """Passes on uvicorn's messages about faults of the application, reduced to kind and place."""

    def __init__(self, tell: Tell) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, asyncio.CancelledError) or record.getMessage().startswith(_NO_FAULTS):
            return
        self._tell(fault_location(fault) if fault else record.getMessage())


@contextmanager
def _faults_told(tell: Tell) -> Generator[None, None, None]:
    logger, handler = logging.getLogger(_FAULTS), _Faults(tell)
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated
