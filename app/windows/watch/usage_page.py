"""The Usage page: what was spent per day and by whom, the budget, the list of the largest, export."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.state.app_state import AppState
from app.state.commands import Export, ReadUsage, ShowRequests, ShowSettings
from app.state.query_results import QueryResult, UsageRead
from app.widgets import figures
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import scrolling
from app.widgets.legend import Item, Legend
from app.widgets.segmented import Segmented
from app.widgets.spending_text import spend
from app.widgets.stacked_bars import StackedBars
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16, GAP_24
from app.windows.models.figures_table import FigureRow, FiguresModel, Head
from app.windows.watch.days import bounds, last_days, midnight
from app.windows.watch.figures_view import FiguresView
from app.windows.watch.usage_bars import Chart, Measure, all_tokens, chart, key_name, worth, written
from app.windows.watch.usage_cards import BudgetGauge, UsageCards
from proxy_core.ledger.rows import Filter, Grouping, Sum

RANGES: Final = (1, 7, 14, 30, 90)
LISTED: Final = 50
"""Rows of the list at most."""
SETTLE: Final = 3000
"""Milliseconds between two looks while requests come and go."""
FIELDS: Final = {Grouping.MODEL: "model", Grouping.PROJECT: "project", Grouping.SESSION: "session"}


class UsagePage(QWidget):
    """``command_requested`` says wishes; ``launch`` that the empty state's button was pressed."""

    command_requested = Signal(object)
    launch = Signal()

    def __init__(self, theme: Theme, clock: Callable[[], float] = time.time, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("usage-page")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._theme, self._clock = theme, clock
        self._days = 14
        self._by = Grouping.MODEL
        self._measure: Measure = "spend"
        self._asked: ReadUsage | None = None
        self._read: UsageRead | None = None
        self._chart: Chart | None = None
        self._today = Sum()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE)
        self._settle.timeout.connect(self._look)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = self._head()
        head.setContentsMargins(GAP_24, GAP_24 - 4, GAP_24, GAP_16)
        column.addLayout(head)
        sheet = QWidget()
        sheet.setProperty("role", "sheet")
        whole = QVBoxLayout(sheet)
        whole.setContentsMargins(GAP_24, 0, GAP_24, GAP_16)
        whole.setSpacing(GAP_16)
        self.cards = UsageCards()
        self.budget = BudgetGauge(theme)
        self.budget.setVisible(False)
        self.budget.set_prices.connect(lambda: self.command_requested.emit(ShowSettings("log")))
        whole.addWidget(self.cards)
        whole.addWidget(self.budget)
        whole.addWidget(self._chart_card())
        whole.addWidget(self._list_card())
        whole.addStretch(1)
        scroll = scrolling(sheet)
        bar = scroll.verticalScrollBar()
        # The bar takes its room from the margin, so that cards and head end at one line.
        bar.rangeChanged.connect(
            lambda _, most: whole.setContentsMargins(
                GAP_24, 0, GAP_24 - (bar.sizeHint().width() if most else 0), GAP_16
            )
        )
        self.empty = EmptyState(
            theme,
            "no-usage",
            "usage",
            self.tr("Nothing was used yet"),
            self.tr("Start Claude Code; what it spends is counted here, day by day."),
            self.tr("Launch Claude Code"),
            "terminal",
        )
        self.empty.pressed.connect(self.launch)
        self._stack = QStackedWidget()
        self._stack.addWidget(scroll)
        self._stack.addWidget(self.empty)
        column.addWidget(self._stack, 1)

    def begin(self) -> None:
        """Read the sums of the range."""
        wanted = Filter(since=midnight(self._clock(), self._days - 1))
        self._asked = ReadUsage(self._by, wanted)
        self.command_requested.emit(self._asked)

    def show_state(self, state: AppState) -> None:
        """Draw what the app knows."""
        self.budget.show_budget(state.budget)
        if state.today != self._today:
            self._today = state.today
            if self.isVisible() and not self._settle.isActive():
                self._settle.start()

    def on_result(self, answer: QueryResult) -> None:
        """Take what was asked for; an answer to an earlier question is dropped."""
        if isinstance(answer, UsageRead) and answer.asked == self._asked:
            self._read = answer
            self._draw()

    def export_menu(self) -> QMenu:
        """What the requests of the range can be written to."""
        menu = QMenu(self)
        menu.setObjectName("export-menu")
        for form, words in (("csv", self.tr("As CSV…")), ("json", self.tr("As JSON…"))):
            action = menu.addAction(words)
            action.setObjectName(f"export-{form}")
            action.triggered.connect(lambda _=False, own=form: self._export(own))
        return menu

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP_16)
        row.addWidget(Label(self.tr("Usage"), "title"))
        row.addStretch(1)
        today, several = self.tr("Today"), self.tr("{0} days")
        days = tuple((str(count), today if count == 1 else several.format(count)) for count in RANGES)
        self.ranges = Segmented(self._theme, "usage-range", self.tr("Range"), days)
        self.ranges.choose(str(self._days))
        self.ranges.chosen.connect(self._range)
        self.export = QuietButton(self._theme, self.tr("Export"), "export", "export")
        self.export.clicked.connect(self._open_export)
        row.addWidget(self.ranges)
        row.addWidget(self.export)
        return row

    def _chart_card(self) -> Card:
        card = Card(name="chart", gap=GAP_8)
        head = QHBoxLayout()
        head.setSpacing(GAP_8)
        self._title = Label("", "heading")
        measures = (("spend", self.tr("Spend")), ("tokens", self.tr("Tokens")))
        self.measures = Segmented(self._theme, "usage-measure", self.tr("What the bars show"), measures)
        self.measures.chosen.connect(self._choose_measure)
        groups = (
            (Grouping.MODEL.value, self.tr("Models")),
            (Grouping.PROJECT.value, self.tr("Projects")),
            (Grouping.SESSION.value, self.tr("Sessions")),
        )
        self.groups = Segmented(self._theme, "usage-by", self.tr("What the bars are made of"), groups)
        self.groups.chosen.connect(self._choose_group)
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self.measures)
        head.addWidget(self.groups)
        card.body.addLayout(head)
        self.legend = Legend(self._theme, "usage-legend", right=True)
        card.body.addWidget(self.legend)
        self.bars = StackedBars(self._theme, "usage-bars", self.tr("Usage per day"))
        self.bars.setMinimumHeight(230)
        self.bars.chosen.connect(self._open_bar)
        card.body.addWidget(self.bars, 1)
        return card

    def _list_card(self) -> Card:
        card = Card(name="usage-list", padded=False, gap=0)
        heads = (
            Head(self.tr("Name"), number=False),
            Head(self.tr("Requests"), "00,000"),
            Head(self.tr("Tokens"), "000.0M"),
            Head(self.tr("Cached"), "100 %", spare=1),
            Head(self.tr("First"), "000 ms", spare=2),
            Head(self.tr("Speed"), "000 t/s", spare=3),
            Head(self.tr("Spend"), "$0,000.00 + unpriced"),
        )
        self.model = FiguresModel(heads, self)
        said = self.tr("The largest, by spend; press one to see its requests")
        self.table = FiguresView(self._theme, self.model, "usage-table", said)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.pressed_row.connect(self._open_key)
        card.body.addWidget(self.table)
        return card

    def _range(self, days: str) -> None:
        self._days = int(days)
        self.begin()

    def _choose_group(self, by: str) -> None:
        self._by = Grouping(by)
        self.begin()

    def _choose_measure(self, measure: str) -> None:
        self._measure = cast("Measure", measure)
        self._draw()

    def _look(self) -> None:
        if self.isVisible():
            self.begin()

    def _draw(self) -> None:
        read = self._read
        if read is None:
            return
        self._stack.setCurrentIndex(0 if read.total.requests else 1)
        self.cards.show_total(read.total)
        days = last_days(self._clock(), self._days)
        self._chart = chart(read.asked.by, self._measure, read.per_day, days)
        self._title.setText(self.tr("Spend per day") if self._measure == "spend" else self.tr("Tokens per day"))
        measure = self._measure
        self.bars.show_bars(self._chart.bars, lambda value: written(measure, value))
        items = tuple(Item(name, series) for series, name in enumerate(self._chart.bars.names))
        self.legend.show_items(items)
        self.model.show_lines(tuple(_line(read.asked.by, one) for one in self._ordered(read)))
        self.table.setFixedHeight(self.table.whole_height())

    def _ordered(self, read: UsageRead) -> list[Sum]:
        ordered = sorted(read.by_key, key=lambda one: (-worth(one, self._measure), -one.requests))
        return ordered[:LISTED]

    def _open_bar(self, day: str, series: int) -> None:
        began, ended = bounds(day)
        wanted = Filter(since=began, until=ended)
        if series >= 0 and self._chart is not None and self._read is not None:
            wanted = self._of_key(wanted, self._read.asked.by, self._chart.keys[series])
        self.command_requested.emit(ShowRequests(wanted))

    def _open_key(self, key: str) -> None:
        if self._read is not None:
            wanted = Filter(since=self._read.asked.wanted.since)
            self.command_requested.emit(ShowRequests(self._of_key(wanted, self._read.asked.by, key)))

    def _of_key(self, wanted: Filter, by: Grouping, key: str | None) -> Filter:
        field = FIELDS.get(by)
        if not key or field is None:
            return wanted
        return replace(wanted, **{field: key})  # type: ignore[arg-type]  # its text fields alone

    def _open_export(self) -> None:
        menu = self.export_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.export.mapToGlobal(self.export.rect().bottomLeft()))

    def _export(self, form: str) -> None:
        dialog = QFileDialog(self, self.tr("Export the requests"))
        dialog.setObjectName("export-dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(form)
        dialog.selectFile(f"understudy-requests.{form}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        wanted = Filter(since=midnight(self._clock(), self._days - 1))
        dialog.fileSelected.connect(lambda path: self.command_requested.emit(Export(path, form, wanted)))
        dialog.open()


def _line(by: Grouping, one: Sum) -> FigureRow:
    cells = (
        key_name(by, one.key),
        figures.whole(one.requests),
        figures.tokens(all_tokens(one)),
        figures.share(one.cache_share),
        figures.seconds(one.first_token),
        figures.speed(one.output_speed),
        spend(one),
    )
    return FigureRow(one.key, cells, tip=one.key)
