"""The figures over the usage chart, and the gauges of the budget."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.state.app_state import BudgetView
from app.widgets import figures
from app.widgets.bars import MoneyBar
from app.widgets.card import Card
from app.widgets.labels import ElidedLabel, Label
from app.widgets.spending_text import priced
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_16
from app.windows.blind_spot import BlindSpot
from app.windows.watch.usage_bars import all_tokens
from proxy_core.ledger.rows import Sum

translate = QCoreApplication.translate


class UsageCards(QWidget):
    """Spend, requests, cache share and speed of the range that is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_16)
        self._cards = {
            "spend": _Figure("usage-spend", self.tr("Spend")),
            "requests": _Figure("usage-requests", self.tr("Requests")),
            "cache": _Figure("usage-cache", self.tr("From cache")),
            "first": _Figure("usage-first", self.tr("First token")),
        }
        for card in self._cards.values():
            row.addWidget(card, 1)

    def show_total(self, total: Sum) -> None:
        """Draw the sum of all."""
        cost = figures.money(total.cost, fine=False) if total.priced or not total.unpriced else figures.NOTHING
        self._cards["spend"].tell(cost, priced(total))
        failed = self.tr("{0} failed").format(figures.whole(total.failed)) if total.failed else self.tr("none failed")
        self._cards["requests"].tell(figures.whole(total.requests), failed)
        tokens = self.tr("{0} tokens").format(figures.tokens(all_tokens(total)))
        self._cards["cache"].tell(figures.share(total.cache_share), tokens)
        self._cards["first"].tell(figures.seconds(total.first_token, fine=False), figures.speed(total.output_speed))


class BudgetGauge(Card):
    """What is spent today and this month of the limits, and what they cannot see; not there without a limit.

    ``set_prices``: who presses wants to give prices to what has none.
    """

    set_prices = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(name="budget", gap=GAP_8)
        row = QHBoxLayout()
        row.setSpacing(GAP_16 * 2)
        self._day = _Gauge(theme, "budget-day", self.tr("Today"))
        self._month = _Gauge(theme, "budget-month", self.tr("This month"))
        row.addWidget(self._day, 1)
        row.addWidget(self._month, 1)
        self.body.addLayout(row)
        self.blind_spot = BlindSpot(theme, "blind-spot")
        self.blind_spot.pressed.connect(self.set_prices)
        self.body.addWidget(self.blind_spot)

    def show_budget(self, budget: BudgetView) -> None:
        """Draw it."""
        self.setVisible(budget.has_limit)
        self.blind_spot.show_budget(budget)
        self._day.show_spent(budget.today, budget.daily)
        self._month.show_spent(budget.month, budget.monthly)


class _Figure(Card):
    def __init__(self, name: str, title: str) -> None:
        super().__init__(name=name, gap=GAP_4)
        self._figure, self._note = Label(type_="figure"), Label(type_="small", tone="muted", wrap=True)
        for label in (ElidedLabel(title, tone="muted"), self._figure, self._note):
            self.body.addWidget(label)
        self.body.addStretch(1)

    def tell(self, figure: str, note: str) -> None:
        self._figure.setText(figure)
        self._note.setText(note)


class _Gauge(QWidget):
    def __init__(self, theme: Theme, name: str, title: str) -> None:
        super().__init__()
        self._title = title
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_8)
        row = QHBoxLayout()
        self._words = ElidedLabel(tone="muted")
        row.addWidget(Label(title, "strong"))
        row.addWidget(self._words, 1)
        column.addLayout(row)
        self._bar = MoneyBar(theme, name)
        column.addWidget(self._bar)

    def show_spent(self, spent: float, limit: float) -> None:
        if limit > 0:
            of = translate("Usage", "{0} of {1}")
            said = of.format(figures.money(spent, fine=False), figures.money(limit, fine=False))
        else:
            said = translate("Usage", "{0}, no limit").format(figures.money(spent, fine=False))
        self._words.setText(said)
        self._bar.show_part(spent / limit if limit > 0 else 0.0, f"{self._title}: {said}")
        self._bar.setVisible(limit > 0)
