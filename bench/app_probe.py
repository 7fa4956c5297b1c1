"""The app with a stopwatch: ``python -m bench.app_probe FILE`` is ``python -m app`` that records its timing.

Each line of FILE is JSON: ``{"shown": s}`` and ``{"open": s}``, seconds since the process started, once; then twice per
second ``{"at": t, "worst": ms}``, the longest time that Qt's thread delayed a 10 ms timer. Times ``t`` are monotonic.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, Final

import psutil
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app import process

TICK: Final = 10
"""Milliseconds between two ticks of the timer whose lateness is measured."""

TOLD: Final = 0.5
"""Seconds between two lines."""


class Stopwatch(QObject):
    """Detects the first frame of a window, and measures how late Qt's thread is."""

    def __init__(self, application: QApplication, file: Path) -> None:
        super().__init__(application)
        self._file = file
        self._shown = self._open = False
        self._due = time.monotonic()
        self._told = self._due
        self._worst = 0.0
        application.installEventFilter(self)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK)

    def write(self, **line: Any) -> None:
        with self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.Paint and not self._shown and isinstance(watched, QWidget):
            self._shown = True
            QTimer.singleShot(0, self, self._is_shown)  # after the frame has been painted
        return False

    def _is_shown(self) -> None:
        self.write(shown=since_start())

    def _tick(self) -> None:
        now = time.monotonic()
        self._worst = max(self._worst, (now - self._due) * 1000)
        if not self._open and _listens():
            self._open = True
            self.write(open=since_start())
        self._due = time.monotonic() + TICK / 1000
        if now - self._told >= TOLD:
            self.write(at=now, worst=round(self._worst, 2))
            self._told, self._worst = now, 0.0


def _listens() -> bool:
    """Return whether this process has an open TCP port."""
    return any(one.status == psutil.CONN_LISTEN for one in psutil.Process().net_connections("tcp"))


def since_start() -> float:
    """Return seconds since this process was created."""
    return round(time.time() - psutil.Process().create_time(), 3)


def main() -> int:
    """Run the app with the stopwatch."""
    made = process.application

    def watched() -> QApplication:
        application = made()
        Stopwatch(application, Path(sys.argv[1]))
        return application

    process.application = watched
    return process.run()


if __name__ == "__main__":
    sys.exit(main())
