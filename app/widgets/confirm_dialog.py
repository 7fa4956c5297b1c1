"""A dialog that asks before something is deleted or disconnected, and that a double-click cannot confirm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QGuiApplication, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.widgets.buttons import QuietButton
from app.widgets.labels import Label, one_line
from app.widgets.layouts import empty
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_16, GAP_24

DEAD_TIME: Final = 0.8
"""Seconds until a question can be answered with anything but Cancel. The second click of a double-click comes within
half a second, unless the user has configured a longer time.
"""

_TEXT_WIDTH: Final = 400
"""Device-independent pixels: about sixty characters a line, which read well."""

_CLEAR_OF: Final = 40
"""Pixels between the destructive button and the clicked widget, where the mouse is. They include the window's frame,
whose size is unknown until the dialog is shown.
"""
_LONGEST: Final = 44
"""Characters of a name in a question; names of profiles and providers can be of any length."""

After = Callable[[float, Callable[[], None]], None]
"""Calls a function on Qt's thread after that many seconds."""


@dataclass(frozen=True, slots=True)
class Question:
    """``text`` asks, ``details`` describe the consequences, one line each.

    ``action`` is the destructive button's text: a verb and its object. With ``ready=False`` the button is disabled: its
    effect is still being counted, or there is nothing to do.
    """

    text: str
    details: tuple[str, ...]
    action: str
    ready: bool = True


class ConfirmDialog(QDialog):
    """Asks a :class:`Question` about what ``opener`` does; emits ``accepted`` if the answer is yes.

    Cancel has the focus, and is what Enter and Esc do. The destructive button is enabled after the dead time, which
    starts again when the question changes. ``after`` is the clock.
    """

    def __init__(self, theme: Theme, opener: QWidget, question: Question, *, after: After | None = None) -> None:
        super().__init__(opener.window())
        self.setObjectName("confirm")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._opener = opener
        self._after = after or self._call_after
        self._question = question
        self._asked = 0
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        column.setContentsMargins(GAP_24, GAP_24, GAP_24, GAP_16)
        column.setSpacing(GAP_16)
        self.text = _wrapped(Label("", "heading", wrap=True))
        column.addWidget(self.text)
        self._details = QVBoxLayout()
        self._details.setSpacing(GAP_4)
        column.addLayout(self._details)
        foot = QHBoxLayout()
        foot.setContentsMargins(0, GAP_8, 0, 0)
        foot.setSpacing(GAP_8)
        self.cancel = QuietButton(theme, self.tr("Cancel"), "confirm-cancel")
        self.cancel.clicked.connect(self.reject)
        self.action = QuietButton(theme, "", "confirm-action", danger=True)
        self.action.clicked.connect(self.accept)
        self.action.setAutoDefault(True)  # Enter is Cancel's until the focus is moved here
        self.cancel.setDefault(True)
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.action)
        column.addLayout(foot)
        self.finished.connect(self._give_focus_back)
        self._write()

    @property
    def question(self) -> Question:
        """Return the current question."""
        return self._question

    def show_question(self, question: Question) -> None:
        """Replace the question, such as when missing counts have arrived."""
        if question == self._question:
            return
        self._question = question
        self._write()
        if self.isVisible():
            self._begin_dead_time()
            self._keep_clear()
            # The focus stays on Cancel, so a screen reader needs an announcement.
            told = QAccessibleAnnouncementEvent(self, " ".join((question.text, *question.details)))
            QAccessible.updateAccessibility(told)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not event.spontaneous():
            self.cancel.setFocus(Qt.FocusReason.OtherFocusReason)
            self._begin_dead_time()

    def open_clear(self) -> None:
        """Open over the window, with the destructive button away from the clicked widget."""
        self.adjustSize()
        window = self._opener.window().frameGeometry()
        self.move(window.center() - self.rect().center())
        self._keep_clear()
        self.open()

    def _write(self) -> None:
        question = self._question
        self.setWindowTitle(question.action)
        self.setAccessibleName(question.text)
        self.setAccessibleDescription("\n".join(question.details))
        self.text.setText(question.text)
        empty(self._details)
        for line in question.details:
            self._details.addWidget(_wrapped(Label(line, "body", "muted", wrap=True)))
        self.action.setText(question.action.replace("&", "&&"))
        self.action.setEnabled(False)

    def _begin_dead_time(self) -> None:
        self._asked = asked = self._asked + 1
        self.action.setEnabled(False)
        double_click = QGuiApplication.styleHints().mouseDoubleClickInterval() / 1000
        self._after(max(DEAD_TIME, 2 * double_click), lambda: self._end_dead_time(asked))

    def _end_dead_time(self, asked: int) -> None:
        if isValid(self) and asked == self._asked:
            self.action.setEnabled(self._question.ready)

    def _keep_clear(self) -> None:
        """Move up or down, so that the destructive button is not under the mouse."""
        self.adjustSize()
        top = self._opener.mapToGlobal(QPoint(0, 0))
        pressed = QRect(top, self._opener.size()).adjusted(-_CLEAR_OF, -_CLEAR_OF, _CLEAR_OF, _CLEAR_OF)
        action = QRect(self.pos() + self.action.mapTo(self, QPoint(0, 0)), self.action.size())
        screen = self._opener.screen().availableGeometry()
        room = screen.adjusted(0, 0, -self.width(), -self.height())
        if action.intersects(pressed):
            up = self.y() - (action.bottom() - pressed.top() + 1)
            down = self.y() + (pressed.bottom() - action.top() + 1)
            self.move(self.x(), up if up >= room.top() else down)
        elif not room.contains(self.pos()):
            x, y = (
                max(low, min(at, high))
                for at, low, high in (
                    (self.x(), room.left(), room.right()),
                    (self.y(), room.top(), room.bottom()),
                )
            )
            self.move(x, y)

    def _give_focus_back(self) -> None:
        if isValid(self._opener) and self._opener.isVisible():
            self._opener.setFocus(Qt.FocusReason.OtherFocusReason)

    def _call_after(self, seconds: float, call: Callable[[], None]) -> None:
        QTimer.singleShot(round(seconds * 1000), self, call)


def _wrapped(label: Label) -> Label:
    label.setFixedWidth(_TEXT_WIDTH)
    return label


def ask(theme: Theme, opener: QWidget, question: Question, then: Callable[[], None]) -> ConfirmDialog | None:
    """Ask, and call ``then`` if the answer is yes. Return None if the window already shows a question."""
    if any(dialog.isVisible() for dialog in opener.window().findChildren(ConfirmDialog)):
        return None
    dialog = ConfirmDialog(theme, opener, question)
    dialog.accepted.connect(then)
    dialog.open_clear()
    return dialog


def short(name: str) -> str:
    """Return a name for a question: on one line, shortened in its middle."""
    line = one_line(name)
    half = _LONGEST // 2
    return line if len(line) <= _LONGEST else f"{line[:half]}…{line[1 - half :]}"
