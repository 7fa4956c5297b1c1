"""The budget: counted by the calendar, from the ledger and from the news, each cost once; told once; judged."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from proxy_core.config.settings import AtLimit, BudgetSettings
from proxy_core.ledger.budget import Act, BudgetState, BudgetVerdict, Crossing, Level, Period, Spent, judged, refusal
from proxy_core.ledger.budget_watch import BudgetWatch
from proxy_core.ledger.pricing import Cost
from proxy_core.ledger.reading import LedgerUnreadable
from proxy_core.ledger.request_events import Finished, RecordedUsage, RequestRecord, Routed, Started, State
from proxy_core.ledger.rows import Filter, RequestRow, Sum

NOON = datetime(2026, 11, 22, 12).timestamp()  # noqa: DTZ001 - local time is what a budget goes by
HOUR = 3600.0
LIMITS = BudgetSettings(daily=5.0, monthly=50.0, at_limit=AtLimit.STOP)


class Shelf:
    """A ledger of forty lines: rows that were written, by whatever process."""

    def __init__(self) -> None:
        self.rows: dict[str, RequestRow] = {}
        self.damaged = False
        self.totals = 0

    def write(self, id_: str, began: float, usd: float | None, state: State = State.DONE) -> None:
        self.rows[id_] = RequestRow(len(self.rows), RequestRecord(id_, began, state=state), usd)

    def total(self, wanted: Filter) -> Sum:
        if self.damaged:
            raise LedgerUnreadable("The ledger cannot be read.")
        self.totals += 1
        assert wanted.since is not None
        found = [row for row in self.rows.values() if row.record.began >= wanted.since]
        costs = [row.cost for row in found if row.cost is not None]
        return Sum(requests=len(found), priced=len(costs), unpriced=len(found) - len(costs), cost=sum(costs))

    def over(self, ids: Sequence[str]) -> frozenset[str]:
        return frozenset(id_ for id_ in ids if id_ in self.rows and self.rows[id_].record.state is not State.RUNNING)

    def close(self) -> None:
        pass


@dataclass
class Stand:
    """A budget and all that it stands on; ``spends`` is a request from its beginning to its end."""

    shelf: Shelf = field(default_factory=Shelf)
    now: float = NOON
    limits: BudgetSettings = LIMITS
    crossed: list[Crossing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = self.made()

    def made(self) -> BudgetWatch:
        return BudgetWatch(
            self.shelf,
            limits=lambda: self.limits,
            price=_price,
            told=self.crossed.append,
            clock=lambda: self.now,
        )

    def spends(self, id_: str, usd: float | None) -> None:
        """The model's name says what it costs."""
        self.watch.on_event(Started(id_, self.now, "/v1/messages", "claude-sonnet-5-5", True))
        self.watch.on_event(Routed(id_, self.now, "big", "why", "p", "unpriced" if usd is None else str(usd), "direct"))
        self.watch.on_event(Finished(id_, self.now, State.DONE, 200, usage=RecordedUsage(1, 1)))

    def verdict(self) -> BudgetVerdict:
        return asyncio.run(self.watch.verdict())

    def told(self) -> list[tuple[Period, Level]]:
        return [(crossing.period, crossing.level) for crossing in self.crossed]


def _price(record: RequestRecord) -> Cost | None:
    return None if record.model == "unpriced" else Cost(float(record.model), estimated=True)


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_what_was_heard_counts_at_once(stand: Stand) -> None:
    stand.spends("a", 1.5)
    stand.spends("b", None)
    state = stand.watch.state()
    assert state.today == state.month == Spent(1.5, priced=1, requests=2)
    assert (state.spent_today, state.daily, state.spent_month, state.monthly, state.level) == (
        *(1.5, 5.0, 1.5, 50.0),
        Level.WITHIN,
    )


def test_each_cost_is_counted_once_whoever_told_it(stand: Stand) -> None:
    stand.spends("a", 1.0)
    stand.spends("b", 2.0)
    stand.shelf.write("a", NOON, 1.0)
    stand.shelf.write("of another process", NOON - HOUR, 0.25)
    stand.shelf.write("yesterday's", NOON - 24 * HOUR, 4.0)
    stand.shelf.write("last month's", NOON - 40 * 24 * HOUR, 9.0)
    stand.watch.read()
    assert stand.watch.state().spent_today == pytest.approx(3.25)
    assert stand.watch.state().spent_month == pytest.approx(7.25)
    stand.shelf.write("b", NOON, 2.0)
    stand.watch.read()
    stand.watch.read()
    assert stand.watch.state().spent_today == pytest.approx(3.25)


def test_a_row_that_still_runs_in_the_ledger_is_not_yet_counted_there(stand: Stand) -> None:
    stand.spends("a", 2.0)
    stand.shelf.write("a", NOON, None, State.RUNNING)
    stand.watch.read()
    assert stand.watch.state().spent_today == 2.0


def test_a_ledger_that_cannot_be_read_or_written_stops_no_counting(stand: Stand) -> None:
    stand.shelf.damaged = True
    stand.spends("a", 6.0)
    stand.watch.read()
    assert stand.watch.state().trouble == "The ledger cannot be read."
    assert stand.verdict().act is Act.STOP
    stand.shelf.damaged = False
    stand.watch.read()
    assert (stand.watch.state().trouble, stand.watch.state().spent_today) == ("", 6.0)


def test_the_restart_of_a_proxy_is_no_way_round_it(stand: Stand) -> None:
    """The very first request waits for the ledger."""
    stand.shelf.write("before the restart", NOON - HOUR, 5.5)
    slow, read = threading.Event(), stand.shelf.total

    def slowly(wanted: Filter) -> Sum:
        slow.wait(0.2)
        return read(wanted)

    stand.shelf.total = slowly  # type: ignore[method-assign]
    stand.watch.begin()
    assert stand.verdict().act is Act.STOP
    stand.watch.close()


def test_it_can_begin_again_after_it_was_closed(stand: Stand) -> None:
    stand.watch.begin()
    stand.watch.close()
    stand.shelf.write("meanwhile", NOON, 5.5)
    stand.watch.begin()
    end = time.monotonic() + 30
    while stand.watch.state().spent_today < 5.5 and time.monotonic() < end:
        time.sleep(0.01)
    assert stand.watch.state().spent_today == 5.5
    stand.watch.close()


def test_midnight_empties_the_day_and_not_the_month(stand: Stand) -> None:
    stand.shelf.write("in the ledger", NOON, 4.0)
    stand.watch.read()
    stand.spends("heard", 1.5)
    assert stand.verdict().act is Act.STOP
    stand.now = NOON + 12 * HOUR - 1
    assert stand.verdict().act is Act.STOP
    stand.now = NOON + 12 * HOUR
    assert stand.verdict().act is Act.GO
    assert (stand.watch.state().spent_today, stand.watch.state().spent_month) == (0.0, 5.5)
    stand.spends("of the new day", 0.5)
    assert (stand.watch.state().spent_today, stand.watch.state().spent_month) == (0.5, 6.0)


def test_the_end_of_the_month_empties_both(stand: Stand) -> None:
    stand.now = datetime(2026, 11, 30, 23, 59).timestamp()  # noqa: DTZ001
    stand.limits = replace(LIMITS, daily=0.0, monthly=5.0)
    stand.watch = stand.made()
    stand.shelf.write("in the ledger", stand.now, 3.0)
    stand.watch.read()
    stand.spends("heard", 3.0)
    assert stand.verdict().act is Act.STOP
    stand.now += 60
    assert stand.verdict().act is Act.GO
    assert stand.watch.state().spent_month == 0.0


def test_an_answer_over_midnight_belongs_to_the_day_it_began(stand: Stand) -> None:
    stand.now = NOON + 12 * HOUR - 1
    stand.watch.on_event(Started("a", stand.now, "/v1/messages", "m", True))
    stand.watch.on_event(Routed("a", stand.now, "big", "why", "p", "6.0", "direct"))
    stand.now += 2
    stand.watch.on_event(Finished("a", stand.now, State.DONE, 200, usage=RecordedUsage(1, 1)))
    assert (stand.watch.state().spent_today, stand.watch.state().spent_month) == (0.0, 6.0)


def test_each_limit_that_is_passed_is_told_once(stand: Stand) -> None:
    stand.spends("a", 3.9)
    assert stand.told() == []
    stand.spends("b", 0.2)
    stand.spends("c", None)
    assert stand.told() == [(Period.DAY, Level.NEAR)]
    assert stand.crossed[0].sentence == "The daily budget of $5.00 is used to 82%: $4.10 was spent."
    stand.spends("d", 1.0)
    stand.spends("e", 1.0)
    assert stand.told() == [(Period.DAY, Level.NEAR), (Period.DAY, Level.SPENT)]
    assert stand.crossed[1].sentence == (
        "The daily budget of $5.00 is used up: $5.10 was spent (3 of 4 requests priced). "
        "Requests that cost money are refused."
    )
    stand.now += 24 * HOUR
    stand.spends("f", 4.5)
    assert stand.told()[2:] == [(Period.DAY, Level.NEAR)], "a new day, a new warning"


def test_a_limit_that_is_raised_can_be_passed_again(stand: Stand) -> None:
    stand.spends("a", 5.0)
    stand.limits = replace(LIMITS, daily=10.0)
    stand.spends("b", 0.1)
    assert stand.verdict().act is Act.GO
    stand.spends("c", 5.0)
    assert stand.told() == [(Period.DAY, Level.SPENT), (Period.DAY, Level.SPENT)]


def test_without_limits_everything_goes_and_nothing_is_told(stand: Stand) -> None:
    stand.limits = BudgetSettings(at_limit=AtLimit.STOP)
    stand.spends("a", 1_000.0)
    assert (stand.verdict().act, stand.told()) == (Act.GO, [])
    assert stand.watch.state().level is Level.WITHIN


def test_a_limit_that_is_set_has_the_ledger_read_first(stand: Stand) -> None:
    stand.watch.begin()
    stand.watch.read()
    stand.limits = BudgetSettings(at_limit=AtLimit.STOP)
    stand.spends("uncounted", 3.0)
    stand.shelf.write("uncounted", NOON, 3.0)
    stand.limits = LIMITS
    stand.spends("counted", 2.5)
    stand.shelf.write("counted", NOON, 2.5)
    assert stand.verdict().act is Act.STOP
    assert stand.watch.state().spent_today == 5.5
    stand.watch.close()


async def test_nobody_else_waits_while_a_request_waits_for_the_ledger(stand: Stand) -> None:
    read, may = stand.shelf.total, threading.Event()

    def slowly(wanted: Filter) -> Sum:
        may.wait(60)
        return read(wanted)

    stand.shelf.total = slowly  # type: ignore[method-assign]
    stand.watch.begin()
    first = asyncio.create_task(stand.watch.verdict())
    await asyncio.sleep(0.05)
    assert not first.done()
    may.set()
    assert (await first).act is Act.GO
    stand.watch.close()


def test_asking_often_reads_the_ledger_seldom(stand: Stand) -> None:
    stand.watch.begin()
    for _ in range(2_000):
        stand.verdict()
    stand.watch.close()
    assert stand.shelf.totals <= 4


@pytest.mark.parametrize(
    ("at_limit", "act"), [(AtLimit.WARN, Act.GO), (AtLimit.DOWNGRADE, Act.DOWNGRADE), (AtLimit.STOP, Act.STOP)]
)
def test_what_follows_is_what_the_user_chose(at_limit: AtLimit, act: Act) -> None:
    limits = replace(LIMITS, at_limit=at_limit)
    assert judged(BudgetState(Spent(5.0), Spent(5.0), limits)).act is act
    assert judged(BudgetState(Spent(4.999), Spent(4.999), limits)).act is Act.GO


def test_the_reason_is_the_same_for_every_request_and_says_the_longer_limit_first() -> None:
    one, other = (judged(BudgetState(Spent(usd), Spent(usd), LIMITS)) for usd in (5.0, 6.0))
    assert one == other
    assert one.reason == "the daily budget of $5.00 is used up"
    assert "go on tomorrow" in refusal(one)
    both = judged(BudgetState(Spent(60.0), Spent(60.0), LIMITS))
    assert both.reason == "the monthly budget of $50.00 is used up"
    assert "go on next month" in refusal(both)
