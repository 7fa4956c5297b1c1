"""``understudy log export`` and ``log wipe``: the ledger taken elsewhere, and the ledger emptied."""

from __future__ import annotations

import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from app.commands import log_filter
from app.commands.saying import remark, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proxy_core.ledger.reading import Ledger
    from proxy_core.ledger.rows import Filter, Row

_PAGE = 1_000
"""Requests that are read at a time: an export holds no more in memory."""


def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="- for standard output.")] = "-",
    *,
    csv: Annotated[
        bool, typer.Option("--csv", help="A table; the default, but for a FILE that ends in .json.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
    bodies: Annotated[bool, typer.Option("--bodies", help="With the bodies that are kept; only as JSON.")] = False,
    text: log_filter.Text = "",
    body: log_filter.Body = "",
    role: log_filter.Role = "",
    model: log_filter.Model = "",
    status: log_filter.Status = "",
    session: log_filter.Session = "",
    project: log_filter.Project = "",
    since: log_filter.Since = "",
) -> None:
    """Write the requests to a file that only you may read, newest first."""
    from app.commands.own_ledger import opened
    from proxy_core.errors import ConfigError
    from proxy_core.ledger.export import write_csv, write_json

    if csv and (as_json or bodies):
        raise typer.BadParameter("a table has no room for that: leave --csv out", param_hint="--csv")
    wanted = log_filter.chosen(
        text=text, body=body, role=role, model=model, status=status, session=session, project=project, since=since
    )
    json = as_json or bodies or (file.lower().endswith(".json") and not csv)
    ledger = opened()
    try:
        with _out(file) as out:
            rows = every(ledger, wanted)
            count = write_json(rows, out, ledger.body if bodies else None) if json else write_csv(rows, out)
    except BrokenPipeError:  # whoever reads it has enough
        return
    except OSError as fault:
        raise ConfigError(f"{file} cannot be written: {fault.strerror or fault}.") from fault
    finally:
        ledger.close()
    if file != "-":
        remark(f"{count:,} requests were written to {file}.")


def every(ledger: Ledger, wanted: Filter) -> Iterator[Row]:
    """All such requests, newest first, a page at a time."""
    before: int | None = None
    while page := ledger.page(wanted, before=before, limit=_PAGE):
        yield from page
        before = page[-1].number


def wipe(
    bodies: Annotated[
        bool, typer.Option("--bodies", help="Only the bodies: the requests stay, without texts.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Without asking.")] = False,
) -> None:
    """Empty the ledger, or only the bodies in it. What is wiped cannot be brought back."""
    from app.commands.own_ledger import opened
    from proxy_core.config import paths
    from proxy_core.ledger import retention

    ledger = opened()
    count = ledger.count()
    ledger.close()
    if not count:
        remark("There is nothing in the ledger.")
        return
    what = f"the bodies of {count:,} requests" if bodies else f"{count:,} requests with their bodies, and their costs"
    if not yes and not typer.confirm(f"Wipe {what}?", err=True):
        raise typer.Exit(1)
    retention.wipe(paths.find(os.environ).ledger_file, time.time(), rows=not bodies)
    say(f"Wiped: {what}.")


def _out(file: str) -> AbstractContextManager[TextIO]:
    if file == "-":
        return nullcontext(sys.stdout)
    return open(file, "w", encoding="utf-8", newline="", opener=_for_the_owner)


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
