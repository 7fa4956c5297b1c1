"""Requests put into a ledger on disk, for tests of what reads it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from proxy_core.anthropic_api.json_text import dumps
from proxy_core.ledger.record_repository import RecordRepository
from proxy_core.ledger.request_events import (
    AttemptMade,
    BodyCaptured,
    BodyKind,
    Finished,
    RecordedUsage,
    RequestEvent,
    RequestRecord,
    Routed,
    Started,
    State,
)
from proxy_core.ledger.row_writing import PricedRecord
from proxy_core.ledger.schema import bring_up
from proxy_core.ledger.store import LedgerFile

REQUEST: Mapping[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Which tree is the tallest?"}],
}
ANSWER: Mapping[str, Any] = {
    "type": "message",
    "role": "assistant",
    "content": [
        {"type": "thinking", "thinking": "Trees. Tall ones.", "signature": ""},
        {"type": "text", "text": "Hyperion, a redwood."},
        {"type": "tool_use", "id": "toolu_1", "name": "Measure", "input": {"tree": "Hyperion"}},
    ],
    "stop_reason": "tool_use",
}


def ledger_of(home: Path) -> Path:
    """Where an Understudy with this home keeps its ledger."""
    return home / "data" / "ledger.sqlite"


def shelve(file: Path, *entries: PricedRecord) -> None:
    """Write them, as a proxy of this process would have."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        bring_up(connection)
        book = RecordRepository(connection, os.getpid(), time.time(), lambda text: text)
        with connection:
            book.write(entries)


def entry(id_: str, cost: float | None = 0.0125, **more: Any) -> PricedRecord:
    """A good request of a minute ago; ``more`` are other fields of its story."""
    began = more.pop("began", time.time() - 60)
    told = RequestRecord(
        id=f"req_{id_}",
        began=began,
        path="/v1/messages",
        asked_for="claude-opus-5-5",
        streamed=True,
        role="BIG",
        why="claude-opus-5-5 plays BIG",
        provider="openai",
        model="gpt-4.1",
        engine="direct",
        attempts=(AttemptMade(f"req_{id_}", began, 1, 200),),
        first_token=began + 0.5,
        ended=began + 2.0,
        state=State.DONE,
        status=200,
        stop_reason="end_turn",
        usage=RecordedUsage(2_000, 500, cache_read=10_000),
    )
    return PricedRecord(replace(told, **more), cost)


def carried(id_: str, request: Mapping[str, Any] = REQUEST, answer: Mapping[str, Any] = ANSWER) -> list[RequestEvent]:
    """The news of a good request with its bodies."""
    name, now = f"req_{id_}", time.time()
    bodies = {BodyKind.REQUEST: dumps(request), BodyKind.ANSWER: dumps(answer)}
    return [
        Started(name, now, "/v1/messages", "claude-opus-5-5", True, project="/home/me/trees"),
        Routed(name, now, "BIG", "claude-opus-5-5 plays BIG", "openai", "gpt-4.1", "direct"),
        AttemptMade(name, now, 1, 200),
        *(BodyCaptured(name, now, part, body) for part, body in bodies.items()),
        Finished(name, now + 2.0, State.DONE, 200, "tool_use", usage=RecordedUsage(2_000, 500, cache_read=10_000)),
    ]


def keep(file: Path, *events: RequestEvent) -> None:
    """Have the ledger's own writer keep what it hears."""
    ledger = LedgerFile(file, price=lambda _: (0.013, True))
    for each in events:
        ledger.on_event(each)
    ledger.close(10)
