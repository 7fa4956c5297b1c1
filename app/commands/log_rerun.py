"""``understudy log rerun``: a request that was kept, sent once more to another model; both answers side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.harmless import on_a_line
from app.commands.saying import remark, say_json

if TYPE_CHECKING:
    from rich.console import Console

    from app.rerun.again import Comparison, Side

_SIDE_BY_SIDE = 100
"""Columns of a terminal from which on two answers stand beside each other."""


def rerun(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `understudy log` shows it: its beginning is enough.")],
    model: Annotated[str, typer.Option("--model", metavar="PROVIDER/NAME", help="Who is to answer it.")],
    as_json: Annotated[bool, typer.Option("--json", help="For a script.")] = False,
) -> None:
    """Ask another model the same: both answers, tokens, cost and time. This is a real request and is paid for."""
    from rich.console import Console

    from app.commands.ground import stand
    from app.commands.own_ledger import opened
    from app.rerun.again import find, run_again
    from proxy_core.runtime.keeping import keep

    ledger = opened()
    ground = stand(os.environ, Path.cwd(), report=remark)
    ground.keys.use_token_of_this_run()  # it is not served: nobody else needs one
    keeping = keep(ground.proxy, ground.paths.ledger_file, remark)
    try:
        compared = run_again(ground.proxy, ledger, find(ledger, id_), model, keeping)
    finally:
        keeping.close()
        ledger.close()
    if as_json:
        say_json(as_object(compared))
    else:
        _tell(compared, Console())
    for note in compared.notes:
        remark(note)
    if compared.after.story.error:
        raise typer.Exit(1)


def as_object(compared: Comparison) -> dict[str, Any]:
    """For a script."""
    return {
        "before": _side_object(compared.before),
        "after": _side_object(compared.after),
        "notes": list(compared.notes),
    }


def _side_object(side: Side) -> dict[str, Any]:
    story = side.story
    return {
        "id": story.id,
        "target": f"{story.provider}/{story.model}",
        "state": story.state,
        "status": story.status,
        "error": story.error,
        "usage": asdict(story.usage) if story.usage else None,
        "cost": side.cost.usd if side.cost else None,
        "estimated": side.cost.estimated if side.cost else None,
        "time_to_first_token": story.time_to_first_token,
        "duration": story.duration,
        "answer": asdict(side.answer) if side.answer else None,
    }


def _tell(compared: Comparison, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from app.commands.log_show import tell

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


def _lines(side: Side, when: str) -> Iterator[str]:
    """One of the two for a person."""
    from app.commands.log_lines import seconds
    from app.commands.log_show import told_answer
    from app.commands.money import dollars

    story, usage = side.story, side.story.usage
    yield f"{when}: {on_a_line(story.provider)}/{on_a_line(story.model)}"
    tokens = f"{usage.whole_input:,} → {usage.output:,} tokens" if usage else "tokens not told"
    yield f"{story.state.value} {story.status}  {tokens}  {dollars(side.cost.usd if side.cost else None)}"
    yield f"first token {seconds(story.time_to_first_token) or '-'}, whole {seconds(story.duration) or '-'}"
    if side.answer is None:
        yield "\nThe answer is not kept (any more)."
    else:
        yield from told_answer(side.answer)
