"""A field for choosing a model by typing: the catalogue, local models, and the typed text itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.state.catalogue_port import Catalogue
from app.widgets.labels import plain_tip
from app.widgets.model_choices import ModelChoice, ModelOffer, choices, wrong_provider
from app.widgets.model_popup import ROWS, ModelPopup
from app.widgets.theme import Theme
from proxy_core.config.settings import PASSTHROUGH

_AGAIN: Final = 60
"""Milliseconds between two checks whether the catalogue has been read: shorter than a person notices."""

_STEPS: Final[Mapping[int, int]] = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: ROWS,
    Qt.Key.Key_PageUp: -ROWS,
}

translate = QCoreApplication.translate


class ModelPicker(QLineEdit):
    """Emits :attr:`chosen` with ``provider/name``, passthrough, or an empty text for no model.

    The list is a child of the window, not a window of its own: the field keeps the keyboard. Down opens it, Enter takes
    the highlighted row, Esc changes nothing. Enter before the catalogue is read waits for it. ``wrong`` is emitted
    while typing, with an error or an empty text.
    """

    chosen = Signal(str)
    wrong = Signal(str)

    def __init__(self, theme: Theme, catalogue: Catalogue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._catalogue = catalogue
        self._offer = ModelOffer()
        self._value = ""
        self._list: ModelPopup | None = None
        self._told = ""
        self._waits = self._fills_again = False
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 16)
        self._open = QAction(self)
        self._open.setText(translate("ModelPicker", "Show models"))
        self._open.triggered.connect(self._toggle)
        self.addAction(self._open, QLineEdit.ActionPosition.TrailingPosition)
        self.textEdited.connect(self._typed)
        theme.changed.connect(self._dress)
        self._dress()

    def show_value(self, value: str) -> None:
        """Show the chosen value, unless the user is choosing another."""
        self._value = value
        if not self.is_open and not (self.hasFocus() and self.isModified()):
            self._show_title()

    def offer(self, offer: ModelOffer) -> None:
        """Set the choices besides the catalogue's models."""
        self._offer = offer
        self.setPlaceholderText(offer.none or translate("ModelPicker", "Search models"))
        if self.is_open:
            self._fill()

    @property
    def value(self) -> str:
        """Return the chosen value."""
        return self._value

    @property
    def is_open(self) -> bool:
        """Return whether the list is shown."""
        return self._list is not None and self._list.isVisible()

    @property
    def choices(self) -> tuple[ModelChoice, ...]:
        """Return the choices in the list."""
        return self._list.choices if self._list is not None else ()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move in the list, take a row, or close it."""
        key = event.key()
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up) and not self.is_open:
            self.open_list()
        elif key in _STEPS and self._list is not None and self.is_open:
            self._list.step(_STEPS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take()
        elif key == Qt.Key.Key_Escape and (self.is_open or self.isModified()):
            self._leave()
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the list on a click into the field."""
        super().mousePressEvent(event)
        if event.button() is Qt.MouseButton.LeftButton and not self.isReadOnly() and not self.is_open:
            self.open_list()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select the text, so that typing replaces it."""
        super().focusInEvent(event)
        if event.reason() is not Qt.FocusReason.MouseFocusReason and not self.isModified():
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take a model that was typed in full; discard search words."""
        super().focusOutEvent(event)
        if event.reason() is Qt.FocusReason.ActiveWindowFocusReason:
            return
        typed = self.text().strip()
        if self.isModified() and self._is_whole(typed):
            self._choose(typed)
        else:
            self._leave()

    def open_list(self) -> None:
        """Show the list, complete until something is typed."""
        if self.isReadOnly() or not self.isEnabled():
            return
        if self._list is None or self._list.parentWidget() is not self.window():
            self._list = ModelPopup(self._theme, self)
            self._list.taken.connect(self._choose)
            self._list.left.connect(self._leave)
        if not self.isModified():
            self.selectAll()
        self._fill()

    def _toggle(self) -> None:
        if self.is_open:
            self._leave()
        else:
            self.setFocus()
            self.open_list()

    def _typed(self) -> None:
        self._waits = False
        if self.is_open:
            self._fill()
        else:
            self.open_list()

    def _words(self) -> str:
        return self.text() if self.isModified() else ""

    def _fill(self) -> bool:
        """Fill the list; return whether the catalogue had been read."""
        assert self._list is not None
        is_ready = self._catalogue.ready
        self._fills_again = not is_ready
        words = self._words()
        found = choices(words, self._catalogue, self._offer)
        self._list.show_choices(found, self._offer.none, self._value, lit=bool(words.strip()))
        if not is_ready:
            QTimer.singleShot(_AGAIN, self, self._fill_again)
        self._tell(self._trouble(words.strip(), found))
        return is_ready

    def _fill_again(self) -> None:
        if self.is_open and self._fill() and self._waits:
            self._take()

    def _trouble(self, typed: str, found: tuple[ModelChoice, ...]) -> str:
        if provider := wrong_provider(typed, self._catalogue):
            return translate("ModelPicker", "There is no provider called {0}.").format(provider)
        if typed and not found and self._catalogue.ready:
            return translate("ModelPicker", "No such model is known. Write it as provider/name to use it.")
        return ""

    def _take(self) -> None:
        lit = self._list.lit if self._list is not None and self.is_open else None
        typed = self.text().strip()
        if lit is not None:
            self._choose(lit.value)
        elif self.isModified() and self._is_whole(typed):
            self._choose(typed)
        else:
            self._waits = self.is_open and self._fills_again

    def _is_whole(self, typed: str) -> bool:
        return typed == PASSTHROUGH or wrong_provider(typed, self._catalogue) == ""

    def _choose(self, value: str) -> None:
        before, self._value = self._value, value
        self._leave()
        if value != before:
            self.chosen.emit(value)

    def _leave(self) -> None:
        self._waits = False
        if self._list is not None:
            self._list.hide()
        self._show_title()
        self._tell("")

    def _show_title(self) -> None:
        self.setText(self._value)
        self.setModified(False)
        self.setCursorPosition(0)
        if self.hasFocus():
            self.selectAll()
        self.setToolTip(plain_tip(self._value))

    def _tell(self, trouble: str) -> None:
        if trouble != self._told:
            self._told = trouble
            self.wrong.emit(trouble)

    def _dress(self) -> None:
        self._open.setIcon(self._theme.icon("down"))
