"""What the three steps of the first run have in common."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.state.app_state import AppState
from app.state.query_results import QueryResult
from app.widgets.labels import Label
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16


class Readiness(Enum):
    """Whether a step's button may be pressed."""

    NOT_YET = auto()
    WORKING = auto()
    READY = auto()


class FirstRunStep(QWidget):
    """A step. ``changed``: its readiness may be another; ``passed``: it is done, the next one comes."""

    command_requested = Signal(object)
    changed = Signal()
    passed = Signal()

    def __init__(self, theme: Theme, name: str, title: str, words: str) -> None:
        super().__init__()
        self.setObjectName(f"step-{name}")
        self.setProperty("role", "sheet")
        self.theme = theme
        self.state = AppState()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(GAP_16)
        head = QVBoxLayout()
        head.setSpacing(GAP_8)
        head.addWidget(Label(title, "title"))
        head.addWidget(Label(words, "body", "muted", wrap=True))
        self.column.addLayout(head)

    @property
    def readiness(self) -> Readiness:
        """Whether one can go on."""
        return Readiness.READY

    @property
    def button(self) -> str:
        """What going on is called."""
        return self.tr("Continue")

    def show_state(self, state: AppState) -> None:
        """Show what is so now."""
        self.state = state

    def enter(self) -> None:
        """It has come to this step."""

    def go_on(self) -> None:
        """The button was pressed."""
        self.passed.emit()

    def on_result(self, answer: QueryResult) -> None:
        """Take an answer."""
