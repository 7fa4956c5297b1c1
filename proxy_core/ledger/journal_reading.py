"""The journal on disk read back: what was written, whole lines only, also while it is written and set aside."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from proxy_core.ledger.journal import Ended, News, State, Story, Usage, fold
from proxy_core.ledger.journal_file import KEPT, LOST, NAMES, rotated
from proxy_core.wire.json_text import loads

_POLL: Final = 0.2
_KINDS: Final = {name: kind for kind, name in NAMES.items()}


@dataclass(frozen=True, slots=True)
class Lost:
    """So many news items were not written before this place in the journal."""

    at: float
    count: int


def recent(path: Path, number: int) -> tuple[Story, ...]:
    """The last ``number`` requests of the journal at ``path``, oldest first."""
    stories: dict[str, Story] = {}
    for news in _everything(path):
        if not isinstance(news, Lost):
            stories[news.id] = fold(stories.get(news.id), news)
    return tuple(stories.values())[-number:] if number > 0 else ()


def follow(
    path: Path,
    *,
    goes_on: Callable[[], bool] = lambda: True,
    wait: Callable[[], None] = lambda: time.sleep(_POLL),
) -> Iterator[News | Lost]:
    """What is written from now on, also to the files that come after this one; ends once ``goes_on`` says so."""
    file = _opened(path)
    if file is not None:
        file.seek(0, 2)
    rest = b""
    while goes_on():
        if file is None:
            file = _opened(path)
        data = file.read() if file is not None else b""
        if data:
            *lines, rest = (rest + data).split(b"\n")
            yield from _news(lines)
        elif file is not None and _is_another(path, file):
            file.close()
            file, rest = _opened(path), b""
        else:
            wait()
    if file is not None:
        file.close()


def _everything(path: Path) -> Iterator[News | Lost]:
    for number in range(KEPT - 1, -1, -1):
        file = _opened(rotated(path, number))
        if file is not None:
            with file:
                yield from _news(file)


def _opened(path: Path) -> IO[bytes] | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _is_another(path: Path, file: IO[bytes]) -> bool:
    """Whether the journal is no longer the file that is open."""
    here = os.fstat(file.fileno())
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return (here.st_ino, here.st_dev) != (there.st_ino, there.st_dev)


def _news(lines: Iterator[bytes] | IO[bytes] | list[bytes]) -> Iterator[News | Lost]:
    for line in lines:
        news = _read(line)
        if news is not None:
            yield news


def _read(line: bytes) -> News | Lost | None:
    """One line; None for half a line, an empty one, or one of a later version's."""
    try:
        ((name, fields),) = loads(line).items()
        if name == LOST:
            return Lost(**fields)
        kind = _KINDS[name]
        if kind is Ended:
            usage = fields["usage"]
            fields = {**fields, "state": State(fields["state"]), "usage": Usage(**usage) if usage else None}
        if "warnings" in fields:
            fields = {**fields, "warnings": tuple(fields["warnings"])}
        news: News = kind(**fields)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return news
