"""``understudy log export`` and ``log wipe``: the ledger taken elsewhere, and the ledger emptied."""

from __future__ import annotations

import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from app.cli import log_filter
from app.cli.console import counted, say, say_error
from app.data_size import data_size

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
    from app.cli.open_ledger import open_ledger
    from proxy_core.errors import ConfigError
    from proxy_core.ledger.export import write_csv, write_json

    if csv and (as_json or bodies):
        raise typer.BadParameter("a table has no room for that: leave --csv out", param_hint="--csv")
    json = as_json or bodies or (file.lower().endswith(".json") and not csv)
    ledger = open_ledger()
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
        say_error(f"{counted(count, 'request')} {'was' if count == 1 else 'were'} written to {file}.")


def wipe(
    bodies: Annotated[
        bool, typer.Option("--bodies", help="Only the conversations: the requests stay, without texts.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Don't ask. Needed where there is no terminal to ask in.")
    ] = False,
) -> None:
    """Delete the log, or only the conversations in it. This can't be undone."""
    from proxy_core.config import paths
    from proxy_core.ledger import retention

    what = _what_there_is(bodies=bodies)
    if not what:
        say_error("There are no conversations in the ledger." if bodies else "There is nothing in the ledger.")
        return
    if not yes and not sys.stdin.isatty():
        say_error(f"Nothing was deleted: there is no terminal to ask in. Add --yes to delete {what}.")
        raise typer.Exit(1)
    if not yes and not typer.confirm(f"Delete {what}? This can't be undone.", err=True):
        say_error("Nothing was deleted.")
        raise typer.Exit(1)
    retention.wipe(paths.find(os.environ).ledger_file, time.time(), rows=not bodies)
    say(f"Deleted {what}.")


def _what_there_is(*, bodies: bool) -> str:
    """What a wipe takes, for a person; empty where there is nothing."""
    from app.cli.open_ledger import open_ledger
    from proxy_core.ledger.reading import LedgerUnreadable

    ledger = open_ledger()
    try:
        contents = ledger.contents()
    except LedgerUnreadable:
        return "the damaged ledger, as a whole"
    finally:
        ledger.close()
    parts = []
    if bodies and contents.conversations:
        parts.append(f"{counted(contents.conversations, 'conversation')} ({data_size(contents.conversation_bytes)})")
    elif not bodies and contents.requests:
        parts.append(f"{counted(contents.requests, 'request')} ({data_size(contents.bytes)})")
    if contents.set_aside:
        parts.append("what was set aside of a damaged ledger")
    return " and ".join(parts)


def _out(file: str) -> AbstractContextManager[TextIO]:
    from proxy_core.ledger.export import to_file

    if file != "-":
        return to_file(file)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(newline="")  # a table ends its lines itself
    return nullcontext(sys.stdout)
