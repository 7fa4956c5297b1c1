"""The drop-down list of a model picker: a child of the picker's window, so that the field keeps the keyboard."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QApplication, QFrame, QLineEdit, QListView, QStyleOptionViewItem, QVBoxLayout, QWidget

from app.widgets.labels import Label
from app.widgets.model_choices import ModelChoice, ModelMark
from app.widgets.model_list import CHOICE, ModelListView, ModelRow
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_12

ROWS: Final = 7
"""Rows shown at once, if the window has room."""

_WIDTH: Final = 440
"""Device-independent pixels: room for most model names and their facts."""

translate = QCoreApplication.translate


class ModelPopup(QFrame):
    """A list below the field, or above it where there is more room.

    Emits ``taken`` with the value of a clicked row, ``left`` for a click elsewhere.
    """

    taken = Signal(str)
    left = Signal()

    def __init__(self, theme: Theme, field: QLineEdit) -> None:
        super().__init__(field.window())
        self._field = field
        self.setProperty("role", "toast")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._model = ModelListView()
        self._row = ModelRow(theme)
        self._view = QListView(self)
        self._view.setObjectName("models")
        self._view.setAccessibleName(translate("ModelPicker", "Models"))
        self._view.setModel(self._model)
        self._view.setItemDelegate(self._row)
        self._view.setUniformItemSizes(True)
        self._view.setMouseTracking(True)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._view.clicked.connect(lambda index: self.taken.emit(index.data(CHOICE).value))
        self._nothing = Label("", "body", "muted", parent=self)
        self._nothing.setContentsMargins(GAP_12, GAP_8, GAP_12, GAP_8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, GAP_4, 1, GAP_4)
        layout.addWidget(self._view)
        layout.addWidget(self._nothing)

    @property
    def choices(self) -> tuple[ModelChoice, ...]:
        """Return the listed choices."""
        return tuple(self._model.index(row, 0).data(CHOICE) for row in range(self._model.rowCount()))

    @property
    def lit(self) -> ModelChoice | None:
        """Return the row that Enter takes."""
        index = self._view.currentIndex()
        choice = index.data(CHOICE) if index.isValid() else None
        return choice if isinstance(choice, ModelChoice) else None

    def show_choices(self, found: tuple[ModelChoice, ...], none: str, value: str, *, lit: bool) -> None:
        """List these. With ``lit``, Enter takes the first; otherwise ``value`` is highlighted if it is listed."""
        self._model.none = none
        self._model.show_choices(found)
        self._view.setVisible(bool(found))
        self._nothing.setVisible(not found)
        self._nothing.setText(translate("ModelPicker", "No model has all these words."))
        self._place(len(found))
        if not self.isVisible():
            self.show()
            QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]  # there is one by now
        self.raise_()
        if lit and found:
            self._view.setCurrentIndex(self._model.index(0, 0))
        elif (row := self._row_of(found, value)) is not None:
            self._view.setCurrentIndex(self._model.index(row, 0))

    def step(self, rows: int) -> None:
        """Highlight another row; beyond an end comes the other end."""
        count = self._model.rowCount()
        if not count:
            return
        now = self._view.currentIndex()
        row = (now.row() if now.isValid() else (-1 if rows > 0 else 0)) + rows
        if abs(rows) == 1:
            row %= count
        self._view.setCurrentIndex(self._model.index(max(0, min(row, count - 1)), 0))

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop watching clicks elsewhere."""
        if application := QApplication.instance():
            application.removeEventFilter(self)
        super().hideEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Close on a click or wheel elsewhere; follow a change of the window's size."""
        kind = event.type()
        if kind is QEvent.Type.Resize and watched is self._field.window():
            self._place(self._model.rowCount())
        elif kind in (QEvent.Type.MouseButtonPress, QEvent.Type.Wheel) and isinstance(watched, QWidget):
            mine = watched is self or self.isAncestorOf(watched)
            if not mine and watched is not self._field and not self._field.isAncestorOf(watched):
                self.left.emit()
        return False

    @staticmethod
    def _row_of(found: tuple[ModelChoice, ...], value: str) -> int | None:
        return next((row for row, it in enumerate(found) if it.value == value and it.mark is not ModelMark.TYPED), None)

    def _place(self, rows: int) -> None:
        window = self._field.window()
        field = QRect(self._field.mapTo(window, QPoint(0, 0)), self._field.size())
        row = self._row.sizeHint(QStyleOptionViewItem(), self._model.index(0, 0)).height()
        wanted = max(1, min(rows, ROWS)) * row + 2 * GAP_4 + 2
        below, above = window.height() - field.bottom() - GAP_12, field.top() - GAP_12
        up = below < wanted and above > below
        height = min(wanted, above if up else below)
        width = min(max(field.width(), _WIDTH), window.width() - 2 * GAP_12)
        left = max(GAP_12, min(field.left(), window.width() - width - GAP_12))
        top = field.top() - GAP_4 - height if up else field.bottom() + 1 + GAP_4
        self.setGeometry(QRect(QPoint(left, top), QSize(width, height)))
