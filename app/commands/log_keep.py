"""``understudy log export`` and ``log wipe``: the ledger taken elsewhere, and the ledger emptied."""

from __future__ import annotations

import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from app.commands import log_filter
from app.commands.saying import counted, remark, say

if TYPE_CHECKING:
    from proxy_core.ledger.rows import Filter


@log_filter.choosing
def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="- for standard output.")] = "-",
    *,
    csv: Annotated[
        bool, typer.Option("--csv", help="A table; the default, but for a FILE that ends in .json.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
    bodies: Annotated[bool, typer.Option("--bodies", help="With the bodies that are kept; only as JSON.")] = False,
    wanted: Filter,
) -> None:
    """Write the requests to a file that only you may read, newest first."""
    from app.commands.own_ledger import opened
    from proxy_core.errors import ConfigError
    from proxy_core.ledger.export import write_csv, write_json

    if csv and (as_json or bodies):
        raise typer.BadParameter("a table has no room for that: leave --csv out", param_hint="--csv")
    json = as_json or bodies or (file.lower().endswith(".json") and not csv)
    ledger = opened()
    try:
        with _out(file) as out:
            rows = ledger.every(wanted)
            count = write_json(rows, out, ledger.body if bodies else None) if json else write_csv(rows, out)
    except BrokenPipeError:  # whoever reads it has enough
        return
    except OSError as fault:
        raise ConfigError(f"{file} cannot be written: {fault.strerror or fault}.") from fault
    finally:
        ledger.close()
    if file != "-":
        remark(f"{counted(count, 'request')} {'was' if count == 1 else 'were'} written to {file}.")


def wipe(
    bodies: Annotated[
        bool, typer.Option("--bodies", help="Only the bodies: the requests stay, without texts.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Without asking.")] = False,
) -> None:
    """Empty the ledger, or only the bodies in it. What is wiped cannot be brought back."""
    from proxy_core.config import paths
    from proxy_core.ledger import ledger_file, retention

    file = paths.find(os.environ).ledger_file
    aside = ledger_file.those_aside(file)
    what = _what_there_is(bodies=bodies)
    if not what and not aside:
        remark("There is nothing in the ledger.")
        return
    what = " and ".join(part for part in (what, "what was set aside of a damaged ledger" if aside else "") if part)
    if not yes and not typer.confirm(f"Wipe {what}?", err=True):
        raise typer.Exit(1)
    retention.wipe(file, time.time(), rows=not bodies)
    say(f"Wiped: {what}.")


def _what_there_is(*, bodies: bool) -> str:
    """What a wipe takes, for a person; empty where there is nothing."""
    from app.commands.own_ledger import opened
    from proxy_core.ledger.reading import LedgerUnreadable

    ledger = opened()
    try:
        requests = ledger.count()
    except LedgerUnreadable:
        return "the damaged ledger, as a whole"
    finally:
        ledger.close()
    if not requests:
        return ""
    told = counted(requests, "request")
    return f"the bodies of {told}" if bodies else f"{told} with their bodies and their costs"


def _out(file: str) -> AbstractContextManager[TextIO]:
    from proxy_core.ledger.export import to_file

    if file != "-":
        return to_file(file)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(newline="")  # a table ends its lines itself
    return nullcontext(sys.stdout)
