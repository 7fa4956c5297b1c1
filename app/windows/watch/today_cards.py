"""The three cards over the requests: spend today, requests today, time to first token."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.state.app_state import AppState
from app.widgets import figures
from app.widgets.card import Card
from app.widgets.labels import ElidedLabel, Label
from app.widgets.sparkline import SparkBars, Sparkline
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_16
from proxy_core.ledger.rows import Sum

ROOM_FOR_CHART = 270
"""Pixels of a card that its words and its chart need."""


class TodayCards(QWidget):
    """Figures of today, each with what it was hour by hour."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_16)
        self.spend_bars = SparkBars(theme, "spend-hours")
        self.count_line = Sparkline(theme, "count-hours", 0)
        self.first_line = Sparkline(theme, "first-hours", 1)
        self.spend, self.spend_note = Label(type_="figure"), ElidedLabel(tone="muted")
        self.count, self.count_note = Label(type_="figure"), ElidedLabel(tone="muted")
        self.first, self.first_note = Label(type_="figure"), ElidedLabel(tone="muted")
        row.addWidget(
            _TodayCard("spend-today", self.tr("Spend today"), self.spend, self.spend_note, self.spend_bars), 1
        )
        row.addWidget(
            _TodayCard("requests-today", self.tr("Requests today"), self.count, self.count_note, self.count_line), 1
        )
        title = self.tr("Time to first token")
        row.addWidget(_TodayCard("first-token", title, self.first, self.first_note, self.first_line), 1)

    def show_state(self, state: AppState) -> None:
        """Draw what the app knows."""
        today, hours = state.today, state.today_by_hour
        self.spend.setText(figures.money(today.cost if today.priced or not today.unpriced else None, fine=False))
        self.spend_note.setText(self._spend_note(state))
        bars, line = _by_hour(hours)
        self.spend_bars.show_bars(bars, self.tr("Spend by hour"))
        self.count.setText(figures.whole(today.requests))
        self.count_note.setText(self._count_note(today))
        self.count_line.show_values(line, self.tr("Requests by hour"))
        self.first.setText(figures.seconds(state.hour_first_token, fine=False))
        known = state.hour_first_token is not None
        self.first_note.setText(self.tr("median, last hour") if known else self.tr("none in the last hour"))
        self.first_line.show_values(_first_by_hour(hours), self.tr("Time to first token by hour"))

    def _spend_note(self, state: AppState) -> str:
        today, daily = state.today, state.budget.daily
        limit = self.tr("of {0} daily limit").format(figures.money(daily, fine=False)) if daily > 0 else ""
        if today.unpriced:
            known = self.tr("priced {0} of {1}")
            return ", ".join(
                part
                for part in (known.format(figures.whole(today.priced), figures.whole(today.billable)), limit)
                if part
            )
        return limit or self.tr("no daily limit")

    def _count_note(self, today: Sum) -> str:
        parts = []
        if today.failed:
            parts.append(self.tr("{0} failed").format(figures.whole(today.failed)))
        if today.retried:
            parts.append(self.tr("{0} retried").format(figures.whole(today.retried)))
        return ", ".join(parts) if parts else self.tr("none failed")


class _TodayCard(Card):
    """A figure with its chart, which is left out where it would crowd the words."""

    def __init__(self, name: str, title: str, figure: Label, note: ElidedLabel, chart: QWidget) -> None:
        super().__init__(name=name)
        self._chart = chart
        row = QHBoxLayout()
        row.setSpacing(GAP_16)
        words = QVBoxLayout()
        words.setSpacing(GAP_4)
        for label in (ElidedLabel(title, tone="muted"), figure, note):
            words.addWidget(label)
        row.addLayout(words, 3)
        row.addWidget(chart, 2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._chart.setVisible(self.width() >= ROOM_FOR_CHART)


def _hours(hours: tuple[Sum, ...]) -> list[list[Sum]]:
    """By hour: sums of one hour share its ``day``; those without stand by themselves."""
    order: dict[str, list[Sum]] = {}
    for at, one in enumerate(hours):
        order.setdefault(one.day or f"#{at}", []).append(one)
    return list(order.values())


def _by_hour(hours: tuple[Sum, ...]) -> tuple[tuple[tuple[float, ...], ...], tuple[float | None, ...]]:
    """Stacked bars of money and a line of requests."""
    parted = _hours(hours)
    bars = tuple(tuple(part.cost for part in parts) for parts in parted)
    return bars, tuple(float(sum(part.requests for part in parts)) for parts in parted)


def _first_by_hour(hours: tuple[Sum, ...]) -> tuple[float | None, ...]:
    """Each hour's time to first token: the mean of what its sums say, by their requests."""
    line: list[float | None] = []
    for parts in _hours(hours):
        told = [(one.first_token, one.requests) for one in parts if one.first_token is not None and one.requests]
        whole = sum(count for _, count in told)
        line.append(sum(first * count for first, count in told) / whole if whole else None)
    return tuple(line)
