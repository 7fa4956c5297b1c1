"""The budget while requests run: the ledger's sums, and what was heard since and is not in them yet.

The ledger tells what all processes spent, but lags behind by its writer and by the time between two readings; the news
tell what this process spends, at once. A cost that was heard counts until the ledger has its request, and goes on
counting if the disk never takes it. While no limit is set nothing is counted, for that would stand in the way of every
request; the first request after one was set waits for the ledger, as after a start.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from proxy_core.config.settings import BudgetSettings
from proxy_core.errors import UnderstudyError
from proxy_core.ledger.budget import GO, BudgetState, BudgetVerdict, Crossing, Level, Period, Spent, crossings, judged
from proxy_core.ledger.pricing import Cost
from proxy_core.ledger.request_events import (
    AttemptMade,
    Finished,
    RequestEvent,
    RequestRecord,
    Routed,
    Started,
    aggregate,
)
from proxy_core.ledger.rows import Filter, Sum

_FRESH: Final = 15.0
"""Seconds after which the ledger is read again, if somebody asks: others may have spent meanwhile."""

_PATIENCE: Final = 2.0
"""Seconds that a request waits for the first reading, so that neither a restart nor a new limit lets more be spent."""

_LOOKED_UP: Final = 2_000
"""Requests that one reading looks up in the ledger, the oldest first; the next one takes the rest."""

_REMEMBERED: Final = 20_000
"""Requests that are remembered until the ledger has them; the oldest beyond are taken for written. As many as the
ledger holds for a disk that refuses."""


class Sums(Protocol):
    """What is asked of the ledger; both block."""

    def total(self, wanted: Filter) -> Sum:
        """What requests add up to."""
        ...

    def over(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of these requests that are there with their end."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Unix times: when this day and this month began in local time, and when the day ends."""

    day: float
    month: float
    tomorrow: float


class BudgetWatch:
    """A listener that knows where the budget stands, and the port that says what it means for a request.

    ``limits`` gives the settings in force, ``price`` what a request that is over cost. ``told`` hears of each limit
    that is passed, once a period, in the proxy's thread or in the one that reads. ``clock`` is Unix time in seconds.
    """

    def __init__(
        self,
        ledger: Sums,
        *,
        limits: Callable[[], BudgetSettings],
        price: Callable[[RequestRecord], Cost | None],
        told: Callable[[Crossing], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._limits = limits
        self._price = price
        self._told = told
        self._clock = clock
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._running: dict[str, list[RequestEvent]] = {}
        self._heard: dict[str, tuple[float, Spent]] = {}
        self._in_ledger = dict.fromkeys(Period, Spent())
        self._not_yet = dict.fromkeys(Period, Spent())
        self._passed: dict[Period, Level] = {}
        self._calendar = _calendar(clock())
        self._trouble = ""
        self._due = 0.0
        self._known = threading.Event()
        self._is_behind = False
        self._wanted = threading.Event()
        self._ending = threading.Event()
        self._users = 0

    def begin(self) -> None:
        """Read the ledger, in a thread of its own that stays until each one who began has closed."""
        self._users += 1
        if self._users == 1:
            self._ending, self._wanted = threading.Event(), threading.Event()
            self._wanted.set()
            threading.Thread(
                target=self._read_when_wanted, args=(self._wanted, self._ending), name="understudy-budget", daemon=True
            ).start()

    def close(self) -> None:
        """End the thread and let go of the file; what is known stays known."""
        self._users -= 1
        if self._users == 0:
            self._ending.set()
            self._wanted.set()

    def on_event(self, events: RequestEvent) -> None:
        """Take what a request's cost is made of; everything else is passed over.

        This stands in the way of every request: what it adds up to is asked for once, at the end.
        """
        if isinstance(events, (Started, Routed, AttemptMade)):
            self._running.setdefault(events.id, []).append(events)
        elif isinstance(events, Finished):
            before = self._running.pop(events.id, ())
            if self._has_limits:
                self._count(aggregate((*before, events)))
            else:
                self._is_behind = True

    async def verdict(self) -> BudgetVerdict:
        """What becomes of a request that comes now. Costs next to nothing, but for the first after a start and after
        a limit was set, which waits for the ledger, for some seconds at most.
        """
        if not self._has_limits:
            return GO
        if self._users and (self._is_behind or not self._known.is_set()):
            await asyncio.to_thread(self._catch_up)
        return judged(self.state())

    def state(self) -> BudgetState:
        """Where the budget stands, as far as is known now; a reading that is due is asked for."""
        self._ask_when_due()
        with self._lock:
            self._turn_page()
            today, month = (self._in_ledger[period].plus(self._not_yet[period]) for period in Period)
            return BudgetState(today, month, self._limits(), self._trouble)

    @property
    def _has_limits(self) -> bool:
        limits = self._limits()
        return limits.daily > 0 or limits.monthly > 0

    def _count(self, record: RequestRecord) -> None:
        cost = self._price(record)
        billable = 0 if record.is_not_billed else 1
        spent = Spent(0.0, 0, billable) if cost is None else Spent(cost.usd, 1, 1)
        with self._lock:
            self._turn_page()
            self._heard[record.id] = (record.began, spent)
            if len(self._heard) > _REMEMBERED:
                del self._heard[next(iter(self._heard))]
            self._add(record.began, spent)
        self._tell()

    def _catch_up(self) -> None:
        """Have the ledger read, if it was not since something ended uncounted, and wait for that."""
        with self._lock:
            if self._is_behind:
                self._is_behind = False
                self._passed.clear()
                self._known.clear()
                self._wanted.set()
        self._known.wait(_PATIENCE)

    def _ask_when_due(self) -> None:
        if time.monotonic() >= self._due:
            self._wanted.set()

    def _read_when_wanted(self, wanted: threading.Event, ending: threading.Event) -> None:
        try:
            while wanted.wait() and not ending.is_set():
                wanted.clear()
                self._due = time.monotonic() + _FRESH
                self.read()
        finally:
            self._ledger.close()

    def read(self) -> None:
        """Ask the ledger now; blocks. What it has by now is no longer counted as heard. From any thread."""
        with self._reading:  # or of two the one that asked first might have the last word
            self._read()
        self._known.set()
        self._tell()

    def _read(self) -> None:
        calendar = _calendar(self._clock())
        with self._lock:
            heard = list(self._heard)[:_LOOKED_UP]
        try:
            # Looked for before the sums are made: what is there now is surely in them.
            there = self._ledger.over(heard)
            sums = {Period.DAY: calendar.day, Period.MONTH: calendar.month}
            found = {period: _spent(self._ledger.total(Filter(since=since))) for period, since in sums.items()}
        except UnderstudyError as error:
            with self._lock:
                self._trouble = error.message
        else:
            with self._lock:
                self._trouble = ""
                for id_ in there:
                    self._heard.pop(id_, None)
                self._calendar = calendar
                self._in_ledger = found
                self._count_heard()

    def _turn_page(self) -> None:
        """At midnight the day is empty, at the end of the month the month too; the ledger is read soon after."""
        now = self._clock()
        if now < self._calendar.tomorrow and now >= self._calendar.day:
            return
        before, self._calendar = self._calendar, _calendar(now)
        self._in_ledger[Period.DAY] = Spent()
        self._passed.pop(Period.DAY, None)
        if self._calendar.month != before.month:
            self._in_ledger[Period.MONTH] = Spent()
            self._passed.pop(Period.MONTH, None)
        self._count_heard()
        self._wanted.set()

    def _count_heard(self) -> None:
        self._not_yet = dict.fromkeys(Period, Spent())
        for began, spent in self._heard.values():
            self._add(began, spent)

    def _add(self, began: float, spent: Spent) -> None:
        """A request belongs to the day on which it began, as in the ledger."""
        for period, start in ((Period.DAY, self._calendar.day), (Period.MONTH, self._calendar.month)):
            if began >= start:
                self._not_yet[period] = self._not_yet[period].plus(spent)

    def _tell(self) -> None:
        if not self._has_limits:
            with self._lock:
                self._passed.clear()
            return
        state = self.state()
        with self._lock:
            passed = crossings(state, self._passed)
        for crossing in passed:
            self._told(crossing)


def _spent(found: Sum) -> Spent:
    return Spent(found.cost, found.priced, found.billable)


def _calendar(now: float) -> _Calendar:
    today = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006 - local days
    return _Calendar(today.timestamp(), today.replace(day=1).timestamp(), (today + timedelta(days=1)).timestamp())
