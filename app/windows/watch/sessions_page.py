"""The Sessions page: every run of Claude Code, those that are live first, each leading to its requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import PurePath
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.state.app_state import AppState
from app.state.commands import ReadSessions, ShowRequests
from app.state.query_results import QueryResult, SessionsRead
from app.widgets import figures
from app.widgets.card import Card
from app.widgets.empty_state import EmptyState
from app.widgets.labels import ElidedLabel, Label, line, one_line
from app.widgets.segmented import head_height
from app.widgets.spending_text import spend
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16, GAP_24
from app.windows.models.figures_table import FigureRow, FiguresModel, Head
from app.windows.watch.figures_view import FiguresView
from app.windows.watch.usage_bars import all_tokens
from proxy_core.ledger.rows import Filter, SessionRow

PAGE: Final = 100
"""Sessions that an answer brings at most; one that brings fewer was the last."""
SETTLE: Final = 2000
"""Milliseconds between two looks while requests come and go."""
ALIVE: Final = 300.0
"""Seconds since its last request for which a session still counts as live."""


class SessionsPage(QWidget):
    """``command_requested`` says wishes; ``launch`` that the empty state's button was pressed."""

    command_requested = Signal(object)
    launch = Signal()

    def __init__(self, theme: Theme, clock: Callable[[], float] = time.time, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sessions-page")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._clock = clock
        self._sessions: dict[str, SessionRow] = {}
        self._running: dict[str, int] = {}
        self._asked: ReadSessions | None = None
        self._at_end = False
        self._told: frozenset[tuple[str, bool]] = frozenset()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE)
        self._settle.timeout.connect(self._look)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_24, GAP_24 - 4, GAP_24, GAP_16)
        column.setSpacing(GAP_16)
        title = Label(self.tr("Sessions"), "title")
        title.setMinimumHeight(head_height(theme))
        column.addWidget(title)
        heads = (
            Head(self.tr("Project"), number=False),
            Head(self.tr("Profile"), "Default profile", number=False, spare=4),
            Head(self.tr("Latest"), "20 Nov, 00:00"),
            Head(self.tr("Lasted"), "00m 00s", spare=2),
            Head(self.tr("Agents"), "00", spare=3),
            Head(self.tr("Requests"), "0,000"),
            Head(self.tr("Failed"), "000", spare=1),
            Head(self.tr("Tokens"), "000.0k"),
            Head(self.tr("Spend"), "$000.00 + unpriced"),
        )
        self.model = FiguresModel(heads, self)
        said = self.tr("Sessions, latest first; press one to see its requests")
        self.table = FiguresView(theme, self.model, "sessions-table", said, live_word=self.tr("Live"))
        self.table.pressed_row.connect(lambda id_: self.command_requested.emit(ShowRequests(Filter(session=id_))))
        self.table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.empty = EmptyState(
            theme,
            "no-sessions",
            "sessions",
            self.tr("No sessions yet"),
            self.tr("Each run of Claude Code through Understudy is a session; it shows up with its first request."),
            self.tr("Launch Claude Code"),
            "terminal",
        )
        self.empty.pressed.connect(self.launch)
        card = Card(name="sessions", padded=False, gap=0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        card.body.addWidget(self._stack, 1)
        card.body.addWidget(line())
        foot = QHBoxLayout()
        foot.setContentsMargins(GAP_16, GAP_8 + 4, GAP_16, GAP_8 + 4)
        self.count = ElidedLabel(tone="muted")
        foot.addWidget(self.count)
        card.body.addLayout(foot)
        column.addWidget(card, 1)

    def begin(self) -> None:
        """Read the latest sessions."""
        self._asked = ReadSessions()
        self.command_requested.emit(self._asked)

    def show_state(self, state: AppState) -> None:
        """Draw what the app knows."""
        running: dict[str, int] = {}
        for record in state.running:
            running[record.session] = running.get(record.session, 0) + 1
        told = frozenset((record.id, record.ended is None) for record in state.live.values())
        if running != self._running:
            self._running = running
            self._draw()
        if told != self._told:
            self._told = told
            if self.isVisible() and not self._settle.isActive():
                self._settle.start()

    def on_result(self, answer: QueryResult) -> None:
        """Take what was asked for."""
        if not isinstance(answer, SessionsRead):
            return
        if answer.asked == self._asked:
            self._asked = None
        if answer.asked.before is not None or len(self._sessions) <= len(answer.sessions):
            self._at_end = len(answer.sessions) < PAGE
        self._sessions.update({session.id: session for session in answer.sessions})
        self._draw()

    def _look(self) -> None:
        if self.isVisible():
            self.begin()

    def _scrolled(self, value: int) -> None:
        bar = self.table.verticalScrollBar()
        if value < bar.maximum() - 200 or self._asked is not None or self._at_end or not self._sessions:
            return
        self._asked = ReadSessions(before=min(session.latest for session in self._sessions.values()))
        self.command_requested.emit(self._asked)

    def _draw(self) -> None:
        now = self._clock()
        ordered = sorted(self._sessions.values(), key=lambda one: (not self._lives(one, now), -one.latest))
        self.model.show_lines(tuple(self._line(one, now) for one in ordered))
        self._stack.setCurrentWidget(self.table if ordered or self._asked is not None else self.empty)
        live = sum(1 for one in ordered if self._lives(one, now))
        known = figures.counted(len(ordered), self.tr("1 session"), self.tr("{0} sessions"))
        self.count.setText(" · ".join((known, self.tr("{0} live").format(live))))

    def _lives(self, session: SessionRow, now: float) -> bool:
        return bool(self._running.get(session.id)) or session.running > 0 or now - session.latest < ALIVE

    def _line(self, session: SessionRow, now: float) -> FigureRow:
        total = session.total
        name = one_line(PurePath(session.project).name) or self.tr("No project")
        cells = (
            f"{name}  {one_line(session.id)[:8]}",
            one_line(session.profile),
            figures.moment(session.latest, now),
            figures.seconds(session.latest - session.began),
            str(len(session.agents) or figures.NOTHING),
            figures.whole(total.requests),
            str(total.failed or figures.NOTHING),
            figures.tokens(all_tokens(total)),
            spend(total),
        )
        return FigureRow(session.id, cells, live=self._lives(session, now))
