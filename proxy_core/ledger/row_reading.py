"""Rows of the tables as the values that the ledger answers with."""

# ruff: noqa: S608 - statements are put together from names of ours; values are always bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final

from proxy_core.ledger.request_events import AttemptMade, RecordedUsage, RequestRecord
from proxy_core.ledger.rows import BodyKind, RequestRow
from proxy_core.ledger.schema import STATE_OF
from proxy_core.messages import decode

_COUNTED: Final = ("input", "output", "cache_read", "cache_write", "reasoning")
_USAGE: Final = frozenset(field.name for field in fields(RecordedUsage))

_PLAIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("id", "began", "agent", "upstream_id", "first_token", "ended", "status"), "r"),
        **dict.fromkeys(("path", "asked_for", "project", "profile", "role", "why", "provider", "model", "engine"), "k"),
        **dict.fromkeys(("stop_reason", "error_type", "error"), "k"),
    }
)
"""Fields of a story that stand in a table just as they are, each with the table."""

_OTHERS: Final = """
    r.number, s.id, r.streamed, k.warnings, r.attempts, r.state, r.told_cost, r.flat, r.cost, r.estimated, r.more_usage,
    r.input, r.output, r.cache_read, r.cache_write, r.reasoning"""

_ROWS: Final = f"""
    SELECT {", ".join(f"{table}.{field}" for field, table in _PLAIN.items())}, {_OTHERS}
    FROM requests r JOIN kinds k ON k.number = r.kind LEFT JOIN sessions s ON s.number = r.session"""


def rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> tuple[RequestRow, ...]:
    """The rows of these numbers, in their order."""
    listed = json.dumps(numbers)
    sql = f"{_ROWS} WHERE r.number IN (SELECT value FROM json_each(?))"
    bodies: dict[int, set[BodyKind]] = {}
    kept = "SELECT request, part FROM bodies WHERE request IN (SELECT value FROM json_each(?))"
    for request, part in connection.execute(kept, (listed,)):
        bodies.setdefault(request, set()).add(BodyKind(part))
    found = {row.number: row for row in _rows(connection.execute(sql, (listed,)), bodies)}
    return tuple(found[number] for number in numbers if number in found)


def _rows(found: Iterable[tuple[Any, ...]], bodies: dict[int, set[BodyKind]]) -> Iterable[RequestRow]:
    for columns in found:
        plain: dict[str, Any] = dict(zip(_PLAIN, columns, strict=False))
        plain["why"], plain["error"] = decode(plain["why"]), decode(plain["error"])
        number, session, streamed, warnings, attempts, state, told_cost, flat, *last = columns[len(_PLAIN) :]
        cost, estimated, more, *counts = last
        record = RequestRecord(
            **plain,
            session=session or "",
            streamed=bool(streamed),
            warnings=tuple(map(decode, json.loads(warnings))) if warnings else (),
            attempts=tuple(_attempt(plain["id"], told) for told in json.loads(attempts)) if attempts else (),
            state=STATE_OF[state],
            usage=_usage(counts, more),
            cost=told_cost,
            flat=bool(flat),
        )
        yield RequestRow(number, record, cost, bool(estimated), frozenset(bodies.get(number, ())))


def _attempt(id_: str, told: list[Any]) -> AttemptMade:
    at, number, status, error, waited, *sent = told
    return AttemptMade(id_, at, number, status, decode(error), waited, *sent[:1])


def _usage(counts: list[int | None], more: str | None) -> RecordedUsage | None:
    """None where the answer told none; fields that only a later version knows are left out."""
    if counts[0] is None:
        return None
    others = {name: value for name, value in json.loads(more).items() if name in _USAGE} if more else {}
    counted: dict[str, Any] = dict(zip(_COUNTED, (count or 0 for count in counts), strict=True))
    return RecordedUsage(**counted, **others)
