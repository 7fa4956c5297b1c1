"""What requests add up to: from the tallies where whole days are asked for, from the requests at the edges."""

# ruff: noqa: S608 - statements are put together from names of ours; values are always bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from proxy_core.ledger import days, latency
from proxy_core.ledger.query_filter import QueryConditions
from proxy_core.ledger.rows import Grouping, SessionRow, Sum

_ADDED: Final = (
    "requests",
    "failed",
    "retried",
    "priced",
    "unpriced",
    "not_billed",
    "estimated",
    "cost",
    "input",
    "output",
    "cache_read",
    "cache_write",
    "reasoning",
)
"""The fields of a :class:`Sum` that are added up, in the order of the columns below."""

_OF_TALLIES: Final = """
    SELECT t.day, t.kind, t.session, t.state, t.requests, t.requests * (t.state = 2), t.retried, t.priced,
        t.requests - t.priced - t.not_billed, t.not_billed, t.estimated, t.cost,
        t.input, t.output, t.cache_read, t.cache_write, t.reasoning
    FROM tallies t WHERE 1"""

_OF_REQUESTS: Final = """
    SELECT r.day, r.kind, r.session, r.state, 1 AS requests, r.state = 2 AS failed, r.tries > 1 AS retried,
        r.cost IS NOT NULL AS priced, r.state <> 0 AND r.cost IS NULL AND NOT r.not_billed AS unpriced, r.not_billed,
        r.cost IS NOT NULL AND r.estimated AS estimated, ifnull(r.cost, 0) AS cost,
        ifnull(r.input, 0) AS input, ifnull(r.output, 0) AS output, ifnull(r.cache_read, 0) AS cache_read,
        ifnull(r.cache_write, 0) AS cache_write, ifnull(r.reasoning, 0) AS reasoning
    FROM requests r WHERE 1"""

_COMMON: Final = {
    Grouping.MODEL: "k.provider, k.model",
    Grouping.PROJECT: "k.project, ''",
    Grouping.PROFILE: "k.profile, ''",
    Grouping.SESSION: "q.session, ''",
    Grouping.DAY: "'', ''",
}
"""What the requests of a group have in common, in two columns."""

_JOINED: Final = dict.fromkeys(
    (Grouping.MODEL, Grouping.PROJECT, Grouping.PROFILE), "JOIN kinds k ON k.number = q.kind"
)

Key = tuple[str, int]
"""What a group has in common, and the number of its day; 0 where days are not asked for."""


def count(connection: sqlite3.Connection, wanted: QueryConditions) -> int:
    """How many requests meet the conditions."""
    source, values = _source(wanted)
    return int(connection.execute(f"SELECT ifnull(sum(requests), 0) FROM ({source})", values).fetchone()[0])


def total(connection: sqlite3.Connection, wanted: QueryConditions) -> Sum:
    """What they all add up to."""
    source, values = _source(wanted)
    added = connection.execute(f"SELECT {_aggregated()} FROM ({source})", values).fetchone()
    if not added[0]:
        return Sum()
    medians = latency.medians(connection, wanted, added[0], lambda _day, _kind, _session: ("", 0))
    first_token, speed = medians.get(("", 0), (None, None))
    return _sum(added, first_token=first_token, output_speed=speed)


def sums(connection: sqlite3.Connection, by: Grouping, wanted: QueryConditions, *, per_day: bool) -> tuple[Sum, ...]:
    """Groups, the biggest cost first, then the most tokens; by day where days are asked for."""
    daily = per_day or by is Grouping.DAY
    source, values = _source(wanted)
    day = "q.day" if daily else "0"
    sql = f"""
        SELECT {day} AS d, {_COMMON[by]}, {_aggregated()} FROM ({source}) q {_JOINED.get(by, "")}
        GROUP BY d, {_COMMON[by]}"""
    names = _names_of(connection, by)
    groups: dict[Key, tuple[Any, ...]] = {}
    for number, first, second, *added in connection.execute(sql, values):
        common = names.get(first, "") if by is Grouping.SESSION else f"{first}/{second}" if second else first
        groups[common, number] = tuple(added)

    def key_of(number: int, kind: int, session: int) -> Key:
        common = session if by is Grouping.SESSION else kind
        return names.get(common, ""), number if daily else 0

    requests = sum(added[0] for added in groups.values())
    medians = latency.medians(connection, wanted, requests, key_of)
    summed = []
    for (name, number), added in groups.items():
        day_name = days.name(number) if daily else ""
        shown = day_name if by is Grouping.DAY else name
        first_token, speed = medians.get((name, number), (None, None))
        summed.append(_sum(added, key=shown, day=day_name, first_token=first_token, output_speed=speed))
    return tuple(sorted(summed, key=lambda each: (each.day, -each.cost, -(each.input + each.output), each.key)))


def sessions(
    connection: sqlite3.Connection, wanted: QueryConditions, before: float | None, limit: int
) -> tuple[SessionRow, ...]:
    """The latest first."""
    source, values = _source(wanted)
    among = "" if wanted.free else f"AND s.number IN (SELECT session FROM ({source}))"
    sql = f"SELECT * FROM sessions s WHERE s.latest < ? {among} ORDER BY s.latest DESC LIMIT ?"
    given = [float("inf") if before is None else before, *([] if wanted.free else values), limit]
    found = {number: rest for number, *rest in connection.execute(sql, given)}
    sums_, models, running = _of_sessions(connection, wanted, tuple(found))
    agents: dict[int, list[str]] = {}
    listed = "SELECT session, id FROM agents WHERE session IN (SELECT value FROM json_each(?)) ORDER BY session, id"
    for number, id_ in connection.execute(listed, (json.dumps(tuple(found)),)):
        agents.setdefault(number, []).append(id_)
    return tuple(
        SessionRow(
            id=id_,
            project=project,
            profile=profile,
            began=began,
            latest=latest,
            agents=tuple(agents.get(number, ())),
            models=tuple(models.get(number, ())),
            running=running.get(number, 0),
            total=replace(sums_.get(number, Sum()), key=id_),
        )
        for number, (id_, project, profile, began, latest) in found.items()
    )


def names(connection: sqlite3.Connection, by: Grouping) -> tuple[str, ...]:
    """All that there are."""
    match by:
        case Grouping.SESSION:
            return tuple(id_ for (id_,) in connection.execute("SELECT id FROM sessions ORDER BY latest DESC"))
        case Grouping.DAY:
            sql = "SELECT DISTINCT day FROM tallies UNION SELECT day FROM requests WHERE state = 0 ORDER BY 1 DESC"
            return tuple(days.name(number) for (number,) in connection.execute(sql))
        case _:
            return tuple(sorted({*_names_of(connection, by).values()} - {""}))


def with_bodies(
    connection: sqlite3.Connection, wanted: QueryConditions, limit: int, *, newest_first: bool
) -> tuple[int, ...]:
    """Requests of which a body is kept, in the order of their numbers."""
    texts, values = wanted.of_texts("r", ("kind", "state", "session"))
    times, more = wanted.of_time("r")
    order = "DESC" if newest_first else "ASC"
    sql = f"""
        SELECT r.number FROM requests r
        WHERE r.number IN (SELECT request FROM bodies WHERE request BETWEEN ? AND ?){texts}{times}
        ORDER BY r.number {order} LIMIT ?"""
    given = [wanted.low, wanted.high, *values, *more, limit]
    return tuple(number for (number,) in connection.execute(sql, given))


def _source(wanted: QueryConditions, sessions_: tuple[int, ...] | None = None) -> tuple[str, list[Any]]:
    """A table of what may be added up: tallies of whole days, requests of broken ones, requests that still run."""
    times, more = wanted.of_time("r")

    def texts_of(alias: str, *off_index: str) -> str:
        texts, _ = wanted.of_texts(alias, off_index)
        return texts if sessions_ is None else f"{texts} AND {alias}.session IN (SELECT value FROM json_each(?))"

    texts, values = texts_of("r"), wanted.of_texts("r")[1]
    listed = [] if sessions_ is None else [json.dumps(sessions_)]
    every = [*values, *listed, *more]
    if wanted.numbers is not None:
        return f"{_OF_REQUESTS}{texts}{times}", every
    parts, given = [f"{_OF_REQUESTS} AND r.state = 0{texts}{times}"], list(every)
    span = days.span(wanted.since, wanted.until)
    if span.first <= span.last:
        parts.append(f"{_OF_TALLIES} AND t.day BETWEEN ? AND ?{texts_of('t')}")
        given += [span.first, span.last, *values, *listed]
    for start, end in span.edges:
        plain = texts_of("r", "kind", "state")
        parts.append(f"{_OF_REQUESTS} AND +r.state <> 0 AND r.began >= ? AND r.began < ?{plain}{times}")
        given += [start, end, *every]
    return " UNION ALL ".join(parts), given


def _aggregated() -> str:
    return ", ".join(f"ifnull(sum({name}), 0)" for name in _ADDED)


def _sum(added: Iterable[Any], **fields: Any) -> Sum:
    return Sum(**dict(zip(_ADDED, added, strict=True)), **fields)


def _plus(so_far: Sum, added: Iterable[Any]) -> Sum:
    more = {name: getattr(so_far, name) + value for name, value in zip(_ADDED, added, strict=True)}
    return replace(so_far, **more)


def _names_of(connection: sqlite3.Connection, by: Grouping) -> dict[int, str]:
    """From the number of a kind or a session to the name it is grouped under."""
    match by:
        case Grouping.MODEL:
            sql = "SELECT number, CASE provider WHEN '' THEN '' ELSE provider || '/' || model END FROM kinds"
        case Grouping.PROJECT:
            sql = "SELECT number, project FROM kinds"
        case Grouping.PROFILE:
            sql = "SELECT number, profile FROM kinds"
        case Grouping.SESSION:
            sql = "SELECT number, id FROM sessions"
        case Grouping.DAY:
            return {}
    return dict(connection.execute(sql).fetchall())


def _of_sessions(
    connection: sqlite3.Connection, wanted: QueryConditions, found: tuple[int, ...]
) -> tuple[dict[int, Sum], dict[int, dict[str, None]], dict[int, int]]:
    """What the requests of each add up to, the models they went to (the most asked first), how many still run."""
    source, values = _source(wanted, found)
    sql = f"""
        SELECT session, kind, sum(requests * (state = 0)), {_aggregated()}
        FROM ({source}) GROUP BY session, kind ORDER BY sum(requests) DESC"""
    names_ = _names_of(connection, Grouping.MODEL)
    sums_: dict[int, Sum] = {}
    models: dict[int, dict[str, None]] = {}
    running: dict[int, int] = {}
    for session, kind, under_way, *added in connection.execute(sql, values):
        sums_[session] = _plus(sums_.get(session, Sum()), added)
        running[session] = running.get(session, 0) + under_way
        if name := names_.get(kind):
            models.setdefault(session, {})[name] = None
    return latency.of_sessions(connection, sums_), models, running
