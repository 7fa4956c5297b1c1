"""``python -m tests.ledger.crash``: ``kill -9`` in the middle of a thousand concurrent requests, twenty times over.

After each kill the file must open, every request that was answered must be in it but at most those of the last tenth of
a second, and no row may be half. What was running is ended by the Understudy that starts next.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.request_events import State
from proxy_core.ledger.rows import Filter
from tests.support.processes import Serving, serving

LAST: Final = 0.1
"""Seconds before the kill whose requests may be missing."""

_MODEL: Final = "demo/fast"
_ENOUGH: Final = 3.0
"""Times as many as may run at once are answered, on the average, before the kill."""


@dataclass
class Seen:
    """What the clients saw: when each answer was whole, in Unix time, and how many began."""

    begun: int = 0
    answered: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """``late`` requests were answered in the last tenth of a second and are missing, ``lost`` ones before it."""

    begun: int
    answered: int
    running: int
    late: int
    lost: tuple[str, ...]
    faults: tuple[str, ...]


async def play(home: Path, concurrent: int, seed: int) -> Round:
    """One life of an Understudy, and what it left behind."""
    chance = random.Random(seed)
    seen = Seen()
    roles = dict.fromkeys(("BIG_MODEL", "SMALL_MODEL", "THINKER_MODEL"), _MODEL)
    async with serving(home, variables=roles) as understudy:
        clients = asyncio.create_task(_clients(understudy, concurrent, seen))
        wanted = int(concurrent * chance.uniform(0.2, _ENOUGH))
        end = time.monotonic() + 60
        while len(seen.answered) < wanted and time.monotonic() < end:
            await asyncio.sleep(chance.uniform(0.001, 0.05))
        killed = time.time()
        understudy.process.kill()
        clients.cancel()
        await asyncio.gather(clients, return_exceptions=True)
        await understudy.process.wait()
    return _judged(home / "data" / "ledger.sqlite", seen, killed)


async def _clients(understudy: Serving, concurrent: int, seen: Seen) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"x-api-key": understudy.token, "anthropic-version": "2023-06-01"}
    async with (
        aiohttp.ClientSession(understudy.address, connector=connector, headers=headers) as session,
        asyncio.TaskGroup() as tasks,
    ):
        for number in range(concurrent):
            tasks.create_task(_client(session, seen, number))


async def _client(session: aiohttp.ClientSession, seen: Seen, number: int) -> None:
    """One request after the other until the proxy is gone."""
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 1000,
        "stream": number % 4 != 0,
        "messages": [{"role": "user", "content": "Say something. " * 20}],
    }
    while True:
        seen.begun += 1
        try:
            async with session.post("/v1/messages", json=body) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError):
            return
        if b"message_stop" in content or b'"end_turn"' in content or b'"tool_use"' in content:
            seen.answered[answer.headers["request-id"]] = time.time()


def _judged(path: Path, seen: Seen, killed: float) -> Round:
    faults: list[str] = []
    connection = sqlite3.connect(path)
    checked = connection.execute("PRAGMA integrity_check").fetchall()
    if checked != [("ok",)]:
        faults.append(f"integrity: {checked[:3]}")
    orphans = connection.execute(
        "SELECT count(*) FROM requests WHERE kind NOT IN (SELECT number FROM kinds) "
        "OR (session <> 0 AND session NOT IN (SELECT number FROM sessions))"
    ).fetchone()[0]
    if orphans:
        faults.append(f"{orphans} rows lack a part")
    connection.close()
    ledger = Ledger(path)
    rows = {row.record.id: row.record for row in ledger.page(limit=1_000_000)}
    for record in rows.values():
        whole = (
            record.model and record.ended is not None and record.usage is not None and record.first_token is not None
        )
        if record.state is State.DONE and not whole:
            faults.append(f"half a row: {record}")
    if ledger.total().requests != len(rows):
        faults.append("the tallies are not the rows")
    missing = {id_: at for id_, at in seen.answered.items() if id_ not in rows or rows[id_].state is not State.DONE}
    lost = tuple(id_ for id_, at in missing.items() if at < killed - LAST)
    running = ledger.count(Filter(states=frozenset({State.RUNNING})))
    ledger.close()
    return Round(seen.begun, len(seen.answered), running, len(missing) - len(lost), lost, tuple(faults))


async def after(home: Path) -> int:
    """How many requests still count as running once the next Understudy has begun to write."""
    path = home / "data" / "ledger.sqlite"
    running = Filter(states=frozenset({State.RUNNING}))
    async with serving(home) as understudy:
        assert understudy.said["pid"]
        ledger = Ledger(path)
        end = time.monotonic() + 10
        while (left := ledger.count(running)) and time.monotonic() < end:
            await asyncio.sleep(0.05)
        ledger.close()
    return left


async def _all(rounds: int, concurrent: int) -> bool:
    good = True
    with tempfile.TemporaryDirectory(prefix="understudy-crash-") as folder:
        home = Path(folder) / "home"
        for number in range(rounds):
            told = await play(home, concurrent, number)
            good = good and not told.lost and not told.faults
            print(
                f"{number + 1:3}: {told.begun} begun, {told.answered} answered, {told.running} running when it was "
                f"killed, {told.late} missing of the last {LAST} s, {len(told.lost)} lost {told.faults or ''}",
                flush=True,
            )
        left = await after(home)
        print(f"{left} still count as running after the last restart")
    return good and left == 0


def main() -> int:
    """All rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--concurrent", type=int, default=1000)
    given = parser.parse_args()
    return 0 if asyncio.run(_all(given.rounds, given.concurrent)) else 1


if __name__ == "__main__":
    sys.exit(main())
