"""Rows that edit one value of the settings: they show it, check what is typed, and say what it should become."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from app.widgets.field_row import FieldRow
from app.widgets.labels import Label, width_of
from app.widgets.segmented import Segmented
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8
from app.widgets.toggle_switch import ToggleSwitch
from app.windows.settings.reading import Reading, Value, Wrong, written

_UNIT = 34
"""Pixels for the word of a unit at least."""


_COMES_BACK = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""Why the focus leaves a line that the person goes on with: another window, or the line's own menu."""


class Field(FieldRow):
    """Edits the value called ``path``; ``changed`` says the path and the new value, a right one only.

    The editor's object name is the path.
    """

    changed = Signal(str, object)

    def __init__(self, path: str, label: str, help_: str, editor: QWidget, *, stretch: int = 1) -> None:
        super().__init__(label, help_, editor, stretch=stretch)
        self.path = path
        self._variable = ""
        editor.setObjectName(path)

    @abstractmethod
    def show_value(self, value: Any) -> None:
        """Show what is in force."""

    @abstractmethod
    def words(self, value: Any) -> str:
        """A value as the field shows it, for a sentence about it."""

    def show_variable(self, variable: str) -> None:
        """Say which variable of the environment fixes it; empty: none does."""
        if variable != self._variable:
            self._variable = variable
            self.show_fixed(variable)


class SwitchField(Field):
    """On or off."""

    def __init__(self, theme: Theme, path: str, label: str, help_: str = "") -> None:
        self.switch = ToggleSwitch(theme, path, label)
        super().__init__(path, label, help_, self.switch, stretch=0)
        self.switch.clicked.connect(lambda on: self.changed.emit(self.path, on))

    def show_value(self, value: Any) -> None:
        self.switch.setChecked(bool(value))

    def words(self, value: Any) -> str:
        return self.tr("on") if value else self.tr("off")


class LineEdit(QLineEdit):
    """A line that says what was typed when it is done with; Esc brings back what stood there.

    Nothing is written into it from outside while a person is in it, even if they have not typed yet: the text would
    appear under the cursor and become part of what is typed next. Another window does not end that; leaving the line,
    or the window, does.
    """

    done = Signal(str)

    def __init__(self, *, mono: Theme | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = ""
        self._in_use = False
        if mono is not None:
            self.setFont(mono.font("mono"))
        self.editingFinished.connect(self._finish)

    def show_text(self, text: str) -> None:
        """Show what is in force, as soon as nobody is typing here."""
        self._shown = text
        self._catch_up()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._in_use = True

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in _COMES_BACK:
            self._leave()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self._leave()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self.setText(self._shown)
            self.textEdited.emit(self._shown)
            return
        super().keyPressEvent(event)

    def _leave(self) -> None:
        self._in_use = False
        self._catch_up()

    def _catch_up(self) -> None:
        if not self._in_use and not self.isModified() and self.text() != self._shown:
            self.setText(self._shown)
            self.setCursorPosition(0)

    def _finish(self) -> None:
        if self.isModified():
            self.done.emit(self.text().strip())


class TextField(Field):
    """A text or a number. What is wrong is said as it is typed; what is right is kept on Enter or on leaving."""

    def __init__(
        self,
        theme: Theme,
        path: str,
        label: str,
        help_: str,
        reading: Reading,
        *,
        unit: str = "",
        sample: str = "",
        hint: str = "",
        mono: bool = False,
    ) -> None:
        self.line = LineEdit(mono=theme if mono else None)
        self.line.setAccessibleName(label)
        self.line.setPlaceholderText(hint)
        if sample:
            self.line.setFixedWidth(width_of(theme.font("body"), sample) + 4 * GAP_8)
        super().__init__(path, label, help_, _with_unit(self.line, unit), stretch=0 if sample else 1)
        self.editor.setObjectName("")
        self.editor = self.line
        self.line.setObjectName(path)
        self._reading = reading
        self._unit = unit
        self._value: object = None
        self.line.textEdited.connect(self._check)
        self.line.done.connect(self._keep)

    def show_value(self, value: Any) -> None:
        self._value = value
        self.line.show_text(written(value))

    def words(self, value: Any) -> str:
        return f"{written(value)} {self._unit}".strip() or self.tr("empty")

    def _check(self, text: str) -> Value | Wrong:
        read = self._reading(text.strip())
        self.show_wrong(read.sentence if isinstance(read, Wrong) else "")
        return read

    def _keep(self, text: str) -> None:
        read = self._check(text)
        if isinstance(read, Wrong):
            return
        self.line.setModified(False)
        self.line.show_text(written(read))
        if read != self._value:
            self.changed.emit(self.path, read)


class ChoiceField(Field):
    """One of a few, side by side; values are texts."""

    def __init__(self, theme: Theme, path: str, label: str, help_: str, choices: tuple[tuple[str, str], ...]) -> None:
        self._words = {str(value): word for value, word in choices}
        self.segmented = Segmented(theme, path, label, choices)
        super().__init__(path, label, help_, self.segmented, stretch=0)
        self.segmented.chosen.connect(lambda choice: self.changed.emit(self.path, choice))

    def show_value(self, value: Any) -> None:
        self.segmented.choose(str(value))

    def words(self, value: Any) -> str:
        return self._words.get(str(value), str(value))


class ListField(Field):
    """One of several, in a list that drops down; the help may tell more of what is chosen."""

    def __init__(self, path: str, label: str, help_: str, choices: tuple[tuple[str, str], ...]) -> None:
        self.box = combo()
        super().__init__(path, label, help_, self.box)
        self.show_choices(choices)
        self.box.activated.connect(lambda _: self.changed.emit(self.path, self.box.currentData()))

    def show_choices(self, choices: tuple[tuple[str, str], ...]) -> None:
        """Offer these: values and what they are called."""
        chosen = self.box.currentData()
        offer_in(self.box, choices)
        self.show_value(chosen)

    def show_value(self, value: Any) -> None:
        self.box.setCurrentIndex(self.box.findData(value))

    def words(self, value: Any) -> str:
        return self.box.itemText(self.box.findData(value)) or str(value)


def _with_unit(line: QLineEdit, unit: str) -> QWidget:
    """A line with the word for what is counted behind it."""
    if not unit:
        return line
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP_8)
    row.addWidget(line)
    said = Label(unit, "body", "muted")
    said.setMinimumWidth(_UNIT)  # so that fields below one another end at one line
    row.addWidget(said)
    both.setFocusProxy(line)
    return both


def combo() -> QComboBox:
    """A drop-down list that does not widen its window, and does not turn with a wheel that scrolls the page."""
    box = _Box()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return box


def offer_in(box: QComboBox, choices: tuple[tuple[str, str], ...]) -> None:
    """Have these in the list, values and what they are called; none of them is chosen where they were others."""
    if tuple((box.itemData(at), box.itemText(at)) for at in range(box.count())) != choices:
        box.clear()
        for value, word in choices:
            box.addItem(word, value)


class _Box(QComboBox):
    def wheelEvent(self, event: Any) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
