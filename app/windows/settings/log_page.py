"""The page of what is kept of requests, what may be spent, and what models cost that no price is known of."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.catalogue_port import Catalogue
from app.state import AppState
from app.theme import Theme
from app.theme_tokens import GAP_8
from app.widgets.confirm_button import ConfirmButton
from app.widgets.field_row import FieldRow
from app.windows.settings.fields import ChoiceField, SwitchField, TextField
from app.windows.settings.page import Page
from app.windows.settings.prices_card import PricesCard
from app.windows.settings.reading import amount, count
from app.wishes import Wipe
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
                "Every request is in the log. Its bodies are kept for as long as you want, with secrets taken out."
            ),
        )
        self.card(
            self.tr("Log"),
            SwitchField(
                theme,
                "log.bodies",
                self.tr("Keep bodies"),
                self.tr("What was asked and answered. Times, tokens and costs are kept in any case."),
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
            self._wiping(theme),
        )
        self.card(
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
        self.prices = PricesCard(theme, catalogue)
        self.prices.wished.connect(self.wished)
        self.column.addWidget(self.prices)
        self.column.addStretch(1)

    def show_state(self, state: AppState) -> None:
        super().show_state(state)
        self.prices.show_state(state)

    def _wiping(self, theme: Theme) -> QWidget:
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_8)
        row.addStretch(1)
        self.wipe_bodies = ConfirmButton(theme, self.tr("Bodies"), self.tr("Wipe bodies?"), "wipe-bodies", "trash")
        self.wipe_all = ConfirmButton(theme, self.tr("Everything"), self.tr("Wipe everything?"), "wipe-all", "trash")
        self.wipe_bodies.confirmed.connect(lambda: self.wished.emit(Wipe(bodies_only=True)))
        self.wipe_all.confirmed.connect(lambda: self.wished.emit(Wipe(bodies_only=False)))
        row.addWidget(self.wipe_bodies)
        row.addWidget(self.wipe_all)
        both.setAccessibleName(self.tr("Wipe the log"))
        return FieldRow(self.tr("Wipe"), self.tr("What is wiped does not come back."), both)
