"""What sums of money say in a window: never without what they leave out."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.widgets import figures
from proxy_core.ledger.rows import Sum

translate = QCoreApplication.translate


def spend(total: Sum) -> str:
    """``$4.82``; ``$4.82 + unpriced`` where more was spent than that, and a dash where nobody knows how much."""
    if total.priced:
        known = figures.money(total.cost, fine=False)
        return translate("Spend", "{0} + unpriced").format(known) if total.unpriced else known
    if total.unpriced or not total.not_billed:
        return figures.NOTHING
    return translate("Spend", "Not billed")


def priced(total: Sum) -> str:
    """How far a sum can be trusted: how many of the requests that were billed are in it."""
    if not total.billable:
        return translate("Spend", "nothing spent")
    said = translate("Spend", "all priced")
    if total.unpriced:
        said = translate("Spend", "priced {0} of {1}")
        said = said.format(figures.whole(total.priced), figures.whole(total.billable))
    return ", ".join((said, translate("Spend", "estimated"))) if total.estimated else said
