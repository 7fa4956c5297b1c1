"""The one door from other threads into Qt's: news in batches, ten times a second at most, only while there is some."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from proxy_core.ledger.request_events import BodyCaptured, RequestEvent
from proxy_core.server.proxy_server import ServerEvent

PACE: Final = 100
"""Milliseconds between two batches."""


class Bridge(QObject):
    """A :class:`~proxy_core.ledger.request_events.Listener`; made in Qt's thread, whose event loop must run.

    ``told`` carries a tuple of news, ``stands`` a :class:`ServerEvent`; both are emitted in Qt's thread.
    """

    told = Signal(object)
    stands = Signal(object)
    _woken = Signal()
    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[RequestEvent] = deque()
        self._is_awake = False
        self._is_open = True
        self._last = float("-inf")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._drain)
        self._woken.connect(self._wake, Qt.ConnectionType.QueuedConnection)
        self._posted.connect(_call, Qt.ConnectionType.QueuedConnection)

    def on_event(self, events: RequestEvent) -> None:
        """Take one piece of news, from any thread: an append, and a signal where none is on its way."""
        if isinstance(events, BodyCaptured):  # bodies are the ledger's: a window that wants one asks for it
            return
        self._waiting.append(events)
        if not self._is_awake and self._is_open:
            self._is_awake = True
            self._woken.emit()

    def stand(self, events: ServerEvent) -> None:
        """Take a change of the server's state, from any thread."""
        if self._is_open:
            self.stands.emit(events)

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` called in Qt's thread, from any thread."""
        if self._is_open:
            self._posted.emit(call)

    def close(self) -> None:
        """Let nothing more in: Qt is about to go."""
        self._is_open = False
        self._timer.stop()

    def _wake(self) -> None:
        since = (time.monotonic() - self._last) * 1000
        self._timer.start(max(0, PACE - int(since)) if since < PACE else 0)

    def _drain(self) -> None:
        self._is_awake = False  # before taking: what comes while we take wakes us again
        self._last = time.monotonic()
        batch = tuple(self._waiting.popleft() for _ in range(len(self._waiting)))
        if batch:
            self.told.emit(batch)


def _call(call: Callable[[], None]) -> None:
    call()
