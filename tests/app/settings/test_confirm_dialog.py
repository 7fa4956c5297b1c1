"""What is asked before something is deleted: Cancel first, and no answer from a click that was meant elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app.widgets.confirm_dialog import DEAD_TIME, ConfirmDialog, Question, ask
from app.widgets.theme import Theme

QUESTION = Question("Delete 3 requests (1 kB)?", ("This can't be undone.",), "Delete 3 requests")
OTHER = Question("Delete 4 requests (2 kB)?", ("This can't be undone.",), "Delete 4 requests")


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, Callable[[], None]]] = []

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self._due.append((self.now + seconds, call))

    def to(self, now: float) -> None:
        self.now = now
        for at, call in [due for due in self._due if due[0] <= now]:
            self._due.remove((at, call))
            call()


class Stage:
    """A window with a button in its middle that opens a dialog, and what the dialog answered."""

    def __init__(
        self, qtbot: QtBot, theme: Theme, question: Question = QUESTION, at: tuple[int, int] = (300, 200)
    ) -> None:
        self.clock = Clock()
        self.answers: list[bool] = []
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.window.setGeometry(100, 100, 640, 480)
        self.opener = QPushButton("Delete…", self.window)
        self.opener.setGeometry(QRect(QPoint(*at), self.opener.sizeHint()))
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)
        self.opener.setFocus()
        self.dialog = ConfirmDialog(theme, self.opener, question, after=self.clock.after)
        self.dialog.accepted.connect(lambda: self.answers.append(True))
        self.dialog.rejected.connect(lambda: self.answers.append(False))
        self.dialog.open_clear()
        qtbot.waitUntil(self.dialog.isActiveWindow)

    def press(self) -> None:
        QTest.mouseClick(self.dialog.action, Qt.MouseButton.LeftButton)


Staged = Callable[..., Stage]


@pytest.fixture
def staged(qtbot: QtBot, theme: Theme) -> Iterator[Staged]:
    """Make stages, which live as long as the test: a window must not go while its dialog is being destroyed."""
    made: list[Stage] = []

    def make(question: Question = QUESTION, at: tuple[int, int] = (300, 200)) -> Stage:
        made.append(Stage(qtbot, theme, question, at))
        return made[-1]

    yield make
    for one in made:
        if isValid(one.dialog):
            one.dialog.close()
    QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete.value))


@pytest.fixture
def store(staged: Staged) -> Stage:
    return staged()


def test_a_click_in_the_dead_time_deletes_nothing(store: Stage) -> None:
    for now in (0.0, 0.12, 0.5, DEAD_TIME - 0.01):
        store.clock.to(now)
        store.press()
        QTest.mouseDClick(store.dialog.action, Qt.MouseButton.LeftButton)
        QTest.keyClick(store.dialog.action, Qt.Key.Key_Space)
        assert store.answers == [], now
    store.clock.to(DEAD_TIME)
    store.press()
    assert store.answers == [True]


def test_the_dead_time_is_longer_where_the_system_waits_longer_for_a_double_click(
    staged: Staged, qapp: QApplication
) -> None:
    before = qapp.doubleClickInterval()
    qapp.setDoubleClickInterval(900)
    try:
        store = staged()
        store.clock.to(1.0)
        store.press()
        assert store.answers == []
        store.clock.to(1.8)
        store.press()
        assert store.answers == [True]
    finally:
        qapp.setDoubleClickInterval(before)


def test_another_question_has_a_dead_time_of_its_own(store: Stage) -> None:
    store.clock.to(0.7)
    store.dialog.show_question(OTHER)
    store.clock.to(DEAD_TIME)
    store.press()
    assert store.answers == []
    store.clock.to(0.7 + DEAD_TIME)
    store.press()
    assert store.answers == [True]


def test_what_is_still_being_counted_cannot_be_deleted(staged: Staged) -> None:
    store = staged(Question("Counting…", (), "Delete log", ready=False))
    store.clock.to(60.0)
    store.press()
    assert store.answers == []
    store.dialog.show_question(QUESTION)
    assert store.dialog.action.text() == "Delete 3 requests"
    store.clock.to(61.0)
    store.press()
    assert store.answers == [True]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Space])
def test_cancel_has_the_focus_and_is_what_the_keys_do(store: Stage, key: Qt.Key) -> None:
    store.clock.to(60.0)
    assert store.dialog.cancel.hasFocus()
    QTest.keyClick(QApplication.focusWidget() or store.dialog, key)
    assert store.answers == [False]


def test_the_destructive_button_is_reached_and_pressed_by_the_keyboard(store: Stage) -> None:
    store.clock.to(DEAD_TIME)
    QTest.keyClick(store.dialog.cancel, Qt.Key.Key_Tab)
    assert store.dialog.action.hasFocus()
    QTest.keyClick(store.dialog.action, Qt.Key.Key_Space)
    assert store.answers == [True]


@pytest.mark.parametrize("yes", [True, False])
def test_the_focus_goes_back_to_where_it_was_opened(store: Stage, yes: bool) -> None:
    store.window.setFocus()
    assert store.window.focusWidget() is store.window
    store.clock.to(DEAD_TIME)
    QTest.mouseClick(store.dialog.action if yes else store.dialog.cancel, Qt.MouseButton.LeftButton)
    assert store.window.focusWidget() is store.opener


def test_an_opener_that_is_gone_meanwhile_is_no_trouble(store: Stage, qtbot: QtBot) -> None:
    store.opener.deleteLater()
    with qtbot.waitSignal(store.opener.destroyed):
        pass
    store.dialog.reject()
    assert store.answers == [False]


@pytest.mark.parametrize("y", range(0, 480, 40))
@pytest.mark.parametrize("question", [QUESTION, Question(*(QUESTION.text, ("A line.",) * 6, QUESTION.action))])
def test_the_destructive_button_is_never_under_what_was_clicked(staged: Staged, y: int, question: Question) -> None:
    for x in (0, 380):
        store = staged(question, (x, y))
        store.dialog.show_question(OTHER)
        clicked = QRect(store.opener.mapToGlobal(QPoint(0, 0)), store.opener.size())
        action = store.dialog.action
        assert not QRect(action.mapToGlobal(QPoint(0, 0)), action.size()).intersects(clicked), (x, y)
        store.dialog.reject()


def test_a_window_asks_one_thing_at_a_time(qtbot: QtBot, theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    opener = QPushButton("Delete…")
    QVBoxLayout(window).addWidget(opener)
    window.show()
    done: list[int] = []
    opener.clicked.connect(lambda: ask(theme, opener, QUESTION, lambda: done.append(1)))
    QTest.mouseDClick(opener, Qt.MouseButton.LeftButton)
    QTest.mouseClick(opener, Qt.MouseButton.LeftButton)
    (dialog,) = (dialog for dialog in window.findChildren(ConfirmDialog) if dialog.isVisible())
    dialog.accept()
    assert done == [1]


def test_a_screen_reader_is_told_that_it_is_a_dialog_and_what_it_asks(store: Stage) -> None:
    interface = QAccessible.queryAccessibleInterface(store.dialog)
    assert interface is not None
    assert interface.role() is QAccessible.Role.Dialog
    assert interface.text(QAccessible.Text.Name) == QUESTION.text
    assert interface.text(QAccessible.Text.Description) == "This can't be undone."
    for button, name in ((store.dialog.cancel, "Cancel"), (store.dialog.action, "Delete 3 requests")):
        named = QAccessible.queryAccessibleInterface(button)
        assert named is not None
        assert named.text(QAccessible.Text.Name) == name


def test_a_name_with_an_ampersand_is_shown_as_it_is(staged: Staged) -> None:
    store = staged(Question("Delete “R&D”?", (), "Delete “R&D”"))
    assert store.dialog.action.text() == "Delete “R&&D”"
    assert store.dialog.text.text() == "Delete “R&D”?"
