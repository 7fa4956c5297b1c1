"""Calendar days of local time: how they are written, and which of them a span of time holds whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_BEFORE: Final = 0
"""Earlier than any day, which is written as ``YYYYMMDD``."""

_AFTER: Final = 99_999_999
"""Later than any day."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """The days from ``first`` to ``last`` are whole; ``edges`` are the rest, as Unix times, the second not included."""

    first: int
    last: int
    edges: tuple[tuple[float, float], ...] = ()


def number(at: float) -> int:
    """The day of a Unix time in local time as it is written: ``20261122``."""
    local = _local(at)
    return local.year * 10_000 + local.month * 100 + local.day


def name(day: int) -> str:
    """``20261122`` as ``2026-11-22``."""
    return f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}"


def span(since: float | None, until: float | None) -> DaySpan:
    """What lies between two Unix times, None for no end."""
    if since is not None and until is not None and since >= until:
        return DaySpan(_AFTER, _BEFORE)
    first, head = (_BEFORE, None) if since is None else _first_whole(since)
    last, tail = (_AFTER, None) if until is None else _last_whole(until)
    if first > last:  # the two lie in one day, or in two that follow each other
        return DaySpan(_AFTER, _BEFORE, ((since or 0.0, float("inf") if until is None else until),))
    return DaySpan(first, last, tuple(edge for edge in (head, tail) if edge is not None))


def _first_whole(since: float) -> tuple[int, tuple[float, float] | None]:
    midnight = _midnight(_local(since))
    if midnight.timestamp() == since:
        return number(since), None
    following = _midnight(midnight + timedelta(days=1))
    return _written(following), (since, following.timestamp())


def _last_whole(until: float) -> tuple[int, tuple[float, float] | None]:
    midnight = _midnight(_local(until))
    last = _written(midnight - timedelta(days=1))
    return last, None if midnight.timestamp() == until else (midnight.timestamp(), until)


def _local(at: float) -> datetime:
    """Times out of the calendar are taken for its ends."""
    return datetime.fromtimestamp(min(max(at, 86_400.0), 250_000_000_000.0))  # noqa: DTZ006 - local time is meant


def _midnight(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _written(local: datetime) -> int:
    return local.year * 10_000 + local.month * 100 + local.day
