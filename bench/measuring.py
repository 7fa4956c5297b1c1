"""One run: every program in every situation, in turns and in rounds, as undisturbed as the machine allows."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import orjson

from bench.figures import FIGURES, SITUATIONS, WARM_UP, Situation
from bench.load.client import PATIENCE, Load, Seen
from bench.load.meter import busy, memory
from bench.peers import ROOT
from bench.programs import Program
from bench.running import DidNotAnswer, Running, running, start_upstream, stop

DISTURBED: Final = 0.15
"""Processors used by other work, above which a measurement is repeated."""

_SETTLED: Final = 0.5
"""Seconds after the first answer until a program's idle memory is measured."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement: ``seen`` in a situation. ``load`` is the machine's load average of one minute."""

    program: str
    situation: str
    round: int
    load: float
    seen: Seen

    @property
    def is_disturbed(self) -> bool:
        """Return whether other work used more than :data:`DISTURBED` of a processor meanwhile."""
        return self.seen.foreign > DISTURBED * self.seen.seconds


@dataclass(slots=True)
class Run:
    """All measurements. ``values`` and ``disturbed`` hold, by program and figure, one value per round."""

    measured: list[Measured] = field(default_factory=list)
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    disturbed: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    def add(self, program: Program, key: str, value: float, *, disturbed: bool = False) -> None:
        """Add one value of one figure."""
        place = self.disturbed if disturbed else self.values
        place.setdefault(program.name, {}).setdefault(key, []).append(value)

    def counted(self) -> dict[str, dict[str, list[float]]]:
        """Return, by program and figure, the undisturbed values, or the disturbed ones if there are no others."""
        names = dict.fromkeys([*self.values, *self.disturbed])
        return {name: {**self.disturbed.get(name, {}), **self.values.get(name, {})} for name in names}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: ``seconds`` for the longest situation, ``rounds`` of all.

    ``tries`` is how often a disturbed measurement is made, ``patience`` how many seconds to wait for other work before
    each: an overloaded program also keeps working for some time.
    """

    programs: Sequence[Program]
    folder: Path
    seconds: float
    rounds: int
    situations: Sequence[Situation] = SITUATIONS
    tries: int = 3
    patience: float = 10.0


def measure(plan: Plan, say: Callable[[str], None]) -> Run:
    """Run the plan. A program that fails is left out from then on, and listed in ``troubles``."""
    run = Run()
    upstream, port = start_upstream(plan.folder)
    try:
        with contextlib.ExitStack() as programs:
            started: list[Running] = []
            for program in plan.programs:
                say(f"starting {program.name}")
                try:
                    one = programs.enter_context(running(program, plan.folder / program.name, port))
                except DidNotAnswer as trouble:
                    run.troubles.append(str(trouble))
                    continue
                started.append(one)
                if not _warmed_up(one, upstream.pid, plan, run):
                    started.remove(one)
            for number in range(plan.rounds):
                _round(number, started, upstream.pid, plan, run, say)
        _starts(plan, [one.program for one in started], port, run, say)
    finally:
        stop(upstream)
    return run


def _round(
    number: int, started: list[Running], upstream: int, plan: Plan, run: Run, say: Callable[[str], None]
) -> None:
    for situation in plan.situations:
        for one in list(started):
            say(f"round {number + 1} of {plan.rounds}, {situation.name}: {one.program.name}")
            measured = _undisturbed(one, situation, upstream, plan, number)
            run.measured.append(measured)
            if measured.seen.fault:
                run.troubles.append(f"{one.program.name}, {situation.name}: {measured.seen.fault}")
                started.remove(one)
                continue
            for figure in FIGURES:
                if figure.situation is situation:
                    run.add(one.program, figure.key, figure.read(measured.seen), disturbed=measured.is_disturbed)
            if one.pid:
                run.add(one.program, "peak", memory(one.pid))


def _undisturbed(one: Running, situation: Situation, upstream: int, plan: Plan, number: int) -> Measured:
    """Return the first undisturbed measurement, or the least disturbed one."""
    tries: list[Measured] = []
    for _ in range(plan.tries):
        _wait_for_quiet(plan.patience)
        seen = ask(situation.load(one, upstream, plan.seconds))
        tries.append(Measured(one.program.name, situation.name, number, os.getloadavg()[0], seen))
        if seen.fault or not tries[-1].is_disturbed:
            return tries[-1]
    return min(tries, key=lambda measured: measured.seen.foreign)


def ask(load: Load) -> Seen:
    """Return what a client in a process of its own measures under ``load``."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load.client"],
        cwd=ROOT,
        input=orjson.dumps(load),
        stdout=subprocess.PIPE,
        timeout=4 * PATIENCE + load.warm + load.seconds,
        check=True,
    )
    return Seen(**orjson.loads(done.stdout))


def _warmed_up(one: Running, upstream: int, plan: Plan, run: Run) -> bool:
    for situation in WARM_UP:
        seen = ask(situation.load(one, upstream, min(plan.seconds, 2.0)))
        if seen.fault:
            run.troubles.append(f"{one.program.name}, {situation.name}: {seen.fault}")
            return False
    return True


def _starts(plan: Plan, started: list[Program], port: int, run: Run, say: Callable[[str], None]) -> None:
    """Measure start-up and idle memory, now that each program has been started once and its files are cached."""
    for number in range(plan.rounds):
        for program in started:
            if program.start is None:
                continue
            say(f"round {number + 1} of {plan.rounds}, start: {program.name}")
            _wait_for_quiet(plan.patience)
            with running(program, plan.folder / f"{program.name} again", port) as one:
                run.add(program, "startup", one.seconds)
                time.sleep(_SETTLED)
                run.add(program, "idle", memory(one.pid))


def _wait_for_quiet(patience: float) -> None:
    """Wait until the processors are nearly idle, or ``patience`` seconds have passed."""
    for used in _used(patience):
        if used < DISTURBED:
            return


def _used(seconds: float) -> Iterator[float]:
    """Yield processors in use, several times per second, for that many seconds."""
    until = time.monotonic() + seconds
    while (now := time.monotonic()) < until:
        before = busy()
        time.sleep(0.2)
        yield (busy() - before) / (time.monotonic() - now)


def as_json(run: Run) -> bytes:
    """Return all measurements as JSON."""
    fields = {"values": run.counted(), "troubles": run.troubles, "measured": [asdict(one) for one in run.measured]}
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2)
