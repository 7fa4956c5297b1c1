"""Sums as a person reads them, never without what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy_core.ledger.rows import Sum

UNPRICED = "unpriced"


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
    return dollars(found.cost) if found.priced or not found.requests else UNPRICED


def priced(found: Sum) -> str:
    """``priced 41 of 43, 40 of them estimated``."""
    told = f"priced {found.priced:,} of {found.requests:,}"
    if not found.estimated:
        return told
    return f"{told}, {'' if found.estimated == found.priced else f'{found.estimated:,} of them '}estimated"
