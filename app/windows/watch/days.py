"""Local calendar days as Unix times and as the ledger writes them."""

from __future__ import annotations

from datetime import datetime, timedelta


def midnight(now: float, days_back: int = 0) -> float:
    """When the local day of ``now``, or one before it, began."""
    there = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006
    return (there - timedelta(days=days_back)).timestamp()


def last_days(now: float, count: int) -> tuple[str, ...]:
    """The last days up to today as ``YYYY-MM-DD``, the oldest first."""
    today = datetime.fromtimestamp(now).date()  # noqa: DTZ006 - the user's own calendar
    return tuple(f"{today - timedelta(days=back):%Y-%m-%d}" for back in range(count - 1, -1, -1))


def bounds(day: str) -> tuple[float, float]:
    """When a day began and when the next one did."""
    began = datetime.strptime(day, "%Y-%m-%d")  # noqa: DTZ007
    return began.timestamp(), (began + timedelta(days=1)).timestamp()
