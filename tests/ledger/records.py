"""Stories as a proxy tells them, for those who keep or read them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from proxy_core.ledger.request_events import (
    AttemptMade,
    BodyCaptured,
    BodyKind,
    Finished,
    FirstContent,
    Progress,
    RecordedUsage,
    RequestEvent,
    RequestRecord,
    Routed,
    Started,
    State,
    apply,
)
from proxy_core.ledger.store import LedgerFile

UPSTREAM = b'{"model":"gpt-4.1","messages":[]}'

NOON = 1_700_049_600.0
"""2023-11-15, 12:00 UTC."""

ANSWER = tuple(
    f"event: {kind}\ndata: {data}\n\n".encode()
    for kind, data in (
        ("message_start", '{"type":"message_start","message":{"id":"msg_1","content":[]}}'),
        ("content_block_start", '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}'),
        (
            "content_block_delta",
            '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello "}}',
        ),
        (
            "content_block_delta",
            '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"world"}}',
        ),
        ("content_block_stop", '{"type":"content_block_stop","index":0}'),
        ("message_delta", '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}'),
        ("message_stop", '{"type":"message_stop"}'),
    )
)


def told(id_: str, at: float = NOON, **fields: Any) -> list[RequestEvent]:
    """All the news of one request; ``fields`` change its beginning, its routing and its end."""

    def changed(events: RequestEvent) -> RequestEvent:
        own = {name: value for name, value in fields.items() if hasattr(events, name) and name not in {"id", "at"}}
        if isinstance(events, AttemptMade):
            return events
        return replace(events, **own) if own else events

    events: list[RequestEvent] = [
        Started(id_, at, "/v1/messages", "claude-opus-5-5", True, session="s", agent="a", project="/p", profile="Work"),
        Routed(id_, at, "BIG", "opus plays BIG", "openai", "gpt-4.1", "direct", ("left out: cache_control",)),
        AttemptMade(id_, at + 1, 1, 429, "too many", 0.5),
        AttemptMade(id_, at + 1.5, 2, 200),
        FirstContent(id_, at + 2, "chatcmpl-1"),
        Progress(id_, at + 2.5, 40),
        Finished(id_, at + 3, State.DONE, 200, "end_turn", usage=RecordedUsage(10, 5, 3, 2, 1), warnings=("late",)),
    ]
    return [changed(each) for each in events]


def bodies(id_: str, request: bytes = b'{"say":"hi"}', answer: tuple[bytes, ...] = ANSWER) -> list[RequestEvent]:
    """What passes beside a story."""
    return [
        BodyCaptured(id_, NOON, BodyKind.REQUEST, request),
        BodyCaptured(id_, NOON, BodyKind.UPSTREAM, UPSTREAM),
        BodyCaptured(id_, NOON, BodyKind.ANSWER, b"".join(answer[:3]), whole=False),
        BodyCaptured(id_, NOON, BodyKind.ANSWER, b"".join(answer[3:])),
    ]


def with_bodies(id_: str, request: bytes = b'{"say":"hi"}') -> list[RequestEvent]:
    """A request with what passes beside its story, in order."""
    first, *rest = told(id_)
    return [first, *bodies(id_, request), *rest]


def story_of(events: list[RequestEvent]) -> RequestRecord:
    """What they add up to for whoever does not follow the progress."""
    record: RequestRecord | None = None
    for each in events:
        if not isinstance(each, Progress):
            record = apply(record, each)
    assert record is not None
    return record


def on_event(ledger: LedgerFile, *records: list[RequestEvent]) -> None:
    for events in records:
        for each in events:
            ledger.on_event(each)


def written(path: Path, *records: list[RequestEvent], **given: Any) -> None:
    """A ledger with these stories, closed."""
    ledger = LedgerFile(path, **given)
    on_event(ledger, *records)
    ledger.close(10)
    assert ledger.state.ok, ledger.state


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for it; an AssertionError tells that it hangs."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)


def every_byte(folder: Path) -> bytes:
    """Of all files under it."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def sql(path: Path, statement: str, *values: Any) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()
