"""The measurements as a table of medians, and the limits that hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.figures import FIGURES, Figure
from bench.measuring import Run
from bench.programs import (
    BARE_RELAY,
    DIRECT,
    LITELLM,
    RELAY,
    SHARP_RELAY,
    SHARP_TRANSLATOR,
    STRAIGHT,
    TRANSLATOR,
    Program,
)

Medians = Mapping[str, Mapping[str, float]]
"""By program and figure; delays without those of the direct connection."""


@dataclass(frozen=True, slots=True)
class Limit:
    """``program``'s figure ``key`` is at most ``at_most`` (or at least ``at_least``) times that of ``beside``.

    Without ``beside`` the limit is the number itself.
    """

    sentence: str
    program: str
    key: str
    beside: str = ""
    at_most: float | None = None
    at_least: float | None = None

    def value(self, medians: Medians, beside: str | None = None) -> float | None:
        """Return the ratio or number; None if something was not measured. ``beside`` replaces the baseline."""
        beside = self.beside if beside is None else beside
        own = medians.get(self.program, {}).get(self.key)
        other = medians.get(beside, {}).get(self.key) if beside else 1.0
        return own / other if own is not None and other else None

    def holds(self, value: float) -> bool:
        """Return whether ``value`` is within the limit."""
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)


LIMITS: Final = (
    Limit("CPU per chunk of the translating floor's", DIRECT, "cpu", TRANSLATOR, at_most=1.35),
    Limit("CPU per chunk of LiteLLM's proxy's", DIRECT, "cpu", LITELLM, at_most=1 / 7),
    Limit("p99 added delay in µs, 64 at 50/s", DIRECT, "p99", at_most=1500),
    Limit("TTFT of 110 kB, of the translating floor's", DIRECT, "first_large", TRANSLATOR, at_most=1.8),
    Limit("burst, of the translating floor's", DIRECT, "burst", TRANSLATOR, at_least=0.5),
    Limit("not streamed at 16, of the translating floor's", DIRECT, "whole", TRANSLATOR, at_least=0.5),
    Limit("relay: CPU per chunk of the bare relay's", RELAY, "cpu", BARE_RELAY, at_most=1.3),
    Limit("relay: TTFT of 110 kB, of the bare relay's", RELAY, "first_large", BARE_RELAY, at_most=1.3),
    Limit("relay: burst, of the bare relay's", RELAY, "burst", BARE_RELAY, at_least=1 / 1.3),
    Limit("relay: not streamed at 16, of the bare relay's", RELAY, "whole", BARE_RELAY, at_least=1 / 1.3),
)


SHARPER: Final = {TRANSLATOR: SHARP_TRANSLATOR, BARE_RELAY: SHARP_RELAY}
"""By baseline, the same on uvloop and httptools: no limit is set by it, but it is shown."""


def medians_of(run: Run) -> dict[str, dict[str, float]]:
    """Return the medians of the rounds; for peak memory the maximum."""
    found = {
        program: {key: max(values) if key == "peak" else median(values) for key, values in figures.items()}
        for program, figures in run.counted().items()
    }
    straight = dict(found.get(STRAIGHT, {}))
    for program, figures in found.items():
        if program == STRAIGHT:
            continue
        for figure in FIGURES:
            if figure.delay and figure.key in figures:
                figures[figure.key] -= straight.get("p50" if figure.key == "p99" else figure.key, 0.0)
    return found


def table(programs: Sequence[Program], medians: Medians, *, markdown: bool) -> str:
    """Return one row per program; the row of the direct connection shows what was subtracted from the others."""
    grid = [["program", *(figure.title for figure in FIGURES)]]
    for program in programs:
        name = f"{program.name} {program.version}".strip()
        if program.absent:
            grid.append([name, program.absent, *[""] * (len(FIGURES) - 1)])
        elif found := medians.get(program.name):
            grid.append([name, *(_cell(figure, found) for figure in FIGURES)])
    return _drawn(grid, markdown=markdown)


def verdicts(medians: Medians, *, markdown: bool) -> str:
    """Return each limit, the measured value, whether it holds, and the ratio to the sharper baseline."""
    grid = [["limit", "measured", "wanted", "holds", "on uvloop + httptools"]]
    for limit in LIMITS:
        value, sharper = limit.value(medians), SHARPER.get(limit.beside)
        sharp = limit.value(medians, sharper) if sharper else None
        bound = f"≤ {limit.at_most:.4g}" if limit.at_most is not None else f"≥ {limit.at_least:.4g}"
        said = "not measured" if value is None else ("yes" if limit.holds(value) else "NO")
        grid.append([limit.sentence, _number(value), bound, said, _number(sharp)])
    return _drawn(grid, markdown=markdown)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _cell(figure: Figure, found: Mapping[str, float]) -> str:
    value = found.get(figure.key)
    return f"{value:,.{figure.digits}f}" if value else ""


def _drawn(grid: list[list[str]], *, markdown: bool) -> str:
    widths = [max(len(row[column]) for row in grid) for column in range(len(grid[0]))]
    if markdown:
        lines = [f"| {' | '.join(row)} |" for row in grid]
        return "\n".join([lines[0], "|" + " --- |" * len(widths), *lines[1:]])
    return "\n".join(
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in columns).rstrip()
        for row in grid
        for columns in [list(enumerate(zip(row, widths, strict=True)))]
    )
