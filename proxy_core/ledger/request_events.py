"""Each request's story as frozen values: news while it runs, and the story that they add up to.

The proxy emits events to a :class:`Listener`. ``apply`` adds one event to a record, ``aggregate`` adds all of them, so
whoever listens (a terminal, a window, the ledger on disk) sees the same thing. No prompt, key or token is ever part of
a story; the bodies that pass beside it are told as :class:`BodyCaptured`, for the ledger to take the secrets out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final, Protocol, assert_never

_TIMEOUTS: Final = frozenset({408, 499})
"""Statuses below 500 after which the provider may have worked: it gave up waiting, or saw the client leave."""

_TURNED_AWAY: Final = frozenset({503, 529})
"""Overloaded: no work was begun. After these the same provider is asked again, too."""

_KEYRING_LOCKED: Final = 503
"""The only 5xx that a request ends with before it is known whether a provider was asked."""

_STOPPED: Final = "overloaded_error"
"""How a request ends that is under way when the proxy stops. No 4xx of a provider is told as that."""


@dataclass(frozen=True, slots=True)
class RecordedUsage:
    """Tokens, each counted once: ``input`` without what a cache gave or took; ``reasoning`` is part of ``output``.

    ``cache_write_hour`` is the part of ``cache_write`` that is kept for an hour; ``searches`` are searches of the web.
    ``terms`` are words for what makes tokens dearer, with blanks between: Anthropic's ``fast`` and ``us``.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    cache_write_hour: int = 0
    searches: int = 0
    terms: str = ""

    @property
    def whole_input(self) -> int:
        """All that the model read."""
        return self.input + self.cache_read + self.cache_write


class BodyKind(StrEnum):
    """A body that belongs to a request: the client's, what the provider was sent, what the client got."""

    REQUEST = "request"
    UPSTREAM = "upstream"
    ANSWER = "answer"


class State(StrEnum):
    """Where a request stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Started:
    """A request came in. ``at`` is Unix time in seconds, as everywhere here."""

    id: str
    at: float
    path: str
    asked_for: str
    streamed: bool
    session: str = ""
    agent: str = ""
    project: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Routed:
    """Who answers it, and the sentence why. ``warnings`` say what was left out or changed for the model."""

    id: str
    at: float
    role: str
    why: str
    provider: str
    model: str
    engine: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptMade:
    """One try at the provider, after it ended or began to answer. ``error`` is empty when it answered.

    ``sent`` is False where nothing of the request left for the provider: no connection to it was made.
    """

    id: str
    at: float
    number: int
    status: int | None = None
    error: str = ""
    waited: float = 0.0
    sent: bool = True

    @property
    def cost_nothing(self) -> bool:
        """Whether the provider cannot have billed it: it turned it away, with a 4xx, 503 or 529, or it was never sent.

        A timeout is no refusal (408, and nginx's 499): something behind the gateway may have worked on the request.
        """
        is_refusal = self.status is not None and (400 <= self.status < 500 or self.status in _TURNED_AWAY)
        refused = is_refusal and self.status not in _TIMEOUTS
        return refused or not self.sent


@dataclass(frozen=True, slots=True)
class FirstContent:
    """The first chunk of the answer came."""

    id: str
    at: float
    upstream_id: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running answer is; told a few times a second at most, and only where its text is known.

    ``text_bytes`` is the size of its text, thinking and arguments so far, in UTF-8.
    """

    id: str
    at: float
    text_bytes: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The request is over. ``status`` is what the client got; an error after the stream began keeps 200 and a type.

    ``cost`` is what the provider itself said that it costs, in USD. ``flat``: a subscription of the client's own pays,
    so that the tokens have no price.
    """

    id: str
    at: float
    state: State
    status: int
    stop_reason: str = ""
    error_type: str = ""
    error: str = ""
    usage: RecordedUsage | None = None
    warnings: tuple[str, ...] = ()
    cost: float | None = None
    flat: bool = False


@dataclass(frozen=True, slots=True)
class BodyCaptured:
    """Bytes of a body as they passed, in order; they are not part of the story, and secrets may be in them.

    ``encoding`` is their content coding. A body may come in several of these; the last has ``whole``.
    """

    id: str
    at: float
    part: BodyKind
    data: bytes
    encoding: str = ""
    whole: bool = True


RequestEvent = Started | Routed | AttemptMade | FirstContent | Progress | Finished | BodyCaptured


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request as far as it is known."""

    id: str
    began: float
    path: str = ""
    asked_for: str = ""
    streamed: bool = False
    session: str = ""
    agent: str = ""
    project: str = ""
    profile: str = ""
    role: str = ""
    why: str = ""
    provider: str = ""
    model: str = ""
    engine: str = ""
    warnings: tuple[str, ...] = ()
    attempts: tuple[AttemptMade, ...] = ()
    upstream_id: str = ""
    first_token: float | None = None
    text_bytes: int = 0
    ended: float | None = None
    state: State = State.RUNNING
    status: int = 0
    stop_reason: str = ""
    error_type: str = ""
    error: str = ""
    usage: RecordedUsage | None = None
    cost: float | None = None
    flat: bool = False

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds from the request to the first chunk of its answer."""
        return None if self.first_token is None else self.first_token - self.began

    @property
    def duration(self) -> float | None:
        """Seconds from the request to its end."""
        return None if self.ended is None else self.ended - self.began

    @property
    def is_not_billed(self) -> bool:
        """Whether it is certain that nothing was billed: tokens were only counted, or no provider took the request.

        It was refused here or by the provider, or never reached it. What came to no answer in another way (a 5xx, a
        timeout, a cut) may well have been billed.
        """
        if self.state is State.RUNNING or self.usage is not None or self.cost is not None:
            return False
        if self.path.endswith("/count_tokens"):
            return True
        if self.state is not State.FAILED:
            return False
        if not self.attempts:
            return 400 <= self.status < 500 or self.status == _KEYRING_LOCKED
        return self.error_type != _STOPPED and all(attempt.cost_nothing for attempt in self.attempts)


_OF_BEGINNING: Final = ("id", "began", "path", "asked_for", "streamed", "session", "agent", "project", "profile")
_OF_ROUTE: Final = ("role", "why", "provider", "model", "engine")
_OF_END: Final = ("ended", "state", "status", "stop_reason", "error_type", "error", "usage", "cost", "flat")
_beginning: Final = attrgetter("id", "at", *_OF_BEGINNING[2:])
_route: Final = attrgetter(*_OF_ROUTE)
_end: Final = attrgetter("at", *_OF_END[1:])


def apply(record: RequestRecord | None, events: RequestEvent) -> RequestRecord:
    """The story with one more piece of news; None where the beginning was not heard."""
    if isinstance(events, Started):
        return RequestRecord(
            id=events.id,
            began=events.at,
            path=events.path,
            asked_for=events.asked_for,
            streamed=events.streamed,
            session=events.session,
            agent=events.agent,
            project=events.project,
            profile=events.profile,
        )
    told = record or RequestRecord(id=events.id, began=events.at)
    match events:
        case Routed():
            return replace(
                told,
                role=events.role,
                why=events.why,
                provider=events.provider,
                model=events.model,
                engine=events.engine,
                warnings=told.warnings + events.warnings,
            )
        case AttemptMade():
            return replace(told, attempts=(*told.attempts, events))
        case FirstContent():
            return replace(told, first_token=events.at, upstream_id=events.upstream_id or told.upstream_id)
        case Progress():
            return replace(told, text_bytes=events.text_bytes)
        case Finished():
            return replace(
                told,
                ended=events.at,
                state=events.state,
                status=events.status,
                stop_reason=events.stop_reason,
                error_type=events.error_type,
                error=events.error,
                usage=events.usage,
                warnings=told.warnings + events.warnings,
                cost=events.cost,
                flat=events.flat,
            )
        case BodyCaptured():
            return told
        case _:
            assert_never(events)


def aggregate(events: Iterable[RequestEvent]) -> RequestRecord:
    """The story that :func:`apply` would make of these, the first one first, for the price of one. At least one."""
    fields: dict[str, Any] = {}
    for each in events:
        if not fields:
            fields = {"id": each.id, "began": each.at}
        match each:
            case Started():
                fields = dict(zip(_OF_BEGINNING, _beginning(each), strict=True))
            case Routed():
                warnings = fields.get("warnings", ()) + each.warnings
                fields.update(zip(_OF_ROUTE, _route(each), strict=True))
                fields["warnings"] = warnings
            case AttemptMade():
                fields["attempts"] = (*fields.get("attempts", ()), each)
            case FirstContent():
                fields["first_token"] = each.at
                fields["upstream_id"] = each.upstream_id or fields.get("upstream_id", "")
            case Progress():
                fields["text_bytes"] = each.text_bytes
            case Finished():
                warnings = fields.get("warnings", ()) + each.warnings
                fields.update(zip(_OF_END, _end(each), strict=True))
                fields["warnings"] = warnings
            case BodyCaptured():
                pass
            case _:
                assert_never(each)
    return RequestRecord(**fields)


class Listener(Protocol):
    """Hears the news, in the proxy's thread and in order. Must not block and must not raise."""

    def on_event(self, events: RequestEvent) -> None:
        """Take one piece of news."""
        ...


class Broadcast:
    """Listeners that hear the same, in this order."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def on_event(self, events: RequestEvent) -> None:
        """Pass it on to each."""
        for listener in self._listeners:
            listener.on_event(events)
