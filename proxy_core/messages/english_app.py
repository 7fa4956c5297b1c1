"""What is said of the app: the proxy, launches, the log, budgets, model checks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

APP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sentences": "{parts}",
        # budgets; amounts are in USD
        "budget.day_used_up": "the daily budget of ${limit} is used up",
        "budget.month_used_up": "the monthly budget of ${limit} is used up",
        "budget.day_near": "The daily budget of ${limit} is used to {share}: ${spent} was spent{priced}.",
        "budget.month_near": "The monthly budget of ${limit} is used to {share}: ${spent} was spent{priced}.",
        "budget.day_spent": "The daily budget of ${limit} is used up: ${spent} was spent{priced}.",
        "budget.month_spent": "The monthly budget of ${limit} is used up: ${spent} was spent{priced}.",
        "budget.priced_part": " ({priced} of {requests} requests priced)",
        "budget.requests_go_on": "Requests go on.",
        "budget.small_from_now": "From now on SMALL answers.",
        "budget.requests_refused": "Requests that cost money are refused.",
        "budget.day_refused": (
            "The daily budget of ${limit} is used up, and Understudy was told to stop there. Raise it in Understudy → "
            "Settings → Log and budget, or go on tomorrow. Local models still answer."
        ),
        "budget.month_refused": (
            "The monthly budget of ${limit} is used up, and Understudy was told to stop there. Raise it in Understudy "
            "→ Settings → Log and budget, or go on next month. Local models still answer."
        ),
    }
)
