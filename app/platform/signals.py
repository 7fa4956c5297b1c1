"""The process's signals in Qt's event loop: Python alone would handle them anywhere, or not while Qt waits."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Final

from PySide6.QtCore import QObject, QSocketNotifier

_ENDING: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Signals(QObject):
    """Calls ``end`` on Qt's thread when the process is asked to end. Created on the main thread."""

    def __init__(self, end: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ears, self._mouth = socket.socketpair()
        self._ears.setblocking(False)
        self._mouth.setblocking(False)
        self._end = end
        self._before = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._ears.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._wake)
        numbers = [number for name in _ENDING if (number := getattr(signal, name, None)) is not None]
        self._handlers = {number: signal.signal(number, self._on_event) for number in numbers}

    def close(self) -> None:
        """Restore the previous signal handlers."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._ears.close()
        self._mouth.close()

    def _wake(self) -> None:
        """Handle pending signals. Called by the event loop, so nothing of Qt's is in progress. Each byte is a signal
        number.
        """
        if self._ears.fileno() < 0:  # closed, with a call still queued
            return
        with contextlib.suppress(BlockingIOError):
            if self._handlers.keys() & set(self._ears.recv(64)):
                self._end()

    def _on_event(self, _number: int, _frame: FrameType | None) -> None:
        """Do nothing: Python may call this in the middle of a widget's painting, which ending would destroy."""
