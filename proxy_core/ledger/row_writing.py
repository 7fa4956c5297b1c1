"""Many rows in one statement: the values of a story's row and of a body's, and the words around them."""

# ruff: noqa: S608 - statements are put together from names of ours; values are always bound

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, Final

from proxy_core.anthropic_api.json_text import dumps
from proxy_core.ledger import days
from proxy_core.ledger.body_keeping import Packed
from proxy_core.ledger.request_events import RecordedUsage, RequestRecord
from proxy_core.ledger.schema import STATES
from proxy_core.messages import cleaned, encode

_COUNTED: Final = ("input", "output", "cache_read", "cache_write", "reasoning")
_OTHERS: Final = tuple(field.name for field in fields(RecordedUsage) if field.name not in _COUNTED)
_UNCOUNTED: Final = (None,) * len(_COUNTED)
_counted: Final = attrgetter(*_COUNTED)
_others: Final = attrgetter(*_OTHERS)
_own: Final = attrgetter("session", "project", "profile", "agent", "upstream_id")

_MOST: Final = 10**12
"""Tokens of one request: beyond, sums would not fit."""

_LEAST: Final = 0.02
"""Seconds that an answer must stream to have a speed."""

_COLUMNS: Final = (
    *("id", "run", "kind", "session", "state", "day", "began", "first_token", "ended", "status", "streamed", "agent"),
    *("upstream_id", "attempts", "tries", "cost", "estimated", "told_cost", "flat", "not_billed"),
    *(*_COUNTED, "more_usage", "wait", "speed"),
)

Clean = Callable[[str], str]
"""Takes out of a text what may not be written."""


@dataclass(frozen=True, slots=True)
class PricedRecord:
    """A story as it is to be written, with what it cost in USD (None: not known) and whether that is our estimate."""

    record: RequestRecord
    cost: float | None = None
    estimated: bool = True


def own_texts(record: RequestRecord) -> Iterable[str]:
    """What a row and its session say in words, and no kind does."""
    terms = "" if record.usage is None else record.usage.terms
    return (*_own(record), terms, *(attempt.error for attempt in record.attempts))


def row(entry: PricedRecord, run: int, kind: int, session: int, clean: Clean) -> tuple[Any, ...]:
    """The values of a request's row."""
    record, usage = entry.record, entry.record.usage
    return (
        record.id,
        run,
        kind,
        session,
        STATES[record.state],
        days.number(record.began),
        record.began,
        record.first_token,
        record.ended,
        record.status,
        record.streamed,
        clean(record.agent),
        clean(record.upstream_id),
        _attempts_of(record, clean),
        len(record.attempts),
        _finite(entry.cost),
        entry.estimated,
        _finite(record.cost),
        record.flat,
        record.is_not_billed,
        *(_UNCOUNTED if usage is None else map(_bounded, _counted(usage))),
        None if usage is None else _more_of(usage, clean),
        record.time_to_first_token,
        _speed(record),
    )


def body_row(body: Packed) -> tuple[Any, ...]:
    """The values of a body's."""
    first = (body.request, body.part.value, body.at, body.size)
    return (*first, len(body.data), body.cut, body.hidden, body.data)


@cache
def put_rows(rows: int) -> str:
    """The statement that writes so many rows, in the place of those with the same ids."""
    row = f"({', '.join('?' * len(_COLUMNS))})"
    changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    names = ", ".join(_COLUMNS)
    return f"INSERT INTO requests ({names}) VALUES {', '.join([row] * rows)} ON CONFLICT (id) DO UPDATE SET {changes}"


@cache
def put_bodies(bodies: int) -> str:
    """The statement that writes so many bodies, in their order."""
    given = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * bodies)
    return f"""
        WITH given (id, part, at, size, packed_size, cut, hidden, packed) AS (VALUES {given})
        INSERT OR REPLACE INTO bodies (request, part, at, size, packed_size, cut, hidden, packed)
        SELECT r.number, g.part, g.at, g.size, g.packed_size, g.cut, g.hidden, g.packed
        FROM given g CROSS JOIN requests r WHERE r.id = g.id"""


def _attempts_of(record: RequestRecord, clean: Clean) -> str:
    if not record.attempts:
        return ""
    told = [
        (
            each.at,
            each.number,
            each.status,
            encode(cleaned(each.error, clean)),
            each.waited,
            *(() if each.sent else (False,)),
        )
        for each in record.attempts
    ]
    return dumps(told).decode()


def _more_of(usage: RecordedUsage, clean: Clean) -> str | None:
    """What few requests have, as JSON."""
    told = {name: value for name, value in zip(_OTHERS, _others(usage), strict=True) if value}
    if not told:
        return None
    return json.dumps(
        {name: clean(value) if isinstance(value, str) else _bounded(value) for name, value in told.items()}
    )


def _bounded(count: int) -> int:
    """A provider may tell anything."""
    return min(max(count, 0), _MOST)


def _finite(dollars: float | None) -> float | None:
    return None if dollars is None or not math.isfinite(dollars) else dollars


def _speed(record: RequestRecord) -> float | None:
    """Tokens per second while the answer streamed."""
    if not record.streamed or record.usage is None or record.ended is None or record.first_token is None:
        return None
    seconds = record.ended - record.first_token
    return record.usage.output / seconds if record.usage.output and seconds >= _LEAST else None
