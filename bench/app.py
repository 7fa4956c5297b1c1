"""The cost of the desktop app: ``python -m bench.app``. Needs Xvfb; every figure is of the real app and its real proxy.

Time to the first frame and to the open port, memory and idle processor time with the proxy running, the delay that a
visible window adds to streams, and how long Qt's thread was ever busy, also while LiteLLM is loaded. ``bench.app_rows``
measures a long log. Other work on the machine disturbs the delays most; where that cannot be avoided, ``chrt --rr 5
python -m bench.app`` (as root) takes precedence over it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

import psutil

from bench.figures import ONE, PACED, Situation
from bench.load.client import Seen
from bench.load.wanted import Kind, Wanted
from bench.measuring import ask
from bench.peers import ROOT
from bench.programs import DIRECT, Place, Program, Start, headers_of, programs
from bench.prompts import HEADERS, small
from bench.running import Running, running, start_upstream, stop
from tests.support.display import Display

RATE: Final = 200
"""Requests per second beside the measured streams."""

IDLE: Final = 10.0
"""Seconds over which idling is measured, after as many seconds of settling."""

STREAMED: Final = 12.0
"""Seconds of the stream during which LiteLLM is loaded."""

LOADED_AFTER: Final = 3.0
"""Seconds after which it is loaded; the stream is running by then."""

STREAMS: Final = replace(PACED, name="with others", connections=16)


@dataclass(frozen=True, slots=True)
class Moments:
    """The stopwatch's records; ``late`` are pairs of a monotonic time and milliseconds."""

    shown: float
    open: float
    late: tuple[tuple[float, float], ...]

    def worst(self, since: float = 0.0) -> float:
        """Return the longest time that Qt's thread was busy at once since then, in milliseconds."""
        return max((ms for at, ms in self.late if at >= since), default=0.0)


def moments(file: Path) -> Moments:
    """Return the records written so far."""
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    told: dict[str, Any] = {name: value for line in lines for name, value in line.items()}
    late = tuple((line["at"], line["worst"]) for line in lines if "at" in line)
    return Moments(told.get("shown", 0.0), told.get("open", 0.0), late)


def app(display: Display, variables: Mapping[str, str] | None = None, *, stopwatch: bool = True) -> Program:
    """Return the app with its window open as a program like the others. Its stopwatch wakes it a hundred times per
    second.
    """
    headless = next(program for program in programs() if program.name == DIRECT)

    def start(place: Place) -> Start:
        assert headless.start is not None
        own = {**headless.start(place).variables, "PORT": str(place.port), "QT_QPA_PLATFORM": "xcb"}
        remembered = place.folder / "understudy" / "state" / "desktop.json"
        remembered.parent.mkdir(parents=True, exist_ok=True)
        remembered.write_text('{"first_run_over": true}')
        screen = {"DISPLAY": display.name, "DBUS_SESSION_BUS_ADDRESS": "disabled:", "PYTHONPATH": str(ROOT)}
        watched = ("bench.app_probe", str(place.folder / "moments")) if stopwatch else ("app",)
        words = (sys.executable, "-m", *watched)
        return Start(words, {**own, **screen, **(variables or {})})

    return replace(headless, name="understudy, its window open", start=start)


def main() -> int:
    """Measure and print one line per figure with its limit."""
    parser = argparse.ArgumentParser("python -m bench.app", description="Measure the desktop app.")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement of streams (6)")
    parser.add_argument("--starts", type=int, default=5, help="of the app; their median counts (5)")
    parser.add_argument("--rounds", type=int, default=3, help="of the measurements of streams (3)")
    parser.add_argument("--rows", type=int, default=50_000, help="in the log (50,000)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="understudy-bench-app-") as name:
        folder = Path(name)
        upstream, port = start_upstream(folder)
        try:
            with Display(folder / "display") as display:
                window = app(display)
                _starts(window, folder, port, chosen.starts)
                _resting(app(display, stopwatch=False), folder, port)
                _streams(window, folder, port, upstream.pid, chosen.seconds, chosen.rounds)
                other = app(display, {"GEMINI_API_KEY": "none", "GEMINI_BASE_URL": f"http://127.0.0.1:{port}"})
                _beside_litellm(other, folder, port, upstream.pid, chosen.rounds)
        finally:
            stop(upstream)
    _rows(chosen.rows)
    print(f"Load average {os.getloadavg()[0]:.2f} at the end: figures count only of a machine that had little to do.")
    return 0


def _starts(window: Program, folder: Path, port: int, times: int) -> None:
    found = []
    for number in range(times + 1):
        place = folder / f"start {number}"
        with running(window, place, port):
            found.append(_told(place / "moments", lambda told: told.shown > 0 and told.open > 0))
    warm = found[1:]
    _say("window shown, s", median(one.shown for one in warm), 1.0)
    _say("port open, s", median(one.open for one in warm), 1.0)


def _resting(window: Program, folder: Path, port: int) -> None:
    with running(window, folder / "resting", port) as one:
        time.sleep(IDLE)
        process = psutil.Process(one.pid)
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        time.sleep(IDLE)
        used = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)
        _say("memory, MB", process.memory_info().rss / 1e6, 170)
        _say("idle, % of a processor", used * 100, 1)
        loaded = any("litellm" in opened.path for opened in process.memory_maps())
        _say("LiteLLM loaded", float(loaded), 0)


def _streams(window: Program, folder: Path, port: int, upstream: int, seconds: float, rounds: int) -> None:
    """Measure in turns, since the machine changes from one minute to the next; the medians of the rounds count."""
    headless = next(program for program in programs() if program.name == DIRECT)
    delays: dict[str, list[float]] = {headless.name: [], window.name: []}
    late = []
    for number in range(rounds):
        for program in (headless, window):
            place = folder / f"{program.name} streams {number}"
            with running(program, place, port) as one, _steady(one, seconds):
                began = time.monotonic()
                delays[program.name].append(_measured(one, STREAMS, upstream, seconds).delays[1] / 1000)
                late.append(moments(place / "moments").worst(began))
    without, with_it = median(delays[headless.name]), median(delays[window.name])
    _say(f"Qt's thread busy at {RATE}/s, worst ms", max(late))
    _say(f"stream delay p99 headless at {RATE}/s, ms", without)
    _say(f"stream delay p99 with the window at {RATE}/s, ms", with_it, 2 * without)


def _beside_litellm(window: Program, folder: Path, port: int, upstream: int, times: int) -> None:
    """Measure while LiteLLM is loaded: during a stream, a request arrives that only LiteLLM can send."""
    frames, gaps, took, memory = [], [], [], []
    for number in range(times):
        place = folder / f"litellm {number}"
        with running(window, place, port) as one, ThreadPoolExecutor(1) as beside:
            loading = beside.submit(_load_litellm, one)
            gaps.append(_measured(one, ONE, upstream, 2 * STREAMED).longest / 1000)
            asked, answered = loading.result()
            took.append(answered - asked)
            frames.append(moments(place / "moments").worst(asked))
            memory.append(psutil.Process(one.pid).memory_info().rss / 1e6)
    _say("LiteLLM is loaded by the first request for it, s", median(took))
    _say("Qt's thread busy meanwhile, worst ms", max(frames), 100)
    _say("stream's longest delay meanwhile, ms", max(gaps), 250)
    _say("memory then, MB", median(memory))


def _load_litellm(one: Running) -> tuple[float, float]:
    """Return the monotonic times of the request and of its answer. That it is an error does not matter."""
    time.sleep(LOADED_AFTER)
    body = small(Wanted(Kind.WHOLE, 1), "gemini/gemini-2.5-flash")
    headers = {**HEADERS, **headers_of(one.program), "content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=STREAMED)
    asked = time.monotonic()
    connection.request("POST", "/v1/messages", body, headers)
    connection.getresponse().read()
    connection.close()
    return asked, time.monotonic()


def _rows(count: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.app_rows", str(count)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    for work in ("scroll", "filter"):
        _say(f"{work} {count:,} rows, median ms", told[work]["median"])
        _say(f"{work} {count:,} rows, worst ms", told[work]["worst"], 50)


def _measured(one: Running, situation: Situation, upstream: int, seconds: float) -> Seen:
    seen = ask(situation.load(one, upstream, seconds))
    assert not seen.fault, seen.fault
    return seen


@contextmanager
def _steady(one: Running, seconds: float) -> Iterator[None]:
    """Send small requests at :data:`RATE` until the end of the block."""
    token = "us-bench-0123456789abcdef"
    words = ("bench.app_steady", str(one.port), token, str(RATE), str(seconds + 3), one.program.model)
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        time.sleep(1.0)
        yield
    finally:
        stop(process)


def _told(file: Path, enough: Callable[[Moments], bool]) -> Moments:
    until = time.monotonic() + 20
    while not enough(told := moments(file)):
        assert time.monotonic() < until, "the app said nothing of itself"
        time.sleep(0.05)
    return told


def _say(figure: str, value: float, at_most: float | None = None) -> None:
    verdict = "" if at_most is None else f"limit {at_most:<8.6g} {'holds' if value <= at_most else 'DOES NOT HOLD'}"
    print(f"{figure:55} {value:10.2f}   {verdict}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
