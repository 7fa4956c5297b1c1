"""The command: ``python -m bench``."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path

from bench import peers
from bench.measuring import Measured, Plan, Run, as_json, measure
from bench.programs import Part, Program, programs
from bench.table import medians_of, table, verdicts


def main(arguments: list[str]) -> int:
    """Measure and print; return 1 if a chosen program could not be measured."""
    chosen = _parser().parse_args(arguments)
    if chosen.install_peers:
        peers.install()
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that started programs are stopped
    wanted = [program for program in programs() if _is_chosen(program, chosen.only)]
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
        present = [program for program in wanted if not program.absent]
        run = measure(Plan(present, Path(folder), chosen.seconds, chosen.rounds), _say)
    medians = medians_of(run)
    print(_circumstances(run))
    print()
    print(table(wanted, medians, markdown=chosen.markdown))
    print()
    print(verdicts(medians, markdown=chosen.markdown))
    for trouble in run.troubles:
        print(f"\nnot measured: {trouble}", file=sys.stderr)
    if chosen.json:
        chosen.json.write_bytes(as_json(run))
    return 1 if run.troubles else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m bench", description="Measure Understudy beside floors and peers.")
    parser.add_argument("--only", nargs="+", default=[], metavar="PART", help="programs with this in their name")
    parser.add_argument("--seconds", type=float, default=4.0, help="of the longest measurement (4)")
    parser.add_argument("--rounds", type=int, default=5, help="of all measurements; their medians count (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    parser.add_argument("--install-peers", action="store_true", help="install LiteLLM's proxy and claude-code-router")
    return parser


def _is_chosen(program: Program, only: list[str]) -> bool:
    """Return whether a program is chosen; the direct connection always is, since delays are relative to it."""
    return not only or program.part is Part.NOTHING or any(part in program.name for part in only)


def _say(sentence: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{sentence}", end="", file=sys.stderr, flush=True)


def _circumstances(run: Run) -> str:
    """Return what a reader of the table has to know about the machine."""
    disturbed = [one for one in run.measured if one.is_disturbed]
    loads = sorted(one.load for one in run.measured) or [0.0]
    machine = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    return (
        f"{machine}. Load average {loads[0]:.2f} to {loads[-1]:.2f}; {len(disturbed)} of {len(run.measured)} "
        f"measurements disturbed by others{_worst(disturbed)}."
    )


def _worst(disturbed: list[Measured]) -> str:
    if not disturbed:
        return ""
    return f", by {max(one.seen.foreign / one.seen.seconds for one in disturbed):.2f} of a processor at most"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
