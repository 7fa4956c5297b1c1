"""Sums as a person reads them, never without what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy_core.ledger.rows import RequestRow, Sum

UNPRICED = "unpriced"
NOT_BILLED = "not billed"

SET_PRICES = "Set prices in Understudy → Settings → Log and budget, or under [prices] in the settings file."


def dollars(usd: float | None) -> str:
    """``$0.0130``, ``$12.34``; what is not known is not nothing, and what is little is not nothing either."""
    if usd is None:
        return UNPRICED
    if usd == 0:
        return "$0"
    if usd < 0.0001:
        return "<$0.0001"
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def cost_of(found: Sum) -> str:
    """The cost of a sum; of requests without any price there is none."""
    if found.priced or not found.requests:
        return dollars(found.cost)
    return NOT_BILLED if found.not_billed and not found.unpriced else UNPRICED


def cost_of_row(row: RequestRow) -> str:
    """The cost of a request that is over."""
    from proxy_core.ledger.rows import Billing

    return NOT_BILLED if row.billing is Billing.NOT_BILLED else dollars(row.cost)


def priced(found: Sum) -> str:
    """``priced 41 of 43, 40 of them estimated, 2 not billed``."""
    told = [f"priced {found.priced:,} of {found.billable:,}"]
    if found.estimated:
        told.append(f"{'' if found.estimated == found.priced else f'{found.estimated:,} of them '}estimated")
    if found.not_billed:
        told.append(f"{found.not_billed:,} not billed")
    return ", ".join(told)


def blind_spot(unpriced: int, models: int) -> str:
    """The sentence for whose limit does not hold: ``unpriced`` of the ``models`` that play a role. Empty for none."""
    if unpriced == 0:
        return ""
    if unpriced == 1:
        which = "Your model" if models == 1 else f"1 of your {models} models"
        return f"{which} has no price: the limit can't see it."
    return f"{unpriced} of your {models} models have no price: the limit can't see them."
