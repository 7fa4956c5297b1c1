"""A field for a key: masked, never filled with a stored key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QWidget

from app.widgets.theme import Theme
from proxy_core.config.keys import clean
from proxy_core.errors import ConfigError


class SecretField(QLineEdit):
    """Emits ``entered`` with the key as a :class:`Secret` on Return, and is then empty.

    The placeholder shows the last four characters of the stored key; an eye at the right shows what is typed. While
    ``takes`` is False the text stays, and Return emits ``held`` instead. A text that cannot be a key stays too, to be
    corrected: ``refused`` has the reason.
    """

    entered = Signal(object)
    held = Signal()
    refused = Signal(str)

    def __init__(self, theme: Theme, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )
        self._theme = theme
        self.takes = True
        self._eye = QAction(self.tr("Show what is typed"), self)
        self.addAction(self._eye, QLineEdit.ActionPosition.TrailingPosition)
        self._eye.triggered.connect(self._look)
        self._eye.setVisible(False)
        self.textChanged.connect(lambda text: self._eye.setVisible(bool(text)))
        self.returnPressed.connect(self.enter)
        theme.changed.connect(self._draw)
        self._draw()

    def show_kept(self, last_four: str, otherwise: str = "") -> None:
        """Show which key is stored by its last four characters; ``otherwise`` is shown if there is none."""
        self.setPlaceholderText(f"•••••••••••• {last_four}" if last_four else otherwise)

    def enter(self) -> None:
        """Emit the typed key once, and clear the field."""
        if not self.takes:
            self.held.emit()
            return
        typed = self.text().strip()
        try:
            key = clean(typed, "The key") if typed else None
        except ConfigError as error:
            self.refused.emit(error.message)
            return
        self.clear()
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self._draw()
        if key is not None:
            self.entered.emit(key)

    def _look(self) -> None:
        masked = self.echoMode() is QLineEdit.EchoMode.Password
        self.setEchoMode(QLineEdit.EchoMode.Normal if masked else QLineEdit.EchoMode.Password)
        self._draw()

    def _draw(self) -> None:
        masked = self.echoMode() is QLineEdit.EchoMode.Password
        self._eye.setIcon(self._theme.icon("eye" if masked else "eye-off"))
        self._eye.setText(self.tr("Show what is typed") if masked else self.tr("Hide what is typed"))
