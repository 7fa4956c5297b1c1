"""The line at a window's foot that shows what was just saved or done, for a few seconds."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app.i18n.said import said
from app.widgets.labels import ElidedLabel

SECONDS = 8.0


class SaidLine(ElidedLabel):
    """Shows a sentence for some seconds; the same sentence restarts them only through :meth:`say`."""

    def __init__(self, name: str = "said", parent: QWidget | None = None) -> None:
        super().__init__("", "body", "muted", parent=parent)
        self.setObjectName(name)
        self._shown = ""
        self._gone = QTimer(self)
        self._gone.setSingleShot(True)
        self._gone.setInterval(round(SECONDS * 1000))
        self._gone.timeout.connect(lambda: self.setText(""))

    def show_said(self, sentence: str) -> None:
        """Show the state's latest sentence if it differs from the previous one."""
        if sentence != self._shown:
            self._shown = sentence
            self.say(sentence)

    def say(self, sentence: str) -> None:
        """Show a sentence now."""
        self.setText(said(sentence))
        self._gone.start()
