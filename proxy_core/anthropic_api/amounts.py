"""Sums of money as somebody else tells them."""

from __future__ import annotations

from typing import Final

MOST_USD: Final = 1_000.0
"""No single answer costs more: whoever says so is wrong, and one such figure would use up every budget."""


def usd(value: object, *, parts: int = 1) -> float | None:
    """A cost in USD; None for anything that cannot be one: text, a negative number, NaN, an absurd sum.

    ``parts`` is how many of the units in which ``value`` is told make a dollar.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_USD * parts:
        return None
    return value / parts
