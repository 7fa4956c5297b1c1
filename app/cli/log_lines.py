"""Requests as lines: on a terminal in columns with colours, in a pipe every word of them, for a script as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from app.cli.console import shortened
from app.cli.money import cost_of_row
from app.cli.terminal_escape import escape_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from proxy_core.ledger.request_events import RequestRecord
    from proxy_core.ledger.rows import RequestRow


@dataclass(frozen=True, slots=True)
class _Column:
    """``least`` is its width to begin with, so that lines that come one by one stand below each other."""

    name: str
    least: int
    is_number: bool = False


_COLUMNS: Final = (
    _Column("TIME", 8),
    _Column("ID", 8),
    _Column("ROLE", 8),
    _Column("MODEL", 24),
    _Column("STATUS", 10),
    _Column("IN", 7, is_number=True),
    _Column("CACHED", 7, is_number=True),
    _Column("OUT", 6, is_number=True),
    _Column("FIRST", 6, is_number=True),
    _Column("ALL", 6, is_number=True),
    _Column("COST", 8, is_number=True),
    _Column("WHY", 30),
)
_PLACES: Final = {column.name: place for place, column in enumerate(_COLUMNS)}
_MODEL, _STATUS, _WHY = _PLACES["MODEL"], _PLACES["STATUS"], _PLACES["WHY"]

_SHORTEST_MODEL: Final = 20
"""Columns that a model's name has at the least while there is anything else to do without."""

_GIVEN_UP: Final = ("WHY", "CACHED", "FIRST", "ALL", "ROLE", "IN", "OUT", "TIME")
"""What a narrow terminal does without, in this order."""

_GAP: Final = 2

_INDENT: Final = 10
"""Columns before what went wrong, which stands below its request."""

_STATES: Final = {"done": "green", "failed": "red", "cancelled": "yellow", "running": "cyan"}

_ID: Final = 8
"""Characters of an id that are shown: enough to name a request by."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One request's cells, how its state is coloured, and what went wrong with it."""

    cells: tuple[str, ...]
    style: str
    error: str


def line_of(row: RequestRow) -> LogLine:
    """A request on one line."""
    record = row.record
    usage = record.usage
    state = record.state.value
    target = "/".join(part for part in (record.provider, record.model) if part)
    cells = (
        when(record.began, time.time()),
        short(record.id),
        record.role.upper() or "-",
        target or record.asked_for or record.path,
        f"{state} {record.status}" if state == "failed" and record.status else state,
        f"{usage.whole_input:,}" if usage else "",
        f"{usage.cache_read:,}" if usage and usage.cache_read else "",
        f"{usage.output:,}" if usage else "",
        seconds(record.time_to_first_token),
        seconds(record.duration),
        "" if state == "running" else cost_of_row(row),
        record.why,
    )
    return LogLine(tuple(escape_line(cell) for cell in cells), _STATES[state], escape_line(record.error))


def when(at: float, now: float) -> str:
    """The time of a day that is today, else the day as well."""
    moment, today = time.localtime(at), time.localtime(now)
    return time.strftime("%H:%M:%S" if moment[:3] == today[:3] else "%b %d %H:%M", moment)


def short(id_: str) -> str:
    """The beginning of an id, by which a command finds the request."""
    return id_.removeprefix("req_")[:_ID]


def seconds(value: float | None) -> str:
    """``0.52 s``, ``3m 20s``."""
    if value is None:
        return ""
    return f"{value:.2f}s" if value < 100 else f"{int(value // 60)}m{int(value % 60):02d}s"


class Columns:
    """Writes lines below each other on a terminal; which columns there are is settled by the first of them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._widths = [column.least for column in _COLUMNS]
        self._there: list[int] = []

    def write(self, lines: Sequence[LogLine]) -> None:
        """Write them, the first ones below a head. What has no room is left out, but never why a request failed."""
        from rich.text import Text

        for line in lines:
            widths = [max(width, len(cell)) for width, cell in zip(self._widths, line.cells, strict=True)]
            self._widths = [*widths[:_WHY], self._widths[_WHY]]
        if not self._there:
            self._there = self._columns_there()
            self._write([column.name for column in _COLUMNS], dict.fromkeys(self._there, "bold"))
        for line in lines:
            self._write(line.cells, {_STATUS: line.style, _WHY: "dim"})
            error = Text(line.error, line.style)
            for part in error.wrap(self._console, max(20, self._console.width - _INDENT)) if error else ():
                part.rstrip()
                self._print(Text(" " * _INDENT).append_text(part))

    def _columns_there(self) -> list[int]:
        there = list(range(len(_COLUMNS)))
        for name in _GIVEN_UP:
            if self._room_for_model(there) >= min(self._widths[_MODEL], _SHORTEST_MODEL):
                break
            there.remove(_PLACES[name])
        return there

    def _room_for_model(self, there: Sequence[int]) -> int:
        return self._console.width - sum(self._widths[each] + _GAP for each in there if each != _MODEL)

    def _write(self, cells: Sequence[str], styles: Mapping[int, str]) -> None:
        from rich.text import Text

        text = Text()
        for column in self._there:
            width = self._widths[column]
            if column == _MODEL:
                width = max(1, min(width, self._room_for_model(self._there)))
            placed = cells[column] if column == _WHY else shortened(cells[column], width)
            text.append(placed.rjust(width) if _COLUMNS[column].is_number else placed.ljust(width), styles.get(column))
            text.append(" " * _GAP)
        text.rstrip()
        self._print(text)

    def _print(self, text: Text) -> None:
        text.truncate(self._console.width, overflow="ellipsis")
        self._console.print(text, no_wrap=True, highlight=False)


def plain(lines: Iterable[LogLine]) -> list[str]:
    """For a pipe: the cells with tabs between them, which no cell holds; nothing is cut. An error replaces why."""
    return ["\t".join((*line.cells[:_WHY], line.error or line.cells[_WHY])) for line in lines]


def as_object(row: RequestRow) -> dict[str, Any]:
    """For a script: the story's fields, times in Unix seconds, and the row's.

    ``cost`` is what it cost in USD, null where that is not known; ``provider_cost`` what the provider said;
    ``billing`` one of priced, unpriced, not billed and subscription, null while it runs.
    """
    record = row.record
    return {
        "number": row.number,
        **asdict(record),
        "time_to_first_token": record.time_to_first_token,
        "duration": record.duration,
        "cost": row.cost,
        "estimated": row.estimated,
        "billing": row.billing,
        "provider_cost": record.cost,
        "bodies": sorted(part.value for part in row.bodies),
    }


def told(record: RequestRecord) -> Iterator[str]:
    """A request in a few lines, for who has just seen it: what happened, then why and what went wrong, indented."""
    clock = time.strftime("%H:%M:%S", time.localtime(record.began))
    target = "/".join(part for part in (record.provider, record.model) if part)
    usage = record.usage
    cached = f" ({usage.cache_read} cached)" if usage and usage.cache_read else ""
    tokens = f"{usage.whole_input}{cached} → {usage.output} tokens" if usage else ""
    times = ", ".join(
        f"{name} {value:.2f} s"
        for name, value in (("first", record.time_to_first_token), ("all", record.duration))
        if value is not None
    )
    state = f"{record.state} {record.status}" if record.status else str(record.state)
    who = f"{record.role.upper() or '-':8}{target or record.asked_for}"
    yield escape_line("  ".join(part for part in (clock, who, state, tokens, times) if part))
    tries = (f"try {attempt.number}: {attempt.error}" for attempt in record.attempts if attempt.error)
    notes = (f"note: {warning}" for warning in record.warnings)
    for line in (record.why, *tries, record.error, *notes):
        if line:
            yield f"          {escape_line(line)}"
