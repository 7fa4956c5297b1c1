"""Stories as a proxy tells them, for those who keep or read them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from proxy_core.ledger.journal import (
    Answering,
    Attempted,
    Began,
    Carried,
    Ended,
    News,
    Part,
    Progressed,
    Routed,
    State,
    Story,
    Usage,
    fold,
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


def told(id_: str, at: float = NOON, **fields: Any) -> list[News]:
    """All the news of one request; ``fields`` change its beginning, its routing and its end."""

    def changed(news: News) -> News:
        own = {name: value for name, value in fields.items() if hasattr(news, name) and name not in {"id", "at"}}
        if isinstance(news, Attempted):
            return news
        return replace(news, **own) if own else news

    news: list[News] = [
        Began(id_, at, "/v1/messages", "claude-opus-5-5", True, session="s", agent="a", project="/p", profile="Work"),
        Routed(id_, at, "BIG", "opus plays BIG", "openai", "gpt-4.1", "direct", ("left out: cache_control",)),
        Attempted(id_, at + 1, 1, 429, "too many", 0.5),
        Attempted(id_, at + 1.5, 2, 200),
        Answering(id_, at + 2, "chatcmpl-1"),
        Progressed(id_, at + 2.5, 40),
        Ended(id_, at + 3, State.DONE, 200, "end_turn", usage=Usage(10, 5, 3, 2, 1), warnings=("late",)),
    ]
    return [changed(each) for each in news]


def bodies(id_: str, request: bytes = b'{"say":"hi"}', answer: tuple[bytes, ...] = ANSWER) -> list[News]:
    """What passes beside a story."""
    return [
        Carried(id_, NOON, Part.REQUEST, request),
        Carried(id_, NOON, Part.UPSTREAM, UPSTREAM),
        Carried(id_, NOON, Part.ANSWER, b"".join(answer[:3]), whole=False),
        Carried(id_, NOON, Part.ANSWER, b"".join(answer[3:])),
    ]


def with_bodies(id_: str, request: bytes = b'{"say":"hi"}') -> list[News]:
    """A request with what passes beside its story, in order."""
    first, *rest = told(id_)
    return [first, *bodies(id_, request), *rest]


def story_of(news: list[News]) -> Story:
    """What they add up to for whoever does not follow the progress."""
    story: Story | None = None
    for each in news:
        if not isinstance(each, Progressed):
            story = fold(story, each)
    assert story is not None
    return story


def hear(ledger: LedgerFile, *stories: list[News]) -> None:
    for news in stories:
        for each in news:
            ledger.hear(each)


def written(path: Path, *stories: list[News], **given: Any) -> None:
    """A ledger with these stories, closed."""
    ledger = LedgerFile(path, **given)
    hear(ledger, *stories)
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
