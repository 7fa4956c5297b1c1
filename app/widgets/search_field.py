"""A search field that emits the typed words a moment after the last key."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.widgets.theme import Theme

PAUSE = 200
"""Milliseconds after the last key: longer than between two keys of a word, shorter than a person waits."""


class SearchField(QLineEdit):
    """Emits ``searched`` with the words; Return emits at once.

    ``keys`` is the shortcut in the tool tip, ``short`` the placeholder if the hint has no room.
    """

    searched = Signal(str)

    def __init__(
        self,
        theme: Theme,
        name: str,
        placeholder: str,
        *,
        keys: str = "",
        short: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("role", "search")
        self._theme, self._keys, self._short = theme, keys, short
        self.set_hint(placeholder)
        self._said = ""
        self._glass = QAction(placeholder, self)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._clear = QAction(self.tr("Clear the search"), self)
        self.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        self._clear.setVisible(False)
        self._clear.triggered.connect(self.clear)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self.say)
        self.textChanged.connect(self._typed)
        self.returnPressed.connect(self.say)
        theme.changed.connect(self._draw)
        self._draw()

    def say(self) -> None:
        """Emit the current words if they differ from the last ones."""
        self._pause.stop()
        if self.text() != self._said:
            self._said = self.text()
            self.searched.emit(self._said)

    def set_hint(self, hint: str) -> None:
        """Set the description of what is searched."""
        self._hint = hint
        self.setAccessibleName(hint)
        self.setToolTip(f"{hint} ({self._keys})" if self._keys else hint)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def set_quietly(self, text: str) -> None:
        """Set words without emitting them."""
        self._said = text
        self.setText(text)
        self._pause.stop()

    def _fit(self) -> None:
        room = self.width() - 2 * self.fontMetrics().height() - 40
        fits = not self._short or self.fontMetrics().horizontalAdvance(self._hint) <= room
        self.setPlaceholderText(self._hint if fits else self._short)

    def _typed(self, text: str) -> None:
        self._clear.setVisible(bool(text))
        self._pause.start()

    def _draw(self) -> None:
        self._glass.setIcon(self._theme.icon("search"))
        self._clear.setIcon(self._theme.icon("close"))
