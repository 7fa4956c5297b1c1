"""The card that holds the list of requests: the table or what stands in its place, and the line at its foot."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget

from app.widgets import figures
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.empty_state import EmptyState
from app.widgets.labels import ElidedLabel, line
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16
from app.windows.models.requests import RequestsModel
from app.windows.watch.requests_table import RequestsTable
from proxy_core.ledger.request_events import State
from proxy_core.ledger.rows import Filter


class RequestsList(Card):
    """``launch`` and ``cleared``: the button of an empty list was pressed. ``paused``: whether nothing should move."""

    launch = Signal()
    cleared = Signal()
    paused = Signal(bool)

    def __init__(self, theme: Theme, model: RequestsModel) -> None:
        super().__init__(name="list", padded=False, gap=0)
        self._model = model
        self.table = RequestsTable(theme, model)
        self.empty = EmptyState(
            theme,
            "no-requests",
            "requests",
            self.tr("No requests yet"),
            self.tr("Start Claude Code and its requests show up here as they happen."),
            self.tr("Launch Claude Code"),
            "terminal",
        )
        self.empty.pressed.connect(self.launch)
        self.none_found = EmptyState(
            theme,
            "none-found",
            "search",
            self.tr("Nothing passes these filters"),
            self.tr("Other words, or no filter at all, may find more."),
            self.tr("Clear all filters"),
        )
        self.none_found.pressed.connect(self.cleared)
        self._stack = QStackedWidget()
        for widget in (self.table, self.empty, self.none_found):
            self._stack.addWidget(widget)
        self.body.addWidget(self._stack, 1)
        self.body.addWidget(line())
        foot = QHBoxLayout()
        foot.setContentsMargins(GAP_16, GAP_8 - 2, GAP_8, GAP_8 - 2)
        self.count = ElidedLabel(tone="muted")
        self.count.setObjectName("count")
        self.pause = QuietButton(theme, self.tr("Pause"), "pause", "pause", flat=True)
        self.pause.setCheckable(True)
        self.pause.toggled.connect(self._pause)
        foot.addWidget(self.count, 1)
        foot.addWidget(self.pause)
        self.body.addLayout(foot)

    def tell(self, *, waiting: bool, complete: bool) -> None:
        """Say what is shown: whether more is ``waiting`` to be read, and whether the list is ``complete``."""
        shown, wanted = self._model.rowCount(), self._model.wanted
        instead = self.empty if wanted == Filter() else self.none_found
        self._stack.setCurrentWidget(self.table if shown or waiting else instead)
        number = figures.requests(shown) if complete else self.tr("{0} and more").format(figures.requests(shown))
        state = self.tr("Paused") if self.pause.isChecked() else self.tr("Live")
        others = replace(wanted, text="", body="", states=frozenset[State]())
        named = [name for name in (others.role, others.model, others.project, others.profile, others.session) if name]
        self.count.setText(" · ".join((state, self.tr("newest first"), number, *named)))

    def _pause(self, paused: bool) -> None:
        self.pause.setText(self.tr("Resume") if paused else self.tr("Pause"))
        self.pause.set_icon("start" if paused else "pause")
        self.paused.emit(paused)
