"""Numbers for people: tokens, money, durations, times of day. No Qt except for translation."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale

NOTHING: Final = "\N{EN DASH}"
"""Shown instead of a missing number."""


def tokens(count: int | None) -> str:
    """``842``, ``48.2k``, ``1.3M``."""
    if count is None:
        return NOTHING
    if count < 1000:
        return str(count)
    if count < 999_950:
        return f"{count / 1000:.1f}k" if count < 99_950 else f"{count / 1000:.0f}k"
    return f"{count / 1_000_000:.1f}M" if count < 99_950_000 else f"{count / 1_000_000:.0f}M"


def whole(count: int) -> str:
    """Return a count with thousands separators: ``33,050``."""
    return f"{count:,}"


def money(usd: float | None, *, fine: bool = True) -> str:
    """Return ``$4.82``; with ``fine``, small sums to a hundredth of a cent: ``$0.0412``. None is not 0."""
    if usd is None:
        return NOTHING
    if usd and abs(usd) < 0.00005:
        return "<$0.0001"
    if fine and 0 < abs(usd) < 1:
        return f"${usd:.4f}"
    return f"${usd:,.2f}"


def seconds(took: float | None, *, running: bool = False, fine: bool = True) -> str:
    """Return ``62 ms``, ``3.9 s``, ``2m 5s``, with an ellipsis while running; not ``fine``: ``0.9 s`` for ``870
    ms``.
    """
    if took is None:
        return NOTHING
    end = "…" if running else ""
    took = max(took, 0.0)
    if took < (0.9995 if fine else 0.095):
        return f"{took * 1000:.0f} ms{end}"
    if took < 59.95:
        return f"{took:.1f} s{end}"
    whole_seconds = round(took)
    minutes, rest = divmod(whole_seconds, 60)
    if minutes < 60:
        return f"{minutes}m {rest}s{end}"
    return f"{minutes // 60}h {minutes % 60}m{end}"


def share(part: float | None) -> str:
    """Return a fraction as a percentage."""
    return NOTHING if part is None else f"{part * 100:.0f} %"


def speed(per_second: float | None) -> str:
    """Tokens per second."""
    return NOTHING if per_second is None else f"{per_second:.0f} t/s"


def clock(at: float) -> str:
    """Return the local time of day of a Unix time."""
    return f"{datetime.fromtimestamp(at):%H:%M:%S}"  # noqa: DTZ006 - the user's own time is what is shown


def clock_or_day(at: float, now: float) -> str:
    """Return the time of day, or the date if it is another day than ``now``: ``14:31:08``, ``9 Nov``. Both are Unix
    times.
    """
    there, here = datetime.fromtimestamp(at), datetime.fromtimestamp(now)  # noqa: DTZ006
    return f"{there:%H:%M:%S}" if there.date() == here.date() else day(f"{there:%Y-%m-%d}")


def day_and_clock(at: float) -> str:
    """Return date and time of day of a Unix time: ``9 Nov, 14:31:08``."""
    there = datetime.fromtimestamp(at)  # noqa: DTZ006
    return f"{day(f'{there:%Y-%m-%d}')}, {there:%H:%M:%S}"


def moment(at: float, now: float) -> str:
    """Return the time of day, preceded by the date if it is another day than ``now``."""
    there, here = datetime.fromtimestamp(at), datetime.fromtimestamp(now)  # noqa: DTZ006
    if there.date() == here.date():
        return f"{there:%H:%M}"
    return f"{day(f'{there:%Y-%m-%d}')}, {there:%H:%M}"


def day(date: str) -> str:
    """Return ``9 Nov`` for ``2026-11-09``, in the user's language."""
    try:
        there = datetime.strptime(date, "%Y-%m-%d")  # noqa: DTZ007
    except ValueError:
        return date
    locale = QLocale()
    if locale.language() is QLocale.Language.Chinese:
        return f"{there.month}月{there.day}日"
    month = locale.standaloneMonthName(there.month, QLocale.FormatType.ShortFormat)
    return f"{there.day} {month}"


def counted(count: int, one: str, many: str) -> str:
    """A count with its noun; ``{0}`` in ``many`` is the count."""
    return one if count == 1 else many.format(whole(count))


def requests(count: int) -> str:
    """``1 request``, ``312 requests``."""
    one, many = (
        QCoreApplication.translate("Figures", "1 request"),
        QCoreApplication.translate("Figures", "{0} requests"),
    )
    return counted(count, one, many)


def axis(highest: float) -> tuple[float, int]:
    """Return the end of an axis for a value and its number of steps, each 1, 2, 2.5 or 5 times a power of ten."""
    if highest <= 0 or not math.isfinite(highest):
        return 1.0, 4
    ends = ((_round_up(highest / steps) * steps, steps) for steps in (4, 5, 3))
    return min(ends, key=lambda end: end[0])


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * 0.999999)
