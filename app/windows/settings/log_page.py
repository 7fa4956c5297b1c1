"""The page of what is kept of requests, what may be spent, and what models cost that no price is known of."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QWidget

from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.commands import MeasureLog, Wipe
from app.state.query_results import LogMeasured, QueryResult
from app.widgets.buttons import QuietButton
from app.widgets.confirm_dialog import ConfirmDialog, Question, ask
from app.widgets.field_row import FieldRow
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16
from app.windows.blind_spot import BlindSpot
from app.windows.settings import questions
from app.windows.settings.fields import ChoiceField, SwitchField, TextField
from app.windows.settings.page import Page
from app.windows.settings.prices_card import PricesCard
from app.windows.settings.reading import amount, count
from proxy_core.config.settings import AtLimit


class LogPage(Page):
    """Bodies, budgets, prices."""

    resets = ("log", "budget")

    def __init__(self, theme: Theme, catalogue: Catalogue) -> None:
        super().__init__(
            theme,
            "log",
            self.tr("Log and budget"),
            self.tr(
                "Every request is in the log. Conversations are kept for as long as you want, with secrets removed."
            ),
        )
        self._asking: tuple[ConfirmDialog, Callable[[LogMeasured], Question]] | None = None
        self.card(
            self.tr("Log"),
            SwitchField(
                theme,
                "log.bodies",
                self.tr("Save conversations"),
                self.tr("Metadata (time, tokens, cost) is always saved."),
            ),
            TextField(theme, "log.days", self.tr("Keep them for"), "", count, unit=self.tr("days"), sample="8888888"),
            TextField(
                theme,
                "log.megabytes",
                self.tr("Keep up to"),
                self.tr("The oldest go first."),
                count,
                unit=self.tr("MB"),
                sample="8888888",
            ),
            self._deleting(theme),
        )
        self.blind_spot = BlindSpot(theme, "budget-blind-spot", GAP_16)
        self.blind_spot.pressed.connect(self._to_prices)
        budget = self.card(
            self.tr("Budget"),
            TextField(
                theme,
                "budget.daily",
                self.tr("Daily limit"),
                self.tr("0 is no limit. You are told at 80 %."),
                amount,
                unit=self.tr("USD"),
                sample="8888888",
            ),
            TextField(
                theme, "budget.monthly", self.tr("Monthly limit"), "", amount, unit=self.tr("USD"), sample="8888888"
            ),
            ChoiceField(
                theme,
                "budget.at_limit",
                self.tr("At the limit"),
                self.tr("Tell me, let SMALL play every role, or refuse requests."),
                (
                    (AtLimit.WARN, self.tr("Tell me")),
                    (AtLimit.DOWNGRADE, self.tr("Use SMALL")),
                    (AtLimit.STOP, self.tr("Stop")),
                ),
            ),
        )
        budget.body.addWidget(self.blind_spot)
        self.prices = PricesCard(theme, catalogue)
        self.prices.command_requested.connect(self.command_requested)
        self._unpriced: tuple[str, ...] = ()
        self.column.addWidget(self.prices)
        self.column.addStretch(1)

    def show_state(self, state: AppState) -> None:
        super().show_state(state)
        self.prices.show_state(state)
        self._unpriced = state.budget.unpriced
        self.blind_spot.show_budget(state.budget)

    def _to_prices(self) -> None:
        """To the field of the first price that is missing, wherever the page is scrolled to."""
        row = next((self.prices.rows[model] for model in self._unpriced if model in self.prices.rows), None)
        wanted = self.prices.picker if row is None else row.input
        wanted.setFocus()
        above = self.parentWidget()
        area = None if above is None else above.parentWidget()
        if isinstance(area, QScrollArea):
            area.ensureWidgetVisible(wanted)

    def on_result(self, answer: QueryResult) -> None:
        if isinstance(answer, LogMeasured) and self._asking is not None:
            dialog, question = self._asking
            dialog.show_question(question(answer))

    def _deleting(self, theme: Theme) -> QWidget:
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_8)
        row.addStretch(1)
        self.delete_conversations = QuietButton(
            theme, self.tr("Delete conversations…"), "delete-conversations", "trash"
        )
        self.delete_log = QuietButton(theme, self.tr("Delete all…"), "delete-log", "trash")
        self.delete_conversations.clicked.connect(
            lambda: self._ask(self.delete_conversations, questions.delete_conversations, Wipe(bodies_only=True))
        )
        self.delete_log.clicked.connect(
            lambda: self._ask(self.delete_log, questions.delete_log, Wipe(bodies_only=False))
        )
        row.addWidget(self.delete_conversations)
        row.addWidget(self.delete_log)
        both.setAccessibleName(self.tr("Delete log"))
        return FieldRow(self.tr("Delete log"), self.tr("This can't be undone."), both)

    def _ask(self, opener: QWidget, question: Callable[[LogMeasured], Question], command: Wipe) -> None:
        """Ask at once, and again with the counts as soon as they are there."""
        dialog = ask(self.theme, opener, questions.counting(), lambda: self.command_requested.emit(command))
        if dialog is not None:
            self._asking = (dialog, question)
            dialog.finished.connect(self._forget_asking)
            self.command_requested.emit(MeasureLog())

    def _forget_asking(self) -> None:
        self._asking = None
