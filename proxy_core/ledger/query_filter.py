"""A filter as conditions on the ledger's tables, resolved so far that every question after it walks along a key."""

# ruff: noqa: S608 - statements are put together from names of ours; values are always bound

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from proxy_core.ledger.request_events import State
from proxy_core.ledger.rows import Filter
from proxy_core.ledger.schema import STATES

LAST: Final = 2**63 - 1
"""No number is higher."""

_NEAR: Final = 4_000
"""Numbers that are looked through one by one, since most pages are filled from them."""


@dataclass(frozen=True, slots=True)
class QueryConditions:
    """What a request must meet; None is no condition. ``low`` and ``high`` are the numbers that come into question.

    ``session`` is the number of its row, ``numbers`` are those found by looking into bodies.
    """

    kinds: tuple[int, ...] | None = None
    session: int | None = None
    states: tuple[int, ...] | None = None
    since: float | None = None
    until: float | None = None
    low: int = 0
    high: int = LAST
    numbers: tuple[int, ...] | None = None

    @property
    def free(self) -> bool:
        """Whether everything meets them."""
        return self == QueryConditions()

    def of_texts(self, alias: str, off_index: Collection[str] = ()) -> tuple[str, list[Any]]:
        """``AND …`` for what a tally has as well: kind, session, state.

        A unary plus before those ``off_index`` keeps SQLite from finding its way by them.
        """
        kind, session, state = (
            f"{'+' if name in off_index else ''}{alias}.{name}" for name in ("kind", "session", "state")
        )
        sql, values = "", list[Any]()
        if self.kinds is not None:
            sql += f" AND {kind} IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(self.kinds))
        if self.session is not None:
            sql += f" AND {session} = ? AND {session} <> 0"
            values.append(self.session)
        if self.states is not None:
            sql += f" AND {state} IN ({', '.join(map(str, self.states))})"
        return sql, values

    def of_time(self, alias: str) -> tuple[str, list[Any]]:
        """``AND …`` for what only a request has: when it began, its number."""
        sql, values = f" AND {alias}.number BETWEEN ? AND ?", list[Any]([self.low, self.high])
        for comparison, bound in ((">=", self.since), ("<", self.until)):
            if bound is not None:
                sql += f" AND {alias}.began {comparison} ?"
                values.append(bound)
        if self.numbers is not None:
            sql += f" AND {alias}.number IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(self.numbers))
        return sql, values


def resolve(connection: sqlite3.Connection, wanted: Filter) -> QueryConditions | None:
    """The conditions that ``wanted`` stands for, but for the bodies; None where nothing can meet them."""
    found = QueryConditions(since=wanted.since, until=wanted.until)
    if wanted.states and wanted.states != frozenset(State):
        found = replace(found, states=tuple(sorted(STATES[state] for state in wanted.states)))
    if wanted.session:
        row = connection.execute("SELECT number FROM sessions WHERE id = ?", (wanted.session,)).fetchone()
        if row is None:
            return None
        found = replace(found, session=row[0])
    kinds = _kinds(connection, wanted)
    if kinds is not None:
        if not kinds:
            return None
        found = replace(found, kinds=kinds)
    return _within(connection, found)


def within(wanted: QueryConditions, low: int, high: int) -> QueryConditions:
    """Only of the numbers from ``low`` to ``high``."""
    return replace(wanted, low=max(low, wanted.low), high=min(high, wanted.high))


def among(wanted: QueryConditions, chosen: tuple[int, ...]) -> QueryConditions:
    """Only of these numbers."""
    return replace(wanted, numbers=chosen)


def numbers(
    connection: sqlite3.Connection, wanted: QueryConditions, limit: int, *, newest_first: bool = True
) -> tuple[int, ...]:
    """The first ``limit`` requests that meet the conditions, in the order of their numbers."""
    low, high = max(wanted.low, 0), min(wanted.high, _highest(connection))
    near = (max(low, high - _NEAR), high) if newest_first else (low, min(high, low + _NEAR))
    walked = _walk(connection, replace(wanted, low=near[0], high=near[1]), limit, newest_first=newest_first)
    if len(walked) >= limit or near == (low, high):
        return walked
    wanted = replace(wanted, low=low, high=high)
    if wanted.session is None and (wanted.kinds is not None or wanted.states is not None):
        return _merged(connection, wanted, limit, newest_first=newest_first)
    return _walk(connection, wanted, limit, newest_first=newest_first, by_session=wanted.session is not None)


def _kinds(connection: sqlite3.Connection, wanted: Filter) -> tuple[int, ...] | None:
    """The kinds that meet what is said of texts; None where nothing is."""
    terms, values = list[str](), list[Any]()
    provider, slash, name = wanted.model.partition("/")
    equal = {
        "role": wanted.role,
        "provider": wanted.provider,
        "project": wanted.project,
        "profile": wanted.profile,
    }
    for column, value in equal.items():
        if value:
            terms.append(f"{column} = ?" if column != "role" else "role = ? COLLATE NOCASE")
            values.append(value)
    if wanted.model:
        terms.append("provider = ? AND model = ?" if slash else "model = ?")
        values += [provider, name] if slash else [provider]
    for word in wanted.text.casefold().split():
        terms.append("instr(said, ?) > 0")
        values.append(word)
    if not terms:
        return None
    rows = connection.execute(f"SELECT number FROM kinds WHERE {' AND '.join(terms)}", values)
    return tuple(number for (number,) in rows)


def _within(connection: sqlite3.Connection, wanted: QueryConditions) -> QueryConditions | None:
    """With the numbers that began in the hours in question; None where none did."""
    if wanted.since is None and wanted.until is None:
        return wanted
    first = -(2**62) if wanted.since is None else _hour(wanted.since)
    last = 2**62 if wanted.until is None else _hour(wanted.until)
    row = connection.execute("SELECT min(first), max(last) FROM hours WHERE hour BETWEEN ? AND ?", (first, last))
    low, high = row.fetchone()
    return None if low is None else within(wanted, low, high)


def _hour(at: float) -> int:
    return math.floor(min(max(at, -1e15), 1e15) / 3600)


def _highest(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT max(number) FROM requests").fetchone()[0]
    return 0 if found is None else int(found)


def _walk(
    connection: sqlite3.Connection, wanted: QueryConditions, limit: int, *, newest_first: bool, by_session: bool = False
) -> tuple[int, ...]:
    """Along the numbers, or along a session's."""
    texts, values = wanted.of_texts("r", ("kind", "state") if by_session else ("kind", "state", "session"))
    times, more = wanted.of_time("r")
    order = "DESC" if newest_first else "ASC"
    sql = f"SELECT r.number FROM requests r WHERE 1{texts}{times} ORDER BY r.number {order} LIMIT ?"
    return tuple(number for (number,) in connection.execute(sql, [*values, *more, limit]))


def _merged(
    connection: sqlite3.Connection, wanted: QueryConditions, limit: int, *, newest_first: bool
) -> tuple[int, ...]:
    """The first ones of each kind and state, and of these the first: few steps, however many there are of each."""
    order = "DESC" if newest_first else "ASC"
    times, values = wanted.of_time("q")
    states = json.dumps(wanted.states if wanted.states is not None else tuple(STATES.values()))
    if wanted.kinds is None:
        groups, group = "SELECT s.value AS state FROM json_each(?) s", "q.state = g.state"
        given: list[Any] = [states]
    else:
        groups = "SELECT k.value AS kind, s.value AS state FROM json_each(?) k CROSS JOIN json_each(?) s"
        group = "q.kind = g.kind AND q.state = g.state"
        given = [json.dumps(wanted.kinds), states]
    sql = f"""
        WITH g AS MATERIALIZED ({groups})
        SELECT r.number FROM g CROSS JOIN requests r ON r.number IN (
            SELECT q.number FROM requests q WHERE {group}{times} ORDER BY q.number {order} LIMIT ?
        ) ORDER BY r.number {order} LIMIT ?"""
    return tuple(number for (number,) in connection.execute(sql, [*given, *values, limit, limit]))
