"""How fast the ledger answers with a million requests: ``python -m bench.ledger``.

A year of work: 1,200 sessions of 40 projects, twelve models, two failed requests in a hundred, each with a message of
its own. Every query is run five times; the slowest counts, the first one on a new connection included.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from proxy_core.ledger import ledger_file
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.record_repository import RecordRepository
from proxy_core.ledger.request_events import AttemptMade, RecordedUsage, RequestRecord, State
from proxy_core.ledger.row_writing import PricedRecord
from proxy_core.ledger.rows import Filter, Grouping
from proxy_core.messages import Message

REQUESTS: Final = 1_000_000
PER_SESSION: Final = 833
YEAR: Final = 365 * 86_400.0
END: Final = 1_700_049_600.0
"""Requests, requests per session, and the span of a year before the last one (Unix time): a heavy user's year."""

MODELS: Final = (
    *(("openai", name) for name in ("gpt-4.1", "gpt-4.1-mini", "gpt-4o", "o3")),
    *(("gemini", name) for name in ("gemini-2.5-pro", "gemini-2.5-flash")),
    *(("openrouter", name) for name in ("deepseek/deepseek-chat", "qwen/qwen3-coder", "x-ai/grok-4")),
    *(("ollama", name) for name in ("qwen3", "gpt-oss")),
    ("anthropic", "claude-sonnet-4-5"),
)
ROLES: Final = ("BIG", "SMALL", "THINKER")

PAGE, FILTER, SUMS = 0.050, 0.200, 0.500
"""Seconds: the first page, a filter, the sums."""


def records(number: int, seed: int = 4) -> Iterator[RequestRecord]:
    """Yield the requests, oldest first."""
    chance = random.Random(seed)
    for n in range(number):
        at = END - YEAR + YEAR * n / number
        session = n // PER_SESSION + (n % 3)
        provider, model = MODELS[min(int(chance.expovariate(0.35)), len(MODELS) - 1)]
        role = ROLES[n % 3]
        failed = chance.random() < 0.02
        first = chance.lognormvariate(-0.3, 0.6)
        whole = first + chance.lognormvariate(1.2, 0.7)
        usage = RecordedUsage(chance.randrange(4000), chance.randrange(1, 900), chance.randrange(90_000), 0, 0)
        yield RequestRecord(
            id=f"req_{n:024x}",
            began=at,
            path="/v1/messages",
            asked_for=f"claude-{('sonnet', 'haiku', 'opus')[n % 3]}-5",
            streamed=True,
            session=f"0e8f{session:08x}",
            project=f"/home/dev/project-{session % 40}",
            role=role,
            why=Message("route.role", asked="claude", role=role),
            provider=provider,
            model=model,
            engine="direct",
            attempts=(AttemptMade("", at, 1, 200),),
            first_token=at + first,
            ended=at + whole,
            state=State.FAILED if failed else State.DONE,
            status=500 if failed else 200,
            stop_reason="" if failed else "end_turn",
            error_type="api_error" if failed else "",
            error=f"The provider failed with number {n}." if failed else "",
            usage=None if failed else usage,
        )


def build(path: Path, number: int) -> None:
    """Write them all, without the writer's thread."""
    connection = ledger_file.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -200000")
    book = RecordRepository(connection, 1, END, lambda text: text)
    batch: list[PricedRecord] = []
    connection.execute("BEGIN")
    for record in records(number):
        cost = None if record.usage is None or record.provider == "ollama" else record.usage.output * 8e-6
        batch.append(PricedRecord(record, cost))
        if len(batch) == 10_000:
            book.write(batch)
            batch.clear()
    book.write(batch)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


def questions() -> list[tuple[str, float, Callable[[Ledger], Any]]]:
    """Return the queries, with their limits in seconds."""
    middle = END - YEAR / 2
    last = f"0e8f{(REQUESTS - 1) // PER_SESSION - 3:08x}"
    filters = {
        "role": Filter(role="THINKER"),
        "model": Filter(model="gemini/gemini-2.5-pro"),
        "rare model": Filter(model="anthropic/claude-sonnet-4-5"),
        "failed": Filter(states=frozenset({State.FAILED})),
        "text, common": Filter(text="gpt-4.1 big"),
        "text, one error": Filter(text=f"number {_failed_number()}."),
        "text, nowhere": Filter(text="zebra"),
        "session": Filter(session=last),
        "project": Filter(project="/home/dev/project-7"),
        "a week, half a year ago": Filter(since=middle, until=middle + 7 * 86_400),
        "all at once": Filter(
            text="openai", role="BIG", project="/home/dev/project-7", since=middle, states=frozenset({State.FAILED})
        ),
    }
    asked: list[tuple[str, float, Callable[[Ledger], Any]]] = [
        ("first page", PAGE, lambda ledger: ledger.page()),
        ("a page in the middle", PAGE, lambda ledger: ledger.page(before=REQUESTS // 2)),
        ("what is new", PAGE, lambda ledger: ledger.after(REQUESTS - 50)),
        ("one request", PAGE, lambda ledger: ledger.row(f"req_{REQUESTS // 3:024x}")),
    ]
    for name, wanted in filters.items():
        asked.append((f"page: {name}", FILTER, partial(Ledger.page, wanted=wanted)))
        asked.append((f"count: {name}", FILTER, partial(Ledger.count, wanted=wanted)))
    asked.append(("total", SUMS, lambda ledger: ledger.total()))
    asked.append(("total, this month", SUMS, lambda ledger: ledger.total(Filter(since=END - 30 * 86_400 + 1))))
    asked += [(f"sums by {by}", SUMS, partial(Ledger.sums, by=by)) for by in Grouping]
    asked.append(("sums by model and day", SUMS, lambda ledger: ledger.sums(Grouping.MODEL, per_day=True)))
    asked.append(("sums by model, one project", SUMS, lambda ledger: ledger.sums(Grouping.MODEL, filters["project"])))
    asked.append(("sessions", FILTER, lambda ledger: ledger.sessions()))
    asked.append(("sessions of a project", FILTER, lambda ledger: ledger.sessions(filters["project"])))
    asked.append(("names of models", FILTER, lambda ledger: ledger.names(Grouping.MODEL)))
    return asked


def _failed_number() -> int:
    return next(int(record.error.split()[-1][:-1]) for record in records(REQUESTS) if record.error)


def ask(path: Path, times: int = 5) -> bool:
    """Run all queries; return whether all limits hold, by processor time, since the machine may have other work."""
    good = True
    for name, limit, question in questions():
        ledger = Ledger(path)
        took, worked = [], []
        for _ in range(times):
            begun, at_work = time.perf_counter(), time.thread_time()
            answer = question(ledger)
            took.append(time.perf_counter() - begun)
            worked.append(time.thread_time() - at_work)
        ledger.close()
        held = max(worked) <= limit
        good = good and held
        size = len(answer) if isinstance(answer, tuple) else answer if isinstance(answer, int) else 1
        verdict = "" if held else "  TOO SLOW"
        clock = f"by the clock {min(took) * 1000:.1f} to {max(took) * 1000:.1f}"
        print(f"{name:30}{max(worked) * 1000:8.1f} ms of {limit * 1000:.0f} ({clock})  {size}{verdict}")
    return good


def main() -> int:
    """Build the ledger, query it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="build it here, or use what stands here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="understudy-ledger-") as folder:
        path = given.keep or Path(folder) / "ledger.sqlite"
        if not path.exists():
            begun = time.perf_counter()
            build(path, REQUESTS)
            print(f"built in {time.perf_counter() - begun:.0f} s, {path.stat().st_size / 1e6:.0f} MB")
        return 0 if ask(path) else 1


if __name__ == "__main__":
    sys.exit(main())
