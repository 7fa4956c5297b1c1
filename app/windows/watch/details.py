"""The details of one request: facts, tokens, times, bodies; beside the list or in its place."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from app.state.catalogue_port import Catalogue
from app.state.commands import CopyAsCurl, CopyText, ReplayRequest
from app.state.query_results import BodiesRead, ReplayProgress
from app.widgets.buttons import IconButton, QuietButton
from app.widgets.card import Card
from app.widgets.chip import Chip, widest_chip
from app.widgets.labels import Label, line
from app.widgets.layouts import scrolling
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_16
from app.windows.models.request_entry import RequestEntry, chip_samples, status
from app.windows.watch.body_panel import BodyPanel
from app.windows.watch.fact_panels import FactPanel, TimePanel, TokenPanel
from app.windows.watch.replay import AgainField, AgainWindow
from proxy_core.ledger.request_events import State

LEAST = 300
"""Pixels of its width at least."""
TICK = 250
"""Milliseconds between two looks at a request that runs."""


class Details(Card):
    """``closed`` when a person is done with it; ``command_requested`` says wishes."""

    command_requested = Signal(object)
    closed = Signal()

    def __init__(
        self, theme: Theme, catalogue: Catalogue | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(name="details", padded=False, gap=0)
        self._theme, self._clock = theme, clock
        self._entry: RequestEntry | None = None
        self.id = ""
        self.setMinimumWidth(LEAST)
        self._ticks = QTimer(self)
        self._ticks.setInterval(TICK)
        self._ticks.timeout.connect(self._draw_times)
        self.body.addLayout(self._head())
        self.again = AgainField(theme, catalogue)
        self.again.setVisible(False)
        self.again.chosen.connect(self._replay)
        self.body.addWidget(self.again)
        self._again_window: AgainWindow | None = None
        self.facts = FactPanel(theme)
        self.facts.command_requested.connect(self.command_requested)
        self.tokens = TokenPanel(theme)
        self.times = TimePanel(theme)
        self.bodies = BodyPanel(theme)
        self.bodies.command_requested.connect(self.command_requested)
        sheet = QWidget()
        sheet.setProperty("role", "sheet")
        whole = QVBoxLayout(sheet)
        whole.setContentsMargins(GAP_16, GAP_4, GAP_16, GAP_16)
        whole.setSpacing(GAP_8)
        self._upper = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._upper.setSpacing(GAP_8)
        self._figures = QWidget()
        figures = QVBoxLayout(self._figures)
        figures.setContentsMargins(0, 0, 0, 0)
        figures.setSpacing(GAP_8)
        self._first_line = line()
        for widget in (self._first_line, self.tokens, line(), self.times):
            figures.addWidget(widget)
        figures.addStretch(1)
        self._upper.addWidget(self.facts, 1)
        self._upper.addWidget(self._figures, 1)
        whole.addLayout(self._upper)
        whole.addWidget(line())
        whole.addWidget(self.bodies, 1)
        self.body.addWidget(scrolling(sheet), 1)

    def set_alone(self, *, alone: bool) -> None:
        """Whether the details have the page's whole width: then figures stand beside the facts."""
        self.back.setVisible(alone)
        self.run.setVisible(not alone)
        self.run_words.setVisible(alone)
        self._first_line.setVisible(not alone)
        direction = QBoxLayout.Direction.LeftToRight if alone else QBoxLayout.Direction.TopToBottom
        if self._upper.direction() is not direction:
            self._upper.setDirection(direction)
            self._upper.setSpacing(GAP_16 * 2 if alone else GAP_8)

    def show_wanted(self, id_: str) -> None:
        """A request of which nothing is known yet but its id."""
        self.id = id_
        self._entry = None
        self.again.setVisible(False)
        self.bodies.show_waiting(id_)

    def show_entry(self, entry: RequestEntry) -> None:
        """Draw a request: another one, or what became of this one."""
        if entry.record.id != self.id:
            self.show_wanted(entry.record.id)
        self._entry = entry
        told = status(entry.record)
        self.chip.tell(told.word, told.kind)
        self.facts.show_entry(entry)
        self.tokens.show_story(entry.record)
        self._draw_times()
        running = entry.record.state is State.RUNNING
        self.run.setEnabled(not running)
        self.run_words.setEnabled(not running)
        if running:
            self._ticks.start()
        else:
            self._ticks.stop()

    def show_bodies(self, answer: BodiesRead) -> None:
        """The bodies of this request."""
        if answer.id != self.id:
            return
        if answer.row is not None:
            self.show_entry(RequestEntry(answer.row.record, answer.row))
        self.bodies.show_bodies(answer)

    def show_again(self, answer: ReplayProgress) -> None:
        """Both answers, side by side."""
        if self._again_window is None:
            self._again_window = AgainWindow(self._theme, self.window())
        self._again_window.show_answer(answer)

    def hideEvent(self, event: object) -> None:
        super().hideEvent(event)  # type: ignore[arg-type]
        self._ticks.stop()

    def least_width(self) -> int:
        """The width that its head needs beside the list, whatever it shows now."""
        words = self.title_label.sizeHint().width() + widest_chip(self._theme, chip_samples())
        return max(LEAST, words + 3 * self.close_button.sizeHint().width() + GAP_16 + 5 * GAP_8)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(GAP_16, GAP_8, GAP_8, GAP_8)
        row.setSpacing(GAP_8)
        self.back = IconButton(self._theme, "left", self.tr("Back to the list"), "details-back", keys="Esc")
        self.back.clicked.connect(self.closed)
        self.back.setVisible(False)
        self.chip = Chip(self._theme)
        words, tip = self.tr("Run again on…"), self.tr("Run again on another model, both answers side by side")
        self.run = IconButton(self._theme, "again", words, "run-again")
        self.run_words = QuietButton(self._theme, words, "run-again-words", "again", flat=True)
        self.run_words.setVisible(False)
        for button in (self.run, self.run_words):
            button.setToolTip(tip)
            button.clicked.connect(self._ask_again)
        self.copy = IconButton(self._theme, "copy", self.tr("Copy"), "copy-request")
        self.copy.clicked.connect(self._copies)
        self.close_button = IconButton(self._theme, "close", self.tr("Close the details"), "close-details", keys="Esc")
        self.close_button.clicked.connect(self.closed)
        row.addWidget(self.back)
        self.title_label = Label(self.tr("Request"), "heading")
        row.addWidget(self.title_label)
        row.addWidget(self.chip)
        row.addStretch(1)
        for widget in (self.run, self.run_words, self.copy, self.close_button):
            row.addWidget(widget)
        return row

    def copy_menu(self) -> QMenu:
        """What can be copied of a request."""
        menu = QMenu(self)
        menu.setObjectName("copy-menu")
        curl = menu.addAction(self.tr("Copy as curl"))
        curl.setObjectName("copy-curl")
        curl.triggered.connect(lambda: self.command_requested.emit(CopyAsCurl(self.id)))
        own = menu.addAction(self.tr("Copy its id"))
        own.setObjectName("copy-id")
        own.triggered.connect(
            lambda: self.command_requested.emit(CopyText(self.id, self.tr("The request's id was copied.")))
        )
        return menu

    def _copies(self) -> None:
        menu = self.copy_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.copy.mapToGlobal(self.copy.rect().bottomLeft()))

    def _ask_again(self) -> None:
        self.again.setVisible(not self.again.isVisible())
        if self.again.isVisible():
            self.again.begin("" if self._entry is None else self._entry.record.model)

    def _replay(self, model: str) -> None:
        self.again.setVisible(False)
        self.command_requested.emit(ReplayRequest(self.id, model))

    def _draw_times(self) -> None:
        if self._entry is not None:
            self.times.show_story(self._entry.record, self._clock())
            if self._entry.record.ended is None:
                self.tokens.show_story(self._entry.record)
