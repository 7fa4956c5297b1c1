"""Processor time between two moments: of the measured program, of the two ends of the load, and of other work."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self

import psutil


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of processor time; ``foreign`` is that of other work on the machine."""

    program: float
    upstream: float
    client: float
    foreign: float

    def __sub__(self, earlier: Self) -> Self:
        """Return the time used in between."""
        return type(self)(
            self.program - earlier.program,
            self.upstream - earlier.upstream,
            self.client - earlier.client,
            self.foreign - earlier.foreign,
        )


class Meter:
    """Reads the clocks of a program and its children, of the upstream and of this process. A pid of 0 is no process."""

    def __init__(self, program: int, upstream: int) -> None:
        root = [psutil.Process(program)] if program else []
        self._program = [*root, *(child for process in root for child in process.children(recursive=True))]
        self._upstream = [psutil.Process(upstream)] if upstream else []
        self._own = [psutil.Process(os.getpid())]

    def read(self) -> Used:
        """Return the times since each of them started."""
        program, upstream, client = (_seconds(who) for who in (self._program, self._upstream, self._own))
        return Used(program, upstream, client, busy() - program - upstream - client)


def busy() -> float:
    """Return seconds of processor time used since the machine started, time stolen by its host included."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def memory(program: int) -> float:
    """Return resident megabytes of a program and its children."""
    root = psutil.Process(program)
    return sum(process.memory_info().rss for process in [root, *root.children(recursive=True)]) / 1e6


def _seconds(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            # A child that ended: its time is missing from both readings or from the later one.
            continue
        total += times.user + times.system
    return total
