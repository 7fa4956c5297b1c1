"""Medians of the time to the first token and of tokens per second: exact for few requests, of a sample for many."""

# ruff: noqa: S608 - statements are put together from names of ours; values are always bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import median
from typing import Any, Final

from proxy_core.ledger import days
from proxy_core.ledger.query_filter import QueryConditions
from proxy_core.ledger.rows import Sum
from proxy_core.ledger.schema import SAMPLED, STATES

EXACT: Final = 20_000
"""Up to so many requests every one counts; of more only every :data:`SAMPLED`-th."""

_LATEST: Final = 100
"""Requests of a session that its medians are taken from, the latest ones: the list reads them for each of its rows."""

Key = tuple[str, int]
Medians = tuple[float | None, float | None]
"""Seconds to the first token, tokens per second."""

_Measured = tuple[int, int, int, float, float | None]


def medians(
    connection: sqlite3.Connection, wanted: QueryConditions, requests: int, key_of: Callable[[int, int, int], Key]
) -> dict[Key, Medians]:
    """Of each group that ``key_of`` makes of day, kind and session; a group that the sample misses is not there.

    ``requests`` is how many there are in all.
    """
    found = _all(connection, wanted) if requests <= EXACT else _sample(connection, wanted)
    waits: dict[Key, list[float]] = {}
    speeds: dict[Key, list[float]] = {}
    known: dict[tuple[int, int, int], Key] = {}
    for day, kind, session, wait, speed in found:
        place = (day, kind, session)
        key = known.get(place)
        if key is None:
            key = known[place] = key_of(*place)
        waits.setdefault(key, []).append(wait)
        if speed is not None:
            speeds.setdefault(key, []).append(speed)
    return {key: (_median(each), _median(speeds.get(key))) for key, each in waits.items()}


def of_sessions(connection: sqlite3.Connection, sums: dict[int, Sum]) -> dict[int, Sum]:
    """Each session's sum with the medians of its latest requests."""
    sql = """
        SELECT wait, speed FROM requests
        WHERE session = ? AND session <> 0 AND wait IS NOT NULL ORDER BY number DESC LIMIT ?"""
    found = {}
    for session, each in sums.items():
        rows = connection.execute(sql, (session, _LATEST)).fetchall()
        speeds = [speed for _, speed in rows if speed is not None]
        found[session] = replace(each, first_token=_median([wait for wait, _ in rows]), output_speed=_median(speeds))
    return found


def _all(connection: sqlite3.Connection, wanted: QueryConditions) -> Iterable[_Measured]:
    wanted = replace(wanted, states=wanted.states or tuple(STATES.values()))
    texts, values = wanted.of_texts("r", ("state",) if wanted.kinds is None else ())
    times, more = wanted.of_time("r")
    sql = f"SELECT r.day, r.kind, r.session, r.wait, r.speed FROM requests r WHERE r.wait IS NOT NULL{texts}{times}"
    return connection.execute(sql, [*values, *more])


def _sample(connection: sqlite3.Connection, wanted: QueryConditions) -> Iterable[_Measured]:
    texts, values = wanted.of_texts("r")
    span = days.span(wanted.since, wanted.until)
    given: list[Any] = [*values]
    among = ""
    if wanted.numbers is not None:
        among = " AND r.number IN (SELECT value FROM json_each(?))"
        given.append(json.dumps(wanted.numbers))
    sql = f"""
        SELECT r.day, r.kind, r.session, r.wait, r.speed FROM requests r INDEXED BY requests_sample
        WHERE r.number % {SAMPLED} = 0 AND r.wait IS NOT NULL AND r.day BETWEEN ? AND ?{texts}{among}"""
    return connection.execute(sql, [span.first, span.last, *given])


def _median(found: list[float] | None) -> float | None:
    return median(found) if found else None
