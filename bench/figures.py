"""The figures of a program, and how each is computed from what the client measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.load.client import Load, Seen
from bench.load.wanted import Kind, Wanted
from bench.programs import headers_of
from bench.prompts import HEADERS, large, small
from bench.running import Running

STREAMS: Final = 64
PER_SECOND: Final = 50
AT_ONCE: Final = 16
_ONE_PER_SECOND: Final = 100
_BURST: Final = 10_000
_WORDS: Final = 60
"""Connections, chunks per second and stream, concurrent whole answers; chunks per second of the one stream; chunks of a
burst; chunks of a whole answer. The table of measurements that the limits come from has these
(``docs/decisions/018-which-floor.md``)."""

_MARGIN: Final = 1.5
"""Seconds that paced answers outlast the measurement. They end by themselves: a floor does not see a client leave."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A way of keeping a program busy.

    ``chunks`` is the length of an answer; 0: as long as the measurement. ``share`` is the part of the chosen seconds
    that it is measured for.
    """

    name: str
    kind: Kind
    chunks: int = 0
    per_second: int = 0
    connections: int = 1
    large: bool = False
    share: float = 0.5

    def load(self, running: Running, upstream: int, seconds: float) -> Load:
        """Return the load for the client. ``upstream`` is its process."""
        program = running.program
        warm, seconds = min(1.0, seconds / 4), seconds * self.share
        chunks = self.chunks or round(self.per_second * (warm + seconds + _MARGIN))
        wanted = Wanted(self.kind, chunks, self.per_second)
        return Load(
            port=running.port,
            path="/v1/messages",
            headers={**HEADERS, **headers_of(program)},
            body=(large if self.large else small)(wanted, program.model),
            connections=self.connections,
            again=self.kind is not Kind.PACED,
            chunks=1 if self.kind is Kind.WHOLE else chunks,
            warm=warm,
            seconds=seconds,
            program=running.pid,
            upstream=upstream,
        )


PACED: Final = Situation("paced", Kind.PACED, per_second=PER_SECOND, connections=STREAMS, share=1)
ONE: Final = Situation("one", Kind.PACED, per_second=_ONE_PER_SECOND)
BURST: Final = Situation("burst", Kind.BURST, chunks=_BURST)
FIRST_SMALL: Final = Situation("first small", Kind.BURST, chunks=1)
FIRST_LARGE: Final = Situation("first large", Kind.BURST, chunks=1, large=True)
WHOLE: Final = Situation("whole", Kind.WHOLE, chunks=_WORDS, connections=AT_ONCE)

SITUATIONS: Final = (FIRST_SMALL, FIRST_LARGE, ONE, PACED, BURST, WHOLE)

WARM_UP: Final = (FIRST_SMALL, FIRST_LARGE, BURST)


@dataclass(frozen=True, slots=True)
class Figure:
    """One column.

    ``situation`` None: measured when the program is started (``startup``, ``idle``, ``peak``). ``delay``: the same
    figure without a program in between is subtracted.
    """

    key: str
    title: str
    situation: Situation | None = None
    read: Callable[[Seen], float] = lambda _: 0.0
    delay: bool = False
    digits: int = 0


def _per_chunk(seen: Seen) -> float:
    return seen.program / seen.chunks * 1e6 if seen.chunks else 0.0


FIGURES: Final = (
    Figure("cpu", "CPU per chunk, µs", PACED, _per_chunk),
    Figure("p50", "added, 64 at 50/s p50, µs", PACED, lambda seen: seen.delays[0], delay=True),
    Figure("p99", "p99, µs", PACED, lambda seen: seen.delays[1], delay=True),
    Figure("one", "one stream p50, µs", ONE, lambda seen: seen.delays[0], delay=True),
    Figure("first_small", "TTFT small, ms", FIRST_SMALL, lambda seen: seen.first[0] / 1000, delay=True, digits=2),
    Figure("first_large", "TTFT 110 kB, ms", FIRST_LARGE, lambda seen: seen.first[0] / 1000, delay=True, digits=2),
    Figure("burst", "burst, chunks/s", BURST, lambda seen: seen.chunks / seen.seconds),
    Figure("whole", "not streamed, req/s at 16", WHOLE, lambda seen: seen.answers / seen.seconds),
    Figure("startup", "start, s", digits=2),
    Figure("idle", "idle MB"),
    Figure("peak", "peak MB"),
)
