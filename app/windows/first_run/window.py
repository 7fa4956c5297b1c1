"""The first run's window: one step at a time, with the way back and the way out."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QColor, QKeySequence, QPainter, QPaintEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.commands import EndFirstRun
from app.state.query_results import QueryResult
from app.widgets.buttons import PrimaryButton, QuietButton
from app.widgets.labels import Label
from app.widgets.layouts import scrolling
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_12, GAP_24, GAP_32
from app.windows.first_run.key_step import KeyStep
from app.windows.first_run.request_step import RequestStep
from app.windows.first_run.roles_step import RolesStep
from app.windows.first_run.step import FirstRunStep, Readiness

_SMALLEST = QSize(640, 520)
_USUAL = QSize(760, 620)


class FirstRunWindow(QMainWindow):
    """Key, roles, request. Closing skips what is left; :class:`EndFirstRun` is emitted either way."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme, catalogue: Catalogue) -> None:
        super().__init__()
        self.setObjectName("first-run-window")
        self.setWindowTitle(self.tr("Welcome to Understudy"))
        self.setMinimumSize(_SMALLEST)
        self.resize(_USUAL)
        self._over = False
        self._state = AppState()
        self.key_step = KeyStep(theme, catalogue)
        self.roles_step = RolesStep(theme, catalogue)
        self.request_step = RequestStep(theme)
        self.steps: tuple[FirstRunStep, ...] = (self.key_step, self.roles_step, self.request_step)
        self._stack = QStackedWidget()
        for step in self.steps:
            step.command_requested.connect(self.command_requested)
            step.changed.connect(self._draw_foot)
            step.passed.connect(self._passed)
            self._stack.addWidget(scrolling(step))
        whole = QWidget()
        whole.setProperty("role", "window")
        column = QVBoxLayout(whole)
        column.setContentsMargins(GAP_32, GAP_24, GAP_32, GAP_24)
        column.setSpacing(GAP_24)
        self.progress = _Progress(theme, len(self.steps))
        top = QHBoxLayout()
        top.setSpacing(GAP_12)
        self.place = Label("", "small", "muted")
        top.addWidget(self.progress)
        top.addWidget(self.place)
        top.addStretch(1)
        column.addLayout(top)
        column.addWidget(self._stack, 1)
        column.addLayout(self._foot(theme))
        self.setCentralWidget(whole)
        QShortcut(QKeySequence("Alt+Left"), self, self.go_back)
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            QShortcut(QKeySequence(Qt.Modifier.CTRL | key), self, self.go_on)
        self._draw_foot()

    @property
    def step(self) -> FirstRunStep:
        """The one that is shown."""
        return self.steps[self._stack.currentIndex()]

    def show_state(self, state: AppState) -> None:
        """Show what is so now."""
        self._state = state
        for step in self.steps:
            step.show_state(state)
        self._draw_foot()

    def on_result(self, answer: QueryResult) -> None:
        """Pass an answer on."""
        for step in self.steps:
            step.on_result(answer)

    def go_on(self) -> None:
        """As the button does."""
        if self.step.readiness is Readiness.READY:
            self.step.go_on()

    def go_back(self) -> None:
        """To the step before."""
        self._go_to(max(0, self._stack.currentIndex() - 1), enter=False)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.step.setFocus()
        if self._stack.currentIndex() == 0:
            self.key_step.enter()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._end()
        super().closeEvent(event)

    def _passed(self) -> None:
        at = self._stack.currentIndex()
        if self.step is self.request_step:
            self._over = True  # it said so itself, before the launch
            self.close()
            return
        if self.step is self.key_step:
            self.roles_step.propose(self.key_step.source)
        self._go_to(at + 1, enter=True)

    def _go_to(self, at: int, *, enter: bool) -> None:
        self._stack.setCurrentIndex(at)
        if enter:
            self.step.enter()
        self._draw_foot()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self.command_requested.emit(EndFirstRun())

    def _foot(self, theme: Theme) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(GAP_8)
        self.skip = QuietButton(theme, self.tr("Skip"), "first-skip", flat=True)
        self.skip.setToolTip(self.tr("Everything can be set up in the settings later."))
        self.skip.clicked.connect(self.close)
        self.back = QuietButton(theme, self.tr("Back"), "first-back", "left")
        self.back.setToolTip(self.tr("{0} ({1})").format(self.tr("Back"), "Alt+Left"))
        self.back.clicked.connect(self.go_back)
        self.next = PrimaryButton(theme, self.tr("Continue"), "first-next")
        self.next.clicked.connect(self.go_on)
        foot.addWidget(self.skip)
        foot.addStretch(1)
        foot.addWidget(self.back)
        foot.addWidget(self.next)
        return foot

    def _draw_foot(self) -> None:
        at = self._stack.currentIndex()
        self.progress.show_at(at)
        self.place.setText(self.tr("Step {0} of {1}").format(at + 1, len(self.steps)))
        self.back.setEnabled(at > 0)
        self.next.setText(self.step.button)
        self.next.setToolTip(self.tr("{0} ({1})").format(self.step.button, "Ctrl+Enter"))
        self.next.setEnabled(self.step.readiness is Readiness.READY)


class _Progress(QWidget):
    """A dot for each step, the present one longer."""

    def __init__(self, theme: Theme, steps: int) -> None:
        super().__init__()
        self._theme, self._steps, self._at = theme, steps, 0
        self.setFixedSize((steps - 1) * 16 + 24, 8)
        theme.changed.connect(self.update)

    def show_at(self, at: int) -> None:
        """One is here."""
        self._at = at
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        tokens, left = self._theme.tokens, 0
        for step in range(self._steps):
            width = 24 if step == self._at else 8
            painter.setBrush(QColor(tokens.accent if step <= self._at else tokens.line_strong))
            painter.drawRoundedRect(QRectF(left, 0, width, 8), 4, 4)
            left += width + 8
