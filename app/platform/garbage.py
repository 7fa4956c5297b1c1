"""Cyclic garbage, collected in Qt's thread alone.

Python collects it in whatever thread happens to make the next object. A widget that is destroyed there waits for
Python's lock while it holds one of Qt's, and Qt's thread waits the other way round: both stand still for ever.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

EVERY: Final = 250
"""Milliseconds between two looks at how much may have gathered."""

_STARTED: Final = 3_000
"""Milliseconds until the first look. What is there by then was made at the start: it stays, and is passed over."""

_FEW: Final = 200
"""Objects more than at the last look: nobody does much."""

_QUIET: Final = 8
"""Looks in a row at which nobody did much, before all is looked through: for a tenth of a second nothing else runs."""

_LATEST: Final = 20
"""Times Python's own threshold, after which all is looked through whether it is quiet or not: some ten minutes."""

_MANY: Final = 10
"""Times as many new objects as are worth a look: somebody imports a library, and most of them will stay."""


class Garbage(QObject):
    """From now on this thread, which runs Qt's event loop, collects for the whole process.

    It goes by Python's own thresholds, but looks through everything only in a quiet moment.
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
        """Collect no more. Python's own collecting stays off: threads that have not ended yet must destroy nothing."""
        self._timer.stop()
