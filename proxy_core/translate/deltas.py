"""What one upstream chunk can bring, as a closed union of frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """More of the reasoning that leads to it."""

    text: str


@dataclass(frozen=True, slots=True)
class Keepsake:
    """What this provider must see again with the reasoning before it: pieces of a message's ``field``."""

    field: str
    pieces: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ToolPart:
    """A piece of a tool call. ``id`` and ``name`` are empty where the piece has none; ``index`` may be missing."""

    index: int | None
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the model stopped, in the provider's word; ``sequence`` is the stop sequence it met, if it says so."""

    reason: str
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the provider gives them: ``prompt`` includes what was read from and written to its cache.

    ``completion`` includes ``reasoning``, ``cache_write`` includes ``cache_write_hour`` (what is kept for an hour).
    ``cost`` is the provider's own figure in USD.
    """

    prompt: int
    completion: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    cache_write_hour: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A page that the answer rests on; ``start`` and ``end`` are the characters of the text that it is cited for."""

    url: str
    title: str = ""
    start: int = 0
    end: int = 0


Delta = Link | Text | Thinking | Keepsake | ToolPart | Stop | Usage
