"""For each fault and engine, what the client got. ``python -m tests.trouble.matrix`` prints the table."""

from __future__ import annotations

import asyncio
import json
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tests.anthropic_grammar import GrammarFault, read
from tests.trouble.faults import PLAYED, UNPLAYED, WAITING
from tests.trouble.stage import ENGINES, Case, Outcome, faulty_stage

FILE: Final = Path(__file__).with_name("matrix.md")
"""The table as it is expected; ``--update-golden`` writes it anew."""

AT_ONCE: Final = 6
WAITING_AT_ONCE: Final = 30
"""Cases under way at the same time: of those in which something happens, and of those that mostly wait."""

CASES: Final = tuple(
    Case(fault, engine, streamed) for fault in (*PLAYED, *UNPLAYED) for engine in ENGINES for streamed in (True, False)
)


async def outcomes(home: Path, cases: Iterable[Case] = CASES) -> Mapping[Case, Outcome]:
    """All of them, from one proxy."""
    turns, waits = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(WAITING_AT_ONCE)
    async with faulty_stage(home) as stage:
        await stage.warm_up()

        async def ask(case: Case) -> Outcome:
            async with waits if case.fault in WAITING else turns:
                return await stage.ask(case)

        async with asyncio.TaskGroup() as tasks:
            asking = {case: tasks.create_task(ask(case)) for case in cases}
    return {case: task.result() for case, task in asking.items()}


def summary(outcome: Outcome) -> str:
    """What the client got, in a few words."""
    what = _stream(outcome) if outcome.status == 200 and outcome.is_stream else _whole(outcome)
    return f"{what}, cut" if outcome.cut else what


def table(found: Mapping[Case, Outcome]) -> str:
    """Markdown: a row for each fault, a column for each engine and kind of answer."""
    columns = [(engine, streamed) for engine in ENGINES for streamed in (True, False)]
    head = ["fault", *(f"{engine}, {'streamed' if streamed else 'whole'}" for engine, streamed in columns)]
    rows = [
        [fault, *(summary(found[Case(fault, engine, streamed)]) for engine, streamed in columns)]
        for fault in (*PLAYED, *UNPLAYED)
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def _stream(outcome: Outcome) -> str:
    if outcome.case.fault == "without end" and b"event: error" not in outcome.body:
        return "a stream without end"  # wherever the client stopped reading it
    try:
        reading = read(outcome.body)
    except GrammarFault as fault:
        if outcome.case.engine == "relay":
            return "a beginning" if outcome.cut else "as it came"
        return f"NO STREAM: {fault.what}"
    if reading.error is not None:
        return f"stream → error event {reading.error['type']}"
    return f"stream → {reading.stop_reason}"


def _whole(outcome: Outcome) -> str:
    if outcome.status == 200:
        try:
            return f"200 {json.loads(outcome.body)['stop_reason']}"
        except (ValueError, KeyError, TypeError):
            return "200 as it came"
    try:
        kind = json.loads(outcome.body)["error"]["type"]
    except (ValueError, KeyError, TypeError):
        kind = "as it came"
    if outcome.case.fault == "without end" and outcome.status in {502, 504}:
        return "502 api_error or 504 timeout_error"  # too long, or too late: which comes first is the machine's
    wait = outcome.headers.get("retry-after")
    never = ", no retry" if outcome.headers.get("x-should-retry") == "false" else ""
    return f"{outcome.status} {kind}{never}{f', retry-after {wait}' if wait else ''}"


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        print(table(asyncio.run(outcomes(Path(folder)))))


if __name__ == "__main__":
    main()
