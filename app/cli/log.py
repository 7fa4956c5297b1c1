"""``understudy log``: what was asked and answered, from the ledger on disk, and what may be done with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import log_filter
from app.cli.console import say, say_error, say_json
from app.cli.log_export import export, wipe
from app.cli.log_rerun import rerun
from app.cli.log_show import show

if TYPE_CHECKING:
    from proxy_core.ledger.reading import Ledger
    from proxy_core.ledger.rows import Filter, RequestRow

_POLL = 0.3
"""Seconds between two looks at what is new."""

_PACKING = 5.0
"""Seconds that it takes at most to write the bodies whose turn has come."""

_MOST_RUNNING = 1_000
"""Requests under way that are waited for; the ledger ends those of a process that died."""

commands = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
commands.command()(show)
commands.command()(export)
commands.command()(wipe)
commands.command()(rerun)


@commands.callback(invoke_without_command=True)
@log_filter.choosing
def log(
    context: typer.Context,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, oldest first.")] = False,
    number: Annotated[
        int, typer.Option("--number", "-n", metavar="N", min=0, max=2**31, help="How many of the past.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For a script: one JSON object a line.")] = False,
    wanted: Filter,
) -> None:
    """The last requests, newest first: role, model, status, tokens, times, cost, and why this model."""
    if context.invoked_subcommand is not None:
        _refuse_misplaced(context, context.invoked_subcommand)
        return
    from app.cli.open_ledger import open_ledger

    ledger = open_ledger()
    try:
        last = newest(ledger)
        running = _running(ledger, last) if follow else ()
        past = ledger.page(wanted, before=last + 1, limit=number) if number else ()
        write = _writer(as_json)
        if follow:
            over = {row.record.id: row for row in reversed(past) if not _runs(row)}
            write(tuple(over.values()))
            for row in coming(ledger, wanted, last, tuple(id_ for id_ in running if id_ not in over)):
                write([row])
        elif past:
            write(past)
        else:
            say_error("No request is like that." if ledger.count() else "No request has been made yet.")
    finally:
        ledger.close()


def _refuse_misplaced(context: typer.Context, command: str) -> None:
    """Options before a command of ours would choose nothing: whoever wrote them is not to take all for a few."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name) if parameter.name else None
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"it belongs behind {command}", param_hint=parameter.opts[0])


def coming(
    ledger: Ledger,
    wanted: Filter,
    last: int,
    running: tuple[str, ...] = (),
    wait: Callable[[], None] = lambda: time.sleep(_POLL),
) -> Iterator[RequestRow]:
    """Each request once it is over, in the order in which they end: of those after the row ``last``, and ``running``.

    What a request is like is known when it is over: only then it is held against the filter.
    """
    pending = dict.fromkeys(running)
    while True:
        begun = ledger.after(last)
        if begun:
            last = begun[-1].number
        elif newest(ledger) < last:  # wiped, or another file
            last = 0
        pending |= dict.fromkeys(row.record.id for row in begun)
        for id_ in tuple(pending):
            row = ledger.row(id_)
            if row is not None and _runs(row):
                continue
            if row is not None and _matches(ledger, row, wanted):
                yield row
            elif row is not None and wanted.body and _bodies_may_come(row):
                continue
            del pending[id_]
        wait()


def _running(ledger: Ledger, last: int) -> tuple[str, ...]:
    """The ids of all that run, whatever is asked for: nobody knows yet what becomes of them."""
    from proxy_core.ledger.rows import Filter, State

    rows = ledger.page(Filter(states=frozenset({State.RUNNING})), before=last + 1, limit=_MOST_RUNNING)
    return tuple(row.record.id for row in reversed(rows))


def newest(ledger: Ledger) -> int:
    """The number of the row that began last; 0 where there is none."""
    found = ledger.page(limit=1)
    return found[0].number if found else 0


def _matches(ledger: Ledger, row: RequestRow, wanted: Filter) -> bool:
    """The ledger says so itself; only requests as young as this one are looked at."""
    since = max(row.record.began, wanted.since or 0.0)
    found = ledger.page(replace(wanted, since=since), before=row.number + 1, limit=1)
    return bool(found) and found[0].number == row.number


def _bodies_may_come(row: RequestRow) -> bool:
    """Rows are written at once, bodies when there is time for them."""
    from proxy_core.ledger.writer import LATEST

    return row.record.ended is not None and time.time() < row.record.ended + LATEST + _PACKING


def _runs(row: RequestRow) -> bool:
    return row.record.ended is None


def _writer(as_json: bool) -> Callable[[Sequence[RequestRow]], None]:
    """What writes some requests: JSON, columns on a terminal, or all there is with tabs between."""
    from rich.console import Console

    from app.cli.log_lines import Columns, as_object, line_of, plain

    console = Console()
    columns = Columns(console)

    def write(rows: Sequence[RequestRow]) -> None:
        if as_json:
            for row in rows:
                say_json(as_object(row))
        elif console.is_terminal:
            columns.write([line_of(row) for row in rows])
        else:
            for line in plain(map(line_of, rows)):
                say(line)

    return write
