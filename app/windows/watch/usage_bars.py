"""From the ledger's sums to the chart: a bar for each day, the largest keys by themselves, the rest together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from PySide6.QtCore import QCoreApplication

from app.widgets import figures
from app.widgets.labels import one_line
from app.widgets.stacked_bars import Bars
from proxy_core.ledger.rows import Grouping, Sum

translate = QCoreApplication.translate

Measure = Literal["spend", "tokens"]
MOST: Final = 6
"""Series that have a colour of their own; the others are one."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars, and the key of each series; None for the one that holds the rest."""

    bars: Bars
    keys: tuple[str | None, ...]


def chart(by: Grouping, measure: Measure, per_day: tuple[Sum, ...], days: tuple[str, ...]) -> Chart:
    """Sums per day and key as bars for ``days``, the largest key at the foot."""
    whole: dict[str, float] = {}
    for one in per_day:
        whole[one.key] = whole.get(one.key, 0.0) + worth(one, measure)
    ordered = sorted((key for key, value in whole.items() if value > 0), key=lambda key: -whole[key])
    own = ordered if len(ordered) <= MOST + 1 else ordered[:MOST]
    keys: tuple[str | None, ...] = (*own, None) if len(own) < len(ordered) else tuple(own)
    place = {key: at for at, key in enumerate(own)}
    values = {day: [0.0] * len(keys) for day in days}
    for one in per_day:
        if one.day in values and whole[one.key] > 0:
            values[one.day][place.get(one.key, len(keys) - 1)] += worth(one, measure)
    names = tuple(key_name(by, key) for key in keys)
    words = tuple(figures.day(day) for day in days)
    return Chart(Bars(names, days, words, tuple(tuple(values[day]) for day in days)), keys)


def worth(one: Sum, measure: Measure) -> float:
    """What a sum is worth on the axis."""
    return one.cost if measure == "spend" else float(all_tokens(one))


def all_tokens(one: Sum) -> int:
    """Everything that was read and written."""
    return one.input + one.cache_read + one.cache_write + one.output


def written(measure: Measure, value: float) -> str:
    """A value of the axis."""
    if measure == "tokens":
        return figures.tokens(round(value))
    return f"${value:.0f}" if value == int(value) else f"${value:.2f}" if value >= 0.01 else f"${value:.4f}"


def key_name(by: Grouping, key: str | None) -> str:
    """What a key is called in a legend."""
    if key is None:
        return translate("Usage", "Others")
    if not key:
        return translate("Usage", "Not told")
    if by is Grouping.PROJECT:
        return one_line(PurePath(key).name or key)
    if by is Grouping.SESSION:
        return one_line(key)[:8]
    return one_line(key.partition("/")[2] or key)
