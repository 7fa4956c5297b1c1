"""What was spent of what may be spent: the state of a budget, how it is judged, and the sentences that say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from proxy_core.config.settings import AtLimit, BudgetSettings

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
    """``reason`` is part of a sentence, and the same for every request of the period: it goes into each one's story."""

    act: Act = Act.GO
    reason: str = ""
    period: Period = Period.DAY


GO: Final = BudgetVerdict()

_ACTS: Final = {AtLimit.WARN: Act.GO, AtLimit.DOWNGRADE: Act.DOWNGRADE, AtLimit.STOP: Act.STOP}


def judged(state: BudgetState) -> BudgetVerdict:
    """What becomes of a request that comes now. One that is being answered is never cut."""
    act = _ACTS[state.limits.at_limit]
    if act is not Act.GO:
        for period in (Period.MONTH, Period.DAY):  # the month first: it lasts longer, and that is what to tell
            if state.level_of(period) is Level.SPENT:
                return BudgetVerdict(act, f"{_name(state, period)} is used up", period)
    return GO


@dataclass(frozen=True, slots=True)
class Crossing:
    """A limit was passed, its warning or its end; told once for each period."""

    period: Period
    level: Level
    state: BudgetState

    @property
    def sentence(self) -> str:
        """For a person, with what follows from it."""
        state, spent = self.state, self.state.spent(self.period)
        told = f"${spent.usd:.2f} was spent{priced_of(spent.priced, spent.requests)}."
        if self.level is not Level.SPENT:
            share = spent.usd / state.limit(self.period)
            return f"{_name(state, self.period).capitalize()} is used to {share:.0%}: {told}"
        match state.limits.at_limit:
            case AtLimit.WARN:
                follows = "Requests go on."
            case AtLimit.DOWNGRADE:
                follows = "From now on SMALL answers."
            case AtLimit.STOP:
                follows = "Requests that cost money are refused."
        return f"{_name(state, self.period).capitalize()} is used up: {told} {follows}"


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
    """What has to be said beside a sum: how much of what it stands for is in it. Empty where that is all of it."""
    return "" if priced == requests else f" ({priced} of {requests} requests priced)"


def refusal(verdict: BudgetVerdict) -> str:
    """The sentence for who is refused: why, and what to do."""
    later = "tomorrow" if verdict.period is Period.DAY else "next month"
    return (
        f"{verdict.reason.capitalize()}, and Understudy was told to stop there. Raise it in Understudy → Settings → "
        f"Log and budget, or go on {later}. Local models still answer."
    )


def _name(state: BudgetState, period: Period) -> str:
    return f"the {'daily' if period is Period.DAY else 'monthly'} budget of ${state.limit(period):.2f}"
