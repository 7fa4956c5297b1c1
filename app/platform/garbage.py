"""Collection of cyclic garbage in Qt's thread only.

Python collects on whatever thread allocates the next object. A widget that is destroyed there waits for Python's lock
while it holds one of Qt's, and Qt's thread waits the other way round: a deadlock.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

EVERY: Final = 250
"""Milliseconds between two checks of how much garbage may have accumulated."""

_STARTED: Final = 3_000
"""Milliseconds until the first check. Objects that exist by then belong to the start: they are frozen and never
traversed.
"""

_FEW: Final = 200
"""New objects since the last check below which the app counts as idle."""

_QUIET: Final = 8
"""Consecutive idle checks before a full collection, which stops everything else for a tenth of a second."""

_LATEST: Final = 20
"""Multiple of Python's own threshold after which a full collection runs, idle or not: about every ten minutes."""

_MANY: Final = 10
"""Multiple of the young threshold above which the middle generation waits: a library is being imported, and most
objects stay.
"""


class Garbage(QObject):
    """Collects for the whole process on this thread, which runs Qt's event loop.

    It follows Python's own thresholds, but does a full collection only in a quiet moment.
    """

    def __init__(self, parent: QObject, started: int = _STARTED) -> None:
        """``started`` is how many milliseconds the start takes."""
        super().__init__(parent)
        gc.disable()
        self._young = 0
        self._quiet = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        QTimer.singleShot(started, self, self._begin)

    def _begin(self) -> None:
        gc.freeze()
        self._timer.start(EVERY)

    def look(self) -> None:
        """Collect the generation that is due."""
        young, middle, old = gc.get_count()
        first, second, third = gc.get_threshold()
        self._quiet = self._quiet + 1 if young - self._young <= _FEW else 0
        if old > third and (self._quiet >= _QUIET or old > _LATEST * third):
            gc.collect()
        elif middle > second and young <= _MANY * first:
            gc.collect(1)
        elif young > first:
            gc.collect(0)
        self._young = gc.get_count()[0]

    def end(self) -> None:
        """Stop collecting. Python's automatic collection stays off: threads that still run must destroy nothing."""
        self._timer.stop()
