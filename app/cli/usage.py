"""``understudy usage``: what was spent, by whom and on what, and how much of the budget that is."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli import log_filter
from app.cli.console import counted, say, say_error, say_json, shortened, table
from app.cli.money import SET_PRICES, cost_of, dollars, priced
from app.cli.terminal_escape import escape_line

if TYPE_CHECKING:
    from rich.console import Console

    from proxy_core.ledger.budget import BudgetState, Period
    from proxy_core.ledger.rows import Grouping, Sum

_BAR: Final = 24
"""Columns of the longest bar on a terminal."""

_SHORTEST_BAR: Final = 8
_SHORTEST_NAME: Final = 16
"""Columns of a bar and of a name below which a narrow terminal loses a figure's column instead."""

_HEAD: Final = ("COST", "REQUESTS", "FAILED", "IN", "CACHED", "OUT", "FIRST", "TOKENS/S", "PRICED")
"""What stands behind a name and its bar."""

_GIVEN_UP: Final = ("TOKENS/S", "FIRST", "CACHED", "FAILED", "OUT", "IN")
"""What a narrow terminal does without, in this order: never what was spent, nor how much of it is known."""

_GAP: Final = 2
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"

_NAMELESS: Final = {
    "model": "(nobody was asked)",
    "project": "(no project)",
    "session": "(no session)",
    "profile": "(active profile)",
}


def usage(
    by: Annotated[str, typer.Option("--by", metavar="WHAT", help="model, project, session, profile or day.")] = "model",
    *,
    since: log_filter.Since = "30d",
    until: log_filter.Until = "",
    model: log_filter.Model = "",
    project: log_filter.Project = "",
    as_json: Annotated[bool, typer.Option("--json", help="For a script.")] = False,
) -> None:
    """What was spent, the most first: cost, requests, tokens, cache, speed; and where the budget stands."""
    from app.cli.cli_context import load
    from app.cli.open_ledger import open_ledger

    grouping = _grouping(by)
    wanted = log_filter.chosen(model=model, project=project, since=since, until=until)
    ledger = open_ledger()
    try:
        sums, total = ledger.sums(grouping, wanted), ledger.total(wanted)
    finally:
        ledger.close()
    context = load(os.environ)
    watch = context.proxy.budget
    watch.read()
    state = watch.state()
    unseen = context.blind_spot() if state.has_limit else None
    if as_json:
        say_json(as_object(grouping, sums, total, state, () if unseen is None else unseen.unpriced))
        return
    if not total.requests:
        say_error(f"No request was made since {_said(wanted.since)}.")
    _tell(grouping, sums, total, state)
    if unseen is not None and unseen.unpriced:
        say_error(f"{unseen.sentence} {SET_PRICES}")


def as_object(
    by: Grouping, sums: Sequence[Sum], total: Sum, state: BudgetState, unpriced: Sequence[str] = ()
) -> dict[str, Any]:
    """For a script; costs in USD of the ``priced`` ones among the requests, times in seconds."""
    return {
        "by": by.value,
        "sums": [_sum_object(each) for each in sums],
        "total": _sum_object(total),
        "budget": {
            "today": asdict(state.today),
            "month": asdict(state.month),
            "daily": state.daily,
            "monthly": state.monthly,
            "at_limit": state.limits.at_limit.value,
            "level": state.level.name.lower(),
            "unpriced_models": list(unpriced),
        },
    }


def _sum_object(found: Sum) -> dict[str, Any]:
    return {
        **asdict(found),
        "cost": found.cost if found.priced or not found.unpriced else None,
        "cache_share": found.cache_share,
    }


def _grouping(word: str) -> Grouping:
    from proxy_core.ledger.rows import Grouping

    try:
        return Grouping(word.lower())
    except ValueError:
        raise typer.BadParameter(f"{word!r}: there are {', '.join(Grouping)}", param_hint="--by") from None


def _tell(by: Grouping, sums: Sequence[Sum], total: Sum, state: BudgetState) -> None:
    """A row for each; on a terminal with a head, a bar, and the budget below; in a pipe nothing but rows."""
    from rich.console import Console

    console = Console()
    rows = [_cells(by, each) for each in sums]
    if not console.is_terminal:
        for row in rows:
            say("\t".join(row))
        return
    if not rows:
        return
    _draw(console, [(by.value.upper(), *_HEAD), *rows], [0.0, *shares(sums)])
    say()
    say(f"{cost_of(total)} for {counted(total.requests, 'request')} ({priced(total)}).")
    for line in ("", *budget_lines(state)):
        say(line)


def _cells(by: Grouping, found: Sum) -> tuple[str, ...]:
    from app.cli.log_lines import seconds
    from proxy_core.catalogue.words import tokens

    share = found.cache_share
    return (
        escape_line(found.key or found.day) or _NAMELESS.get(by.value, "-"),
        cost_of(found),
        f"{found.requests:,}",
        f"{found.failed:,}" if found.failed else "",
        tokens(found.input + found.cache_read + found.cache_write),
        "" if share is None else f"{share:.0%}",
        tokens(found.output),
        seconds(found.first_token),
        "" if found.output_speed is None else f"{found.output_speed:.0f}",
        f"{found.priced:,} of {found.billable:,}" if found.unpriced else "all" if found.priced else "-",
    )


def shares(sums: Sequence[Sum]) -> list[float]:
    """How long each one's bar is, from 0 to 1: by cost, or by tokens where nothing has a price."""
    costs = [each.cost for each in sums]
    sizes = costs if any(costs) else [float(each.input + each.cache_read + each.output) for each in sums]
    most = max(sizes, default=0.0)
    return [size / most if most else 0.0 for size in sizes]


def _draw(console: Console, rows: Sequence[tuple[str, ...]], bars: Sequence[float]) -> None:
    """A name, its bar, and as many of the other columns as there is room for."""
    from rich.text import Text

    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    there = list(range(1, len(widths)))

    def room() -> int:
        return console.width - sum(widths[column] + _GAP for column in there)

    for name in _GIVEN_UP:
        if room() >= min(widths[0], _SHORTEST_NAME) + _GAP + _SHORTEST_BAR:
            break
        there.remove(1 + _HEAD.index(name))
    longest = max(_SHORTEST_BAR, min(_BAR, room() - _GAP - widths[0]))
    widths[0] = max(1, min(widths[0], room() - _GAP - longest))
    for number, (row, share) in enumerate(zip(rows, bars, strict=True)):
        cells = [shortened(row[0], widths[0]).ljust(widths[0]), bar(share, longest)]
        cells += [row[column].rjust(widths[column]) for column in there]
        line = Text((" " * _GAP).join(cells), style="" if number else "bold")
        if number:
            line.stylize("cyan", widths[0] + _GAP, widths[0] + _GAP + longest)
        console.print(line, no_wrap=True, highlight=False, overflow="ellipsis", crop=True)


def bar(share: float, width: int) -> str:
    """A bar of ``width`` columns at most, in eighths of one; whatever is something is seen."""
    eighths = round(share * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def budget_lines(state: BudgetState) -> list[str]:
    """Where the budget stands, each period on a line: what was spent, of what, and what of it is known."""
    from proxy_core.ledger.budget import Period

    follows = {"warn": "you are warned", "downgrade": "SMALL answers", "stop": "requests are refused"}
    rows = [(name, _budget(state, period)) for name, period in (("today", Period.DAY), ("this month", Period.MONTH))]
    lines = table(rows)
    if state.has_limit:
        lines.append(f"  At the limit {follows[state.limits.at_limit.value]}.")
    if state.trouble:
        lines.append(f"  {state.trouble}")
    return lines


def _budget(state: BudgetState, period: Period) -> str:
    spent, limit = state.spent(period), state.limit(period)
    usd = dollars(spent.usd) if spent.priced or not spent.requests else dollars(None)
    known = f"  (priced {spent.priced:,} of {spent.requests:,})" if spent.requests else ""
    if limit <= 0:
        return f"{usd}{known}"
    return f"{usd} of ${limit:,.2f}, {spent.usd / limit:.0%}  {bar(min(1.0, spent.usd / limit), 10)}{known}".rstrip()


def _said(since: float | None) -> str:
    return "ever" if since is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(since))
