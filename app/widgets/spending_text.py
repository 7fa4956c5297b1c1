"""Sums of money in words: never without what they leave out."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.state.app_state import BudgetView
from app.widgets import figures
from proxy_core.ledger.rows import Sum

translate = QCoreApplication.translate


def spend(total: Sum) -> str:
    """Return ``$4.82``; ``$4.82 + unpriced`` if more was spent than that; a dash if the amount is unknown."""
    if total.priced:
        known = figures.money(total.cost, fine=False)
        return translate("Spend", "{0} + unpriced").format(known) if total.unpriced else known
    if total.unpriced or not total.not_billed:
        return figures.NOTHING
    return translate("Spend", "Not billed")


def priced(total: Sum) -> str:
    """Return how far a sum can be trusted: how many of the billed requests it includes."""
    if not total.billable:
        return translate("Usage", "nothing spent")
    said = translate("Usage", "all priced")
    if total.unpriced:
        said = translate("Usage", "priced {0} of {1}")
        said = said.format(figures.whole(total.priced), figures.whole(total.billable))
    return ", ".join((said, translate("Usage", "estimated"))) if total.estimated else said


def blind_spot(budget: BudgetView) -> str:
    """Return what a limit cannot see; empty without a limit, or if it sees everything."""
    unpriced = len(budget.unpriced)
    if not budget.has_limit or not unpriced:
        return ""
    if budget.models == 1:
        return translate("Spend", "Your model has no price: the limit can't see it.")
    if unpriced == 1:
        return translate("Spend", "1 of your {0} models has no price: the limit can't see it.").format(budget.models)
    told = translate("Spend", "{0} of your {1} models have no price: the limit can't see them.")
    return told.format(unpriced, budget.models)
