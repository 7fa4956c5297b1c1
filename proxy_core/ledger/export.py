"""Requests written out for other programs: as CSV for a spreadsheet, as JSON for a script; row by row."""

from __future__ import annotations

import base64
import csv
import os
import stat
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import IO, Any, Final, TextIO

from proxy_core.anthropic_api.json_text import dumps, loads
from proxy_core.ledger.request_events import BodyKind, RequestRecord
from proxy_core.ledger.rows import RequestRow

Bodies = Callable[[str, BodyKind], bytes | None]
"""A body by its request's id, as :meth:`~proxy_core.ledger.reading.Ledger.body` gives it."""

COLUMNS: Final = (
    *("id", "began", "session", "agent", "project", "profile", "asked_for", "role", "why", "provider", "model"),
    *("engine", "tries", "state", "status", "stop_reason", "error_type", "error", "input", "output", "cache_read"),
    *("cache_write", "reasoning", "cost", "estimated", "billing", "time_to_first_token", "duration", "warnings"),
)
"""Of the CSV. Times are local with their offset, ``cost`` is in USD and empty where there is no price; ``billing`` says
why: unpriced, not billed, subscription; empty while the request runs."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run (OWASP, *CSV Injection*)."""


def to_file(path: str) -> TextIO:
    """A new file for the two below, instead of one that is there: only its owner may read it. Raises OSError."""
    return open(path, "w", encoding="utf-8", newline="", opener=_for_the_owner)


def write_csv(rows: Iterable[RequestRow], out: IO[str]) -> int:
    """One line for each, and a head; how many there were. ``out`` is opened with ``newline=""``."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    number = 0
    for row in rows:
        told = _flat(row)
        writer.writerow([_harmless(told[name]) for name in COLUMNS])
        number += 1
    return number


def write_json(rows: Iterable[RequestRow], out: IO[str], bodies: Bodies | None = None) -> int:
    """An array of objects, each on a line of its own, with its bodies where ``bodies`` is given; how many there were.

    A body that is JSON stands there as such, another one as text, or as base64 where it is none.
    """
    number = 0
    out.write("[")
    for row in rows:
        told = {**_flat(row), "warnings": list(row.record.warnings), "attempts": _attempts(row.record)}
        if bodies is not None:
            told["bodies"] = {part.value: _body(bodies(row.record.id, part)) for part in BodyKind if part in row.bodies}
        out.write(",\n" if number else "\n")
        out.write(dumps(told).decode())
        number += 1
    out.write("\n]\n")
    return number


def _for_the_owner(path: str, flags: int) -> int:
    """A file that was there, and that others may read, is made the owner's before anything stands in it."""
    handle = os.open(path, flags, 0o600)
    try:
        if sys.platform != "win32" and stat.S_ISREG(os.fstat(handle).st_mode):
            os.fchmod(handle, 0o600)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _flat(row: RequestRow) -> dict[str, Any]:
    record, usage = row.record, row.record.usage
    counts = ("input", "output", "cache_read", "cache_write", "reasoning")
    return {
        "id": record.id,
        "began": datetime.fromtimestamp(record.began).astimezone().isoformat(timespec="milliseconds"),
        "session": record.session,
        "agent": record.agent,
        "project": record.project,
        "profile": record.profile,
        "asked_for": record.asked_for,
        "role": record.role,
        "why": record.why,
        "provider": record.provider,
        "model": record.model,
        "engine": record.engine,
        "tries": len(record.attempts),
        "state": record.state.value,
        "status": record.status,
        "stop_reason": record.stop_reason,
        "error_type": record.error_type,
        "error": record.error,
        **{name: None if usage is None else getattr(usage, name) for name in counts},
        "cost": row.cost,
        "estimated": None if row.cost is None else row.estimated,
        "billing": None if row.billing is None else row.billing.value,
        "time_to_first_token": _rounded(record.time_to_first_token),
        "duration": _rounded(record.duration),
        "warnings": "; ".join(record.warnings),
    }


def _attempts(record: RequestRecord) -> list[dict[str, Any]]:
    return [
        {"number": each.number, "status": each.status, "error": each.error, "waited": each.waited}
        for each in record.attempts
    ]


def _body(body: bytes | None) -> Any:
    if body is None:
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
    try:
        return loads(text)
    except ValueError:  # cut, or never JSON
        return text


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _harmless(value: Any) -> Any:
    """Text that a spreadsheet shows and does not run."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
