"""The cost of the ledger for a stream: Understudy without it, with rows only, and with bodies, one after the other.

``python -m bench.ledger_cost``. Streams that outlast a measurement end after it, so the work on a body at its end
(assembling, redacting, compressing) is measured separately, per chunk.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from app.cli.cli_context import load
from bench.figures import FIGURES, FIRST_LARGE, PACED, WHOLE
from bench.measuring import ask
from bench.peers import ROOT
from bench.programs import DIRECT, Place, Program, Start, programs
from bench.running import Running, running, start_upstream, stop
from proxy_core.config.settings import LogSettings
from proxy_core.ledger.body_keeping import BodyBuffer
from proxy_core.ledger.redaction import Redaction
from proxy_core.ledger.request_events import BodyCaptured, BodyKind, Broadcast
from proxy_core.ledger.store import LedgerFile
from proxy_core.server.ledger_factory import keep
from proxy_core.server.listening import Listening
from proxy_core.server.proxy_server import ProxyServer

KINDS: Final = ("without", "rows", "bodies")
_CHUNKS: Final = 500


def serve(kind: str, port: int) -> None:
    """Run a proxy as ``understudy serve`` does, with the part of the ledger that ``kind`` names."""
    ground = load(os.environ)
    make = ground.proxy.make_service
    if kind != "without":
        path = ground.paths.ledger_file
        ledger = (
            keep(ground.proxy, path) if kind == "bodies" else LedgerFile(path, log=lambda: LogSettings(bodies=False))
        )
        make = partial(make, lambda listener: Broadcast(ledger, listener))
    ProxyServer(Listening("127.0.0.1", port), make).run()


def _started(program: Program, kind: str, place: Place) -> Start:
    assert program.start is not None
    words = (sys.executable, "-m", "bench.ledger_cost", "--serve", kind, str(place.port))
    return Start(words, {**program.start(place).variables, "PYTHONPATH": str(ROOT)})


def compare(rounds: int, seconds: float) -> None:
    """Measure in turns, print medians."""
    ours = next(program for program in programs() if program.name == DIRECT)
    values: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
        upstream, port = start_upstream(Path(folder))
        try:
            for number in range(rounds):
                for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
                    program = replace(ours, name=kind, start=partial(_started, ours, kind))
                    with running(program, Path(folder) / f"{kind}-{number}", port) as one:
                        _measure(one, upstream.pid, seconds, values)
        finally:
            stop(upstream)
    titles = {figure.key: figure.title for figure in FIGURES}
    for key in dict.fromkeys(key for _, key in values):
        told = {kind: median(values[kind, key]) for kind in KINDS}
        parts = (f"{kind} {told[kind]:.2f} ({told[kind] / told['without'] - 1:+.1%})" for kind in KINDS)
        print(f"{titles[key]:28} {'  '.join(parts)}")


def _measure(one: Running, upstream: int, seconds: float, values: dict[tuple[str, str], list[float]]) -> None:
    for situation in (
        PACED,
        WHOLE,
        FIRST_LARGE,
    ):  # last, since work left over from large bodies must not disturb the others
        seen = ask(situation.load(one, upstream, seconds))
        assert not seen.fault, seen.fault
        for figure in FIGURES:
            if figure.situation is situation:
                values.setdefault((one.program.name, figure.key), []).append(figure.read(seen))


def at_the_end() -> float:
    """Return microseconds of processor time per chunk of an answer, after it has ended."""
    frame = b'event: content_block_%b\ndata: {"type":"content_block_%b","index":0,%b}\n\n'
    start = frame % (b"start", b"start", b'"content_block":{"type":"text","text":""}')
    delta = frame % (b"delta", b"delta", b'"delta":{"type":"text_delta","text":" word%d"}')
    pieces = (start, *(delta % number for number in range(_CHUNKS)))
    took = []
    for _ in range(50):
        body = BodyBuffer(BodyCaptured("r", 0.0, BodyKind.ANSWER, b""))
        body.take(BodyCaptured("r", 0.0, BodyKind.ANSWER, b"".join(pieces)))
        begun = time.thread_time()
        for _ in body.steps(Redaction()):
            pass
        took.append(time.thread_time() - begun)
    return min(took) / _CHUNKS * 1e6


def main() -> int:
    """Serve for a measurement, or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--serve", nargs=2, metavar=("KIND", "PORT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve[0], int(given.serve[1]))
        return 0
    print(f"at the end of an answer: {at_the_end():.2f} µs of processor time per chunk")
    compare(given.rounds, given.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
