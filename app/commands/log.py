"""``understudy log``: what was asked and answered, from the journal on disk."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.saying import remark, say, say_json

if TYPE_CHECKING:
    from pathlib import Path

    from proxy_core.ledger.journal import Story


def log(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    number: Annotated[int, typer.Option("--number", "-n", min=0, help="How many of the past.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For a script: one JSON object a line.")] = False,
) -> None:
    """The last requests: role, model, status, tokens, times, and why this model."""
    from proxy_core.config import paths
    from proxy_core.ledger.journal_reading import recent

    path = paths.find(os.environ).journal_file
    past = recent(path, number)
    if not past and not follow:
        remark("No request has been made yet.")
    for story in past:
        tell(story, as_json)
    if follow:
        for story in _coming(path, {story.id: story for story in past if story.ended is None}):
            tell(story, as_json)


def tell(story: Story, as_json: bool) -> None:
    """One request."""
    if as_json:
        say_json({**_as_dict(story), "time_to_first_token": story.time_to_first_token, "duration": story.duration})
        return
    for line in lines(story):
        say(line)


def lines(story: Story) -> Iterator[str]:
    """One request for a person: what happened, then why and what went wrong, indented."""
    clock = time.strftime("%H:%M:%S", time.localtime(story.began))
    who = f"{story.role.upper() or '-':8}{_target(story) or story.asked_for}"
    usage = story.usage
    cached = f" ({usage.cache_read} cached)" if usage and usage.cache_read else ""
    tokens = f"{usage.whole_input}{cached} → {usage.output} tokens" if usage else ""
    times = ", ".join(
        f"{name} {seconds:.2f} s"
        for name, seconds in (("first", story.time_to_first_token), ("all", story.duration))
        if seconds is not None
    )
    yield "  ".join(part for part in (clock, who, _status(story), tokens, times) if part)
    if story.why:
        yield f"          {story.why}"
    for attempt in story.attempts:
        if attempt.error:
            yield f"          try {attempt.number}: {attempt.error}"
    if story.error:
        yield f"          {story.error}"
    for warning in story.warnings:
        yield f"          note: {warning}"


def _target(story: Story) -> str:
    return "/".join(part for part in (story.provider, story.model) if part)


def _status(story: Story) -> str:
    return f"{story.state} {story.status}" if story.status else str(story.state)


def _coming(path: Path, known: dict[str, Story]) -> Iterator[Story]:
    """Each request once it has ended."""
    from proxy_core.ledger.journal import Ended, fold
    from proxy_core.ledger.journal_reading import Lost, follow

    for news in follow(path):
        if isinstance(news, Lost):
            remark(f"{news.count} entries are missing here: the disk was too slow, or full.")
            continue
        known[news.id] = fold(known.get(news.id), news)
        if isinstance(news, Ended):
            yield known.pop(news.id)


def _as_dict(story: Story) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(story)
