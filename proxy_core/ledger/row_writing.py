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

from proxy_core.ledger import days
from proxy_core.ledger.body_keeping import Packed
from proxy_core.ledger.journal import Story, Usage
from proxy_core.ledger.schema import STATES
from proxy_core.wire.json_text import dumps

_COUNTED: Final = ("input", "output", "cache_read", "cache_write", "reasoning")
_OTHERS: Final = tuple(field.name for field in fields(Usage) if field.name not in _COUNTED)
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
class Entry:
    """A story as it is to be written, with what it cost in USD (None: not known) and whether that is our estimate."""

    story: Story
    cost: float | None = None
    estimated: bool = True


def own_texts(story: Story) -> Iterable[str]:
    """What a row and its session say in words, and no kind does."""
    terms = "" if story.usage is None else story.usage.terms
    return (*_own(story), terms, *(attempt.error for attempt in story.attempts))


def row(entry: Entry, run: int, kind: int, session: int, clean: Clean) -> tuple[Any, ...]:
    """The values of a request's row."""
    story, usage = entry.story, entry.story.usage
    return (
        story.id,
        run,
        kind,
        session,
        STATES[story.state],
        days.number(story.began),
        story.began,
        story.first_token,
        story.ended,
        story.status,
        story.streamed,
        clean(story.agent),
        clean(story.upstream_id),
        _attempts_of(story, clean),
        len(story.attempts),
        _finite(entry.cost),
        entry.estimated,
        _finite(story.cost),
        story.flat,
        story.is_not_billed,
        *(_UNCOUNTED if usage is None else map(_bounded, _counted(usage))),
        None if usage is None else _more_of(usage, clean),
        story.time_to_first_token,
        _speed(story),
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


def _attempts_of(story: Story, clean: Clean) -> str:
    if not story.attempts:
        return ""
    told = [
        (each.at, each.number, each.status, clean(each.error), each.waited, *(() if each.sent else (False,)))
        for each in story.attempts
    ]
    return dumps(told).decode()


def _more_of(usage: Usage, clean: Clean) -> str | None:
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


def _speed(story: Story) -> float | None:
    """Tokens per second while the answer streamed."""
    if not story.streamed or story.usage is None or story.ended is None or story.first_token is None:
        return None
    seconds = story.ended - story.first_token
    return story.usage.output / seconds if story.usage.output and seconds >= _LEAST else None
