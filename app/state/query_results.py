"""What a wish for something large is answered with; a page takes what it asked for and leaves the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.state.commands import ReadPage, ReadSessions, ReadUsage
from proxy_core.ledger.rows import BodyKind, Contents, Kept, RequestRow, SessionRow, Sum


@dataclass(frozen=True, slots=True)
class PageRead:
    """The rows that ``asked`` wanted; fewer than its limit: there are no more. ``seconds`` is how long it took."""

    asked: ReadPage
    rows: tuple[RequestRow, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class BodiesRead:
    """A request with the bodies that are still kept; ``row`` is None for one that is not there any more.

    ``kept`` says of each body whether it was cut, and how many secrets were taken out of it.
    """

    id: str
    row: RequestRow | None
    bodies: Mapping[BodyKind, bytes] = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionsRead:
    """The sessions that ``asked`` wanted."""

    asked: ReadSessions
    sessions: tuple[SessionRow, ...]


@dataclass(frozen=True, slots=True)
class UsageRead:
    """``per_day`` has a sum for each day and key; ``by_key`` one for each key; ``total`` one for all."""

    asked: ReadUsage
    per_day: tuple[Sum, ...]
    by_key: tuple[Sum, ...]
    total: Sum


@dataclass(frozen=True, slots=True)
class NamesRead:
    """What filter menus offer."""

    models: tuple[str, ...]
    projects: tuple[str, ...]
    profiles: tuple[str, ...]
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogMeasured:
    """What the log holds; ``trouble`` says why it cannot be told, and nothing else is known then."""

    contents: Contents = field(default_factory=Contents)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ReplaySide:
    """One of two answers: text as a person reads it, tokens and cost in ``row``; ``trouble`` where there is none."""

    row: RequestRow | None
    text: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """The first answer and the one from the other model, side by side; ``after`` is None while it runs."""

    id: str
    model: str
    before: ReplaySide
    after: ReplaySide | None = None


@dataclass(frozen=True, slots=True)
class FirstRequestProgress:
    """First run's request so far: all of its ``text``; once it is over, how it went in ``sentence``."""

    text: str
    ended: bool = False
    good: bool = False
    sentence: str = ""


QueryResult = (
    PageRead | BodiesRead | SessionsRead | UsageRead | NamesRead | LogMeasured | ReplayProgress | FirstRequestProgress
)
