"""A line for whose budget does not hold: models whose cost no limit can see, and the way to their prices."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.state.app_state import BudgetView
from app.widgets.buttons import QuietButton
from app.widgets.labels import Label, plain_tip
from app.widgets.spending_text import blind_spot
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_16


class BlindSpot(QWidget):
    """Not there while every model has a price, or there is no limit; ``pressed``: prices are to be set."""

    pressed = Signal()

    def __init__(self, theme: Theme, name: str, margin: int = 0) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(margin, margin, margin, margin)
        row.setSpacing(GAP_16)
        self.words = Label("", "body", "warn", wrap=True)
        self.words.setObjectName(name)
        self.button = QuietButton(theme, self.tr("Set prices"), f"{name}-prices")
        self.button.clicked.connect(self.pressed)
        row.addWidget(self.words, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def show_budget(self, budget: BudgetView) -> None:
        """Draw it."""
        self.words.setText(blind_spot(budget))
        self.words.setToolTip(plain_tip("\n".join(budget.unpriced)))
        self.setVisible(bool(self.words.text()))
