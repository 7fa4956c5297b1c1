"""What was spent of what may be spent: the state of a budget, how it is judged, and the sentences that say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from proxy_core.config.settings import AtLimit, BudgetSettings
from proxy_core.messages import Message, sentences

WARN_AT: Final = 0.8
"""Of a limit: from here on a person is told."""


class Period(StrEnum):
    """What a limit is for, by the calendar of local time."""

    DAY = "day"
    MONTH = "month"


class Level(IntEnum):
    """How far a limit is used up."""

    WITHIN = 0
    NEAR = 1
    SPENT = 2


@dataclass(frozen=True, slots=True)
class Spent:
    """USD of the ``priced`` ones among ``requests``, which were billed or may have been; no other is in it."""

    usd: float = 0.0
    priced: int = 0
    requests: int = 0

    def plus(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(self.usd + other.usd, self.priced + other.priced, self.requests + other.requests)


@dataclass(frozen=True, slots=True)
class BudgetState:
    """Where a budget stands. ``trouble`` says why the ledger could not be read; then only what was heard is counted."""

    today: Spent = field(default_factory=Spent)
    month: Spent = field(default_factory=Spent)
    limits: BudgetSettings = field(default_factory=BudgetSettings)
    trouble: str = ""

    @property
    def spent_today(self) -> float:
        """USD."""
        return self.today.usd

    @property
    def spent_month(self) -> float:
        """USD."""
        return self.month.usd

    @property
    def daily(self) -> float:
        """The day's limit in USD; 0 is none."""
        return self.limits.daily

    @property
    def monthly(self) -> float:
        """The month's limit in USD; 0 is none."""
        return self.limits.monthly

    @property
    def has_limit(self) -> bool:
        """Whether there is one at all."""
        return self.daily > 0 or self.monthly > 0

    @property
    def level(self) -> Level:
        """Of the limit that is used up furthest."""
        return max(self.level_of(period) for period in Period)

    def spent(self, period: Period) -> Spent:
        """What was spent in it."""
        return self.today if period is Period.DAY else self.month

    def limit(self, period: Period) -> float:
        """USD; 0 is none."""
        return self.daily if period is Period.DAY else self.monthly

    def level_of(self, period: Period) -> Level:
        """How far the period's limit is used up."""
        usd, limit = self.spent(period).usd, self.limit(period)
        if limit <= 0 or usd < limit * WARN_AT:
            return Level.WITHIN
        return Level.NEAR if usd < limit else Level.SPENT


class Act(StrEnum):
    """What a budget means for the next request."""

    GO = "go"
    DOWNGRADE = "downgrade"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class BudgetVerdict:
    """``reason`` is a clause, the same for all requests of the period, since each record holds it. ``limit`` is USD."""

    act: Act = Act.GO
    reason: str = ""
    period: Period = Period.DAY
    limit: float = 0.0


GO: Final = BudgetVerdict()

_ACTS: Final = {AtLimit.WARN: Act.GO, AtLimit.DOWNGRADE: Act.DOWNGRADE, AtLimit.STOP: Act.STOP}


def judged(state: BudgetState) -> BudgetVerdict:
    """What becomes of a request that comes now. One that is being answered is never cut."""
    act = _ACTS[state.limits.at_limit]
    if act is not Act.GO:
        for period in (Period.MONTH, Period.DAY):  # the month first: it lasts longer, and that is what to tell
            if state.level_of(period) is Level.SPENT:
                limit = state.limit(period)
                return BudgetVerdict(act, _used_up(period, limit), period, limit)
    return GO


@dataclass(frozen=True, slots=True)
class Crossing:
    """A limit was passed, its warning or its end; told once for each period."""

    period: Period
    level: Level
    state: BudgetState

    @property
    def sentence(self) -> Message:
        """For a person, with what follows from it."""
        state, spent = self.state, self.state.spent(self.period)
        limit, paid = f"{state.limit(self.period):.2f}", f"{spent.usd:.2f}"
        priced = priced_of(spent.priced, spent.requests)
        is_day = self.period is Period.DAY
        if self.level is not Level.SPENT:
            share = f"{spent.usd / state.limit(self.period):.0%}"
            if is_day:
                return Message("budget.day_near", limit=limit, share=share, spent=paid, priced=priced)
            return Message("budget.month_near", limit=limit, share=share, spent=paid, priced=priced)
        used_up = Message("budget.month_spent", limit=limit, spent=paid, priced=priced)
        if is_day:
            used_up = Message("budget.day_spent", limit=limit, spent=paid, priced=priced)
        match state.limits.at_limit:
            case AtLimit.WARN:
                follows = Message("budget.requests_go_on")
            case AtLimit.DOWNGRADE:
                follows = Message("budget.small_from_now")
            case AtLimit.STOP:
                follows = Message("budget.requests_refused")
        return sentences(used_up, follows)


def crossings(state: BudgetState, told: dict[Period, Level]) -> tuple[Crossing, ...]:
    """The limits that were passed since ``told``, which is brought up to date."""
    passed = []
    for period in Period:
        level = state.level_of(period)
        if level > told.get(period, Level.WITHIN):
            passed.append(Crossing(period, level, state))
        told[period] = level
    return tuple(passed)


def priced_of(priced: int, requests: int) -> str:
    """Return what has to be said beside a sum: how many of its requests are in it. Empty where all are."""
    return "" if priced == requests else Message("budget.priced_part", priced=priced, requests=requests)


def refusal(verdict: BudgetVerdict) -> Message:
    """Return why a request is refused, and what to do."""
    limit = f"{verdict.limit:.2f}"
    if verdict.period is Period.DAY:
        return Message("budget.day_refused", limit=limit)
    return Message("budget.month_refused", limit=limit)


def _used_up(period: Period, limit: float) -> Message:
    amount = f"{limit:.2f}"
    if period is Period.DAY:
        return Message("budget.day_used_up", limit=amount)
    return Message("budget.month_used_up", limit=amount)
