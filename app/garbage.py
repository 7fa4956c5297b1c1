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

_MANY: Final = 10
"""Times as many new objects as are worth a look: somebody imports a library, and most of them will stay."""


class Garbage(QObject):
    """From now on this thread, which runs Qt's event loop, collects for the whole process.

    It goes by Python's own thresholds. What is there at the first look through everything was made at the start and
    stays: it is not looked through again.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._has_frozen = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(EVERY)

    def look(self) -> None:
        """Collect the generation that is due."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        is_busy = counts[0] > _MANY * thresholds[0]
        due = [generation for generation in range(1 if is_busy else 3) if counts[generation] > thresholds[generation]]
        if due:
            gc.collect(due[-1])
        if due and due[-1] == 2 and not self._has_frozen:
            self._has_frozen = True
            gc.freeze()

    def end(self) -> None:
        """Collect no more. Python's own collecting stays off: threads that have not ended yet must destroy nothing."""
        self._timer.stop()
