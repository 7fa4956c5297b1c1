"""The proxy's thread as the app owns it: one at a time, its port held from before the first byte of it is loaded."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from proxy_core.errors import ConfigError
from proxy_core.server.listening import ListenAddress, Listening
from proxy_core.server.proxy_server import ProxyServer, ServerEvent, ServerState, Service

_PATIENCE: Final = 3.0
"""Seconds that a server waits for :meth:`ProxyThread.go`: no longer, whatever keeps the first window."""


class ProxyThread:
    """Starts and stops a :class:`ProxyServer`, which starts itself again on the same port when it dies.

    ``on_event`` is told each change of state and ``fault`` each fault of our own, both in the proxy's thread. Until
    :meth:`go` was called ports are held, and whoever connects waits: loading a server takes time from a first window.
    """

    def __init__(
        self, make: Callable[[], Service], on_event: Callable[[ServerEvent], None], fault: Callable[[str], None]
    ) -> None:
        self._make = make
        self._on_event = on_event
        self._fault = fault
        self._changing = threading.Lock()
        self._server: ProxyServer | None = None
        self._number = 0
        self._held: ListenAddress | None = None
        self._may_serve = threading.Event()

    def go(self) -> None:
        """Serve from now on."""
        self._may_serve.set()

    @property
    def address(self) -> ListenAddress | None:
        """Where the proxy answers; None while there is none."""
        server = self._server
        return None if server is None or _has_ended(server) else server.address

    def start(self, host: str, port: int) -> ListenAddress:
        """Hold the port and start behind it; where the proxy runs already, nothing is done.

        Raises :class:`~proxy_core.server.listening.PortTaken` and :class:`~proxy_core.errors.ConfigError`.
        """
        with self._changing:
            if (running := self.address) is not None:
                return running
            listening = self._listening(host, port)
            self._may_serve.wait(_PATIENCE)
            self._number += 1
            self._server = ProxyServer(
                listening, self._make, on_event=partial(self._pass_on, self._number), fault=self._fault
            )
            self._server.start()
            return listening.address

    def _listening(self, host: str, port: int) -> Listening:
        """For any free port the one it had before: sessions that run know no other, and tell it their tokens."""
        listening: Listening | None = None
        if port == 0 and self._held is not None and self._held.host == host:
            with contextlib.suppress(ConfigError):
                listening = Listening(host, self._held.port)
        listening = listening or Listening(host, port)
        self._held = listening.address
        return listening

    def stop(self, *, grace: float | None = None) -> bool:
        """End it and wait for that; answers under way have ``grace`` seconds, the server's own if None."""
        with self._changing:
            server, self._server = self._server, None
        if server is None:
            return True
        return server.stop() if grace is None else server.stop(grace + 1.0, grace=grace)

    def _pass_on(self, number: int, events: ServerEvent) -> None:
        """What one says of its end after the next was started would be taken for the next one's."""
        if number == self._number:
            self._on_event(events)


def _has_ended(server: ProxyServer) -> bool:
    return server.state in (ServerState.STOPPED, ServerState.FAILED)
