"""Rows of the tables as the values that the ledger answers with."""

# ruff: noqa: S608 - statements are put together from names of ours; values are always bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final

from proxy_core.ledger.journal import Attempted, Story, Usage
from proxy_core.ledger.rows import Part, Row
from proxy_core.ledger.schema import STATE_OF

_COUNTED: Final = ("input", "output", "cache_read", "cache_write", "reasoning")
_USAGE: Final = frozenset(field.name for field in fields(Usage))

_ROWS: Final = """
    SELECT r.number, r.id, r.began, k.path, k.asked_for, r.streamed, s.id, r.agent, k.project, k.profile, k.role, k.why,
        k.provider, k.model, k.engine, k.warnings, r.attempts, r.upstream_id, r.first_token, r.ended, r.state, r.status,
        k.stop_reason, k.error_type, k.error, r.input, r.output, r.cache_read, r.cache_write, r.reasoning, r.more_usage,
        r.told_cost, r.flat, r.cost, r.estimated
    FROM requests r JOIN kinds k ON k.number = r.kind LEFT JOIN sessions s ON s.number = r.session"""


def rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> tuple[Row, ...]:
    """The rows of these numbers, in their order."""
    listed = json.dumps(numbers)
    sql = f"{_ROWS} WHERE r.number IN (SELECT value FROM json_each(?))"
    bodies: dict[int, set[Part]] = {}
    kept = "SELECT request, part FROM bodies WHERE request IN (SELECT value FROM json_each(?))"
    for request, part in connection.execute(kept, (listed,)):
        bodies.setdefault(request, set()).add(Part(part))
    found = {row.number: row for row in _rows(connection.execute(sql, (listed,)), bodies)}
    return tuple(found[number] for number in numbers if number in found)


def _rows(found: Iterable[tuple[Any, ...]], bodies: dict[int, set[Part]]) -> Iterable[Row]:
    for number, id_, began, path, asked_for, streamed, session, agent, project, profile, role, *rest in found:
        why, provider, model, engine, warnings, attempts, upstream_id, first_token, ended, state, status, *last = rest
        stop_reason, error_type, error, *counts, more, told_cost, flat, cost, estimated = last
        story = Story(
            id=id_,
            began=began,
            path=path,
            asked_for=asked_for,
            streamed=bool(streamed),
            session=session or "",
            agent=agent,
            project=project,
            profile=profile,
            role=role,
            why=why,
            provider=provider,
            model=model,
            engine=engine,
            warnings=tuple(json.loads(warnings)) if warnings else (),
            attempts=tuple(_attempt(id_, told) for told in json.loads(attempts)) if attempts else (),
            upstream_id=upstream_id,
            first_token=first_token,
            ended=ended,
            state=STATE_OF[state],
            status=status,
            stop_reason=stop_reason,
            error_type=error_type,
            error=error,
            usage=_usage(counts, more),
            cost=told_cost,
            flat=bool(flat),
        )
        yield Row(number, story, cost, bool(estimated), frozenset(bodies.get(number, ())))


def _attempt(id_: str, told: list[Any]) -> Attempted:
    at, number, status, error, waited = told
    return Attempted(id_, at, number, status, error, waited)


def _usage(counts: list[int | None], more: str | None) -> Usage | None:
    """None where the answer told none; fields that only a later version knows are left out."""
    if counts[0] is None:
        return None
    others = {name: value for name, value in json.loads(more).items() if name in _USAGE} if more else {}
    counted: dict[str, Any] = dict(zip(_COUNTED, (count or 0 for count in counts), strict=True))
    return Usage(**counted, **others)
