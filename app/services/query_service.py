"""What windows ask of the ledger, answered in a lane of its own; among it today's sums, anew when something ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from PySide6.QtCore import QCoreApplication

from app.services.context import ServiceContext
from app.services.curl import as_curl
from app.services.worker_queue import Result
from app.state.app_state import BudgetView
from app.state.commands import ReadPage, ReadSessions, ReadUsage
from app.state.events import LedgerWarning, PageLoaded, TotalsLoaded
from app.state.query_results import BodiesRead, LogMeasured, NamesRead, PageRead, SessionsRead, UsageRead
from app.state.state_store import After
from proxy_core.config.settings import PASSTHROUGH
from proxy_core.errors import ConfigError
from proxy_core.ledger.budget import BudgetState
from proxy_core.ledger.pricing import without_price
from proxy_core.ledger.reading import Ledger, LookCancelled
from proxy_core.ledger.request_events import BodyKind
from proxy_core.ledger.rows import Filter, Grouping, Sum

translate = QCoreApplication.translate

EVERY: Final = 3.0
"""Seconds between two readings of today's sums while requests end: a person cannot tell, and each reads the file."""


class Spending(Protocol):
    """Where the budget stands."""

    def read(self) -> None:
        """Ask the ledger; blocks."""
        ...

    def state(self) -> BudgetState:
        """What was spent, also what the ledger does not have yet, and the limits in force."""
        ...

    def close(self) -> None:
        """Close the file, once nobody else reads it."""
        ...


class QueryService:
    """Asks the ledger at ``path`` in the ledger's lane only. ``trouble`` is what is wrong with writing it, or empty.

    ``spending`` is the proxy's own account of the budget, so that what is shown is what it acts by.
    """

    def __init__(
        self, context: ServiceContext, path: Path, after: After, trouble: Callable[[], str], spending: Spending
    ) -> None:
        self._context = context
        self._spending = spending
        self._trouble = trouble
        self._ledger = Ledger(path)
        self._pages = Ledger(path)  # by itself: a page may be cancelled, sums may not
        self._after = after
        self._hours: dict[float, Sum] = {}
        self._summing = False
        self._newest: ReadPage | None = None

    def close(self) -> None:
        """Answer nothing any more, and close the file in the thread that reads it."""
        self._context.queues.ledger.close(self._close_file)

    def _close_file(self) -> None:
        self._ledger.close()
        self._pages.close()
        self._spending.close()

    def page(self, asked: ReadPage) -> None:
        """A page of requests. A newer question ends one for a first page that is still being answered."""
        if asked.before is None:
            if self._newest is not None:
                self._pages.cancel()
            self._newest = asked

        def job() -> PageRead | None:
            while asked.before is not None or self._newest is asked:
                with contextlib.suppress(LookCancelled):  # for a newer question, which may not have meant this one
                    rows = self._pages.page(asked.wanted, before=asked.before, limit=asked.limit)
                    return PageRead(asked, rows)
            return None

        def then(found: PageRead | None) -> None:
            if self._newest is asked:
                self._newest = None
            if found is not None:
                self._context.screen.on_result(found)
                if asked.before is None and asked.wanted == Filter():
                    self._context.store.apply(PageLoaded(frozenset(row.record.id for row in found.rows)))

        def failed(sentence: str) -> None:
            self._context.screen.on_result(PageRead(asked, (), sentence))

        self._context.queues.ledger.run(job, then, failed)

    def bodies(self, id_: str) -> None:
        """What is kept of one request."""

        def job() -> BodiesRead:
            found = {part: self._ledger.body(id_, part) for part in BodyKind}
            kept = {part: body for part, body in found.items() if body is not None}
            return BodiesRead(id_, self._ledger.row(id_), kept, self._ledger.kept(id_))

        self._run(job, self._context.screen.on_result)

    def sessions(self, asked: ReadSessions) -> None:
        """A page of sessions."""
        self._run(
            lambda: SessionsRead(asked, self._ledger.sessions(asked.wanted, before=asked.before)),
            self._context.screen.on_result,
        )

    def usage(self, asked: ReadUsage) -> None:
        """Sums per day and in all."""

        def job() -> UsageRead:
            per_day = self._ledger.sums(asked.by, asked.wanted, per_day=True)
            return UsageRead(
                asked, per_day, self._ledger.sums(asked.by, asked.wanted), self._ledger.total(asked.wanted)
            )

        self._run(job, self._context.screen.on_result)

    def names(self) -> None:
        """What filter menus offer."""

        def job() -> NamesRead:
            kinds = (Grouping.MODEL, Grouping.PROJECT, Grouping.PROFILE, Grouping.SESSION)
            return NamesRead(*(self._ledger.names(kind) for kind in kinds))

        self._run(job, self._context.screen.on_result)

    def contents(self) -> None:
        """How much there is, before it is deleted."""

        def failed(sentence: str) -> None:
            self._context.screen.on_result(LogMeasured(trouble=sentence))

        self._context.queues.ledger.run(
            lambda: LogMeasured(self._ledger.contents()), self._context.screen.on_result, failed
        )

    def curl(self, id_: str) -> None:
        """A request as a command, to the clipboard."""
        address = self._context.store.state.proxy.address

        def job() -> str:
            row, body = self._ledger.row(id_), self._ledger.body(id_, BodyKind.REQUEST)
            if row is None or body is None:
                raise ConfigError(translate("Doing", "The body of this request is not kept any more."))
            return as_curl(address, row.record.path, body)

        def then(text: str) -> None:
            self._context.screen.copy(text)
            self._context.say(translate("Doing", "The request is in the clipboard; put your token where it says so."))

        self._context.queues.ledger.run(job, then, self._context.report_error)

    def sum_soon(self) -> None:
        """Today's sums again, in a few seconds; what else ends until then is in them."""
        if not self._summing:
            self._summing = True
            self._after(EVERY, self.sum_now)

    def sum_now(self) -> None:
        """Today's sums, now."""
        self._summing = False
        choice = self._context.settings.current

        def job() -> TotalsLoaded:
            now = datetime.fromtimestamp(time.time())  # noqa: DTZ006 - the user's own day
            today = now.replace(hour=0, minute=0, second=0, microsecond=0)
            total = self._ledger.total(Filter(since=today.timestamp()))
            hour = self._ledger.total(Filter(since=time.time() - 3600))
            self._spending.read()
            spent = self._spending.state()
            budget = BudgetView(spent.spent_today, spent.spent_month, spent.daily, spent.monthly)
            if budget.has_limit:  # else the price list is not read for this
                models = dict.fromkeys(target for target in choice.roles().values() if target != PASSTHROUGH)
                unpriced = without_price(models, choice.known, choice.settings)
                budget = replace(budget, unpriced=unpriced, models=len(models))
            return TotalsLoaded(total, self._by_hour(today, now), hour.first_token, budget)

        def then(found: TotalsLoaded) -> None:
            self._context.store.apply(LedgerWarning(self._trouble()))
            self._context.store.apply(found)

        self._run(job, then)

    def _by_hour(self, today: datetime, now: datetime) -> tuple[Sum, ...]:
        """A sum for each hour of today so far; those long past are not asked for again."""
        starts = [(today + timedelta(hours=hour)) for hour in range(now.hour + 1)]
        self._hours = {at: found for at, found in self._hours.items() if at >= today.timestamp()}
        for start in starts:
            since = start.timestamp()
            if since not in self._hours or now - start < timedelta(hours=2):
                self._hours[since] = self._ledger.total(Filter(since=since, until=since + 3600))
        return tuple(self._hours[start.timestamp()] for start in starts)

    def _run(self, job: Callable[[], Result], then: Callable[[Result], None]) -> None:
        self._context.queues.ledger.run(job, then, self._failed)

    def _failed(self, sentence: str) -> None:
        self._context.store.apply(LedgerWarning(sentence))
