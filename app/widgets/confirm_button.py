"""A button for what cannot be undone: the first press asks, the second one does it."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QWidget

from app.assets import IconName
from app.theme import Theme
from app.widgets.buttons import QuietButton
from app.widgets.styled import restyle

SECONDS = 5.0
"""How long it waits for the second press."""


class ConfirmButton(QuietButton):
    """``confirmed`` is emitted by the second press; leaving it, or some seconds, takes the question back."""

    confirmed = Signal()

    def __init__(
        self,
        theme: Theme,
        text: str,
        question: str,
        name: str,
        icon: IconName | None = None,
        *,
        flat: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, text, name, icon, flat=flat, parent=parent)
        self._plain, self._question, self._asks = text, question, False
        self._kind = self.property("kind")
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(round(SECONDS * 1000))
        self._back.timeout.connect(self.take_back)
        self.clicked.connect(self._press)

    @property
    def asks(self) -> bool:
        """Whether the next press does it."""
        return self._asks

    def take_back(self) -> None:
        """Ask no longer."""
        self._show(asks=False)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.take_back()

    def _press(self) -> None:
        asked = self._asks
        self._show(asks=not asked)
        if asked:
            self.confirmed.emit()
        else:
            self._back.start()

    def _show(self, *, asks: bool) -> None:
        self._asks = asks
        self.setText(self._question if asks else self._plain)
        restyle(self, "kind", "danger" if asks else self._kind)
