"""``understudy log rerun``: a request that was kept, sent once more to another model; both answers side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.console import say_error, say_json
from app.cli.terminal_escape import escape_line

if TYPE_CHECKING:
    from rich.console import Console

    from app.services.replay.replay import Comparison, ReplayResult

_SIDE_BY_SIDE = 100
"""Columns of a terminal from which on two answers stand beside each other."""


def rerun(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `understudy log` shows it: its beginning is enough.")],
    model: Annotated[str, typer.Option("--model", metavar="PROVIDER/NAME", help="Who is to answer it.")],
    as_json: Annotated[bool, typer.Option("--json", help="For a script.")] = False,
) -> None:
    """Ask another model the same: both answers, tokens, cost and time. This is a real request and is paid for."""
    from rich.console import Console

    from app.cli.cli_context import load
    from app.cli.open_ledger import open_ledger
    from app.services.replay.replay import find, replay_request
    from proxy_core.server.ledger_factory import keep

    ledger = open_ledger()
    context = load(os.environ, Path.cwd(), report=say_error)
    context.keys.use_token_of_this_run()  # it is not served: nobody else needs one
    keeping = keep(context.proxy, context.paths.ledger_file, say_error)
    try:
        compared = replay_request(context.proxy, ledger, find(ledger, id_), model, keeping)
    finally:
        keeping.close()
        ledger.close()
    if as_json:
        say_json(as_object(compared))
    else:
        _tell(compared, Console())
    for note in compared.notes:
        say_error(note)
    if compared.after.record.error:
        raise typer.Exit(1)


def as_object(compared: Comparison) -> dict[str, Any]:
    """For a script."""
    return {
        "before": _side_object(compared.before),
        "after": _side_object(compared.after),
        "notes": list(compared.notes),
    }


def _side_object(side: ReplayResult) -> dict[str, Any]:
    record = side.record
    return {
        "id": record.id,
        "target": f"{record.provider}/{record.model}",
        "state": record.state,
        "status": record.status,
        "error": record.error,
        "usage": asdict(record.usage) if record.usage else None,
        "cost": side.cost.usd if side.cost else None,
        "estimated": side.cost.estimated if side.cost else None,
        "time_to_first_token": record.time_to_first_token,
        "duration": record.duration,
        "answer": asdict(side.answer) if side.answer else None,
    }


def _tell(compared: Comparison, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from app.cli.log_show import tell

    sides = [_lines(compared.before, "Before"), _lines(compared.after, "Now")]
    if not console.is_terminal or console.width < _SIDE_BY_SIDE:
        for lines in sides:
            tell([*lines, ""])
        return
    grid = Table.grid(padding=(0, 3), expand=True)
    for _ in sides:
        grid.add_column(ratio=1, overflow="fold")
    grid.add_row(*(Text("\n".join(lines)) for lines in sides))
    console.print(grid, highlight=False)


def _lines(side: ReplayResult, when: str) -> Iterator[str]:
    """One of the two for a person."""
    from app.cli.log_lines import seconds
    from app.cli.log_show import told_answer
    from app.cli.money import dollars

    record, usage = side.record, side.record.usage
    yield f"{when}: {escape_line(record.provider)}/{escape_line(record.model)}"
    tokens = f"{usage.whole_input:,} → {usage.output:,} tokens" if usage else "tokens not told"
    yield f"{record.state.value} {record.status}  {tokens}  {dollars(side.cost.usd if side.cost else None)}"
    yield f"first token {seconds(record.time_to_first_token) or '-'}, whole {seconds(record.duration) or '-'}"
    if side.answer is None:
        yield "\nThe answer is not kept (any more)."
    else:
        yield from told_answer(side.answer)
