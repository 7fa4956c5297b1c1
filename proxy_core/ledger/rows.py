"""What the ledger is asked for and what it answers, as frozen values that the terminal and the window share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy_core.ledger.request_events import BodyKind, RequestRecord, State

__all__ = ["Billing", "BodyKind", "Contents", "Filter", "Grouping", "Kept", "RequestRow", "SessionRow", "State", "Sum"]


class Billing(StrEnum):
    """What is known of the cost of a request that is over.

    ``SUBSCRIPTION``: the client's own pays, so that there is no price. ``UNPRICED`` was billed, or may have been.
    """

    PRICED = "priced"
    UNPRICED = "unpriced"
    NOT_BILLED = "not billed"
    SUBSCRIPTION = "subscription"


def billing_of(record: RequestRecord, cost: float | None) -> Billing | None:
    """What is known of the cost of a request, ``cost`` in USD being what it was priced at; None while it runs."""
    if record.state is State.RUNNING:
        return None
    if cost is not None:
        return Billing.PRICED
    if record.is_not_billed:
        return Billing.NOT_BILLED
    return Billing.SUBSCRIPTION if record.flat else Billing.UNPRICED


@dataclass(frozen=True, slots=True)
class Contents:
    """How much the ledger holds, so that a person can be told what deleting it takes.

    ``conversations`` is how many of the ``requests`` still have a body, ``conversation_bytes`` what these bodies take.
    ``bytes`` is the size on disk, with damaged files that were set aside; ``set_aside`` says that there are such.
    """

    requests: int = 0
    conversations: int = 0
    conversation_bytes: int = 0
    bytes: int = 0
    set_aside: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A body that is kept, with secrets taken out. ``size`` is in bytes as :meth:`Ledger.body` gives it.

    ``cut`` says that only its beginning is there; ``hidden`` how many secrets were taken out of it.
    """

    part: BodyKind
    size: int
    cut: bool = False
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as the ledger has it. ``number`` orders rows by their beginning, the newest highest.

    ``cost`` is in USD, None while the request runs, where no price is known, and where it was not billed;
    ``estimated`` is False where the provider itself said what it cost. ``bodies`` are those that are still kept.
    """

    number: int
    record: RequestRecord
    cost: float | None = None
    estimated: bool = True
    bodies: frozenset[BodyKind] = frozenset()

    @property
    def billing(self) -> Billing | None:
        """What is known of its cost; None while it runs."""
        return billing_of(self.record, self.cost)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests; every field that is set must hold. An empty one lets all through.

    ``text`` is looked for in models, roles, providers, sentences and errors, without regard to case, each word by
    itself; ``body`` in the kept bodies. ``model`` is ``provider/name``. ``since`` and ``until`` are Unix times in
    seconds, the first included, the second not. ``states`` empty means any.
    """

    text: str = ""
    body: str = ""
    role: str = ""
    provider: str = ""
    model: str = ""
    session: str = ""
    project: str = ""
    profile: str = ""
    states: frozenset[State] = frozenset()
    since: float | None = None
    until: float | None = None


class Grouping(StrEnum):
    """What sums are made by."""

    MODEL = "model"
    PROJECT = "project"
    SESSION = "session"
    PROFILE = "profile"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Sum:
    """What some requests add up to.

    ``key`` is what they have in common (empty for all of them, or where it was not told); ``day`` is the local calendar
    day as ``YYYY-MM-DD`` where sums are made per day, else empty. Tokens are counted once each, as in
    :class:`~proxy_core.ledger.request_events.Usage`. ``cost`` is the USD of those ``priced`` ones among ``requests``;
    ``estimated`` of these go by the catalogue's or the user's prices. ``unpriced`` ones were billed too, or may have
    been, and nobody knows what; ``not_billed`` ones cost nothing. The rest still runs. Medians
    are in seconds and tokens per second, None without a measurement.
    """

    key: str = ""
    day: str = ""
    requests: int = 0
    failed: int = 0
    retried: int = 0
    priced: int = 0
    unpriced: int = 0
    not_billed: int = 0
    estimated: int = 0
    cost: float = 0.0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    first_token: float | None = None
    output_speed: float | None = None

    @property
    def billable(self) -> int:
        """How many were billed, or may have been: what ``priced`` is a part of."""
        return self.priced + self.unpriced

    @property
    def cache_share(self) -> float | None:
        """How much of what the models read came from a cache, from 0 to 1; None when nothing was read."""
        read = self.input + self.cache_read + self.cache_write
        return self.cache_read / read if read else None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One run of Claude Code. Times are Unix times in seconds; ``agents`` are the ids of its subagents.

    ``running`` counts its requests under way.
    """

    id: str
    project: str
    profile: str
    began: float
    latest: float
    agents: tuple[str, ...]
    models: tuple[str, ...]
    running: int
    total: Sum
