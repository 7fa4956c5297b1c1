"""The ledger asked: pages of requests, one request whole, its bodies, sums and sessions.

Writes nothing, but that the tables of an older version are brought up to date before they are read.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from proxy_core.errors import ConfigError
from proxy_core.ledger import compression, ledger_file, query_filter, row_reading, summing
from proxy_core.ledger.ledger_file import NotOurs, is_damage
from proxy_core.ledger.query_filter import LAST, QueryConditions
from proxy_core.ledger.rows import BodyKind, Contents, Filter, Grouping, Kept, RequestRow, SessionRow, Sum
from proxy_core.ledger.schema import VERSION, foreign, newer, version_of

_BUSY: Final = 5.0
"""Seconds that a question waits for a writer that makes room for it."""

_PAGE: Final = 1_000
"""Requests per page where all are read: an export then holds a page in memory and not the whole log."""

_AT_A_TIME: Final = 256
"""Requests whose bodies are searched between two checks for a cancellation: a search may take minutes."""


class LedgerUnreadable(ConfigError):
    """The file is damaged, or no ledger."""


class LookCancelled(Exception):
    """Somebody called :meth:`Ledger.cancel` while a question was being answered."""


class Ledger:
    """Answers from the file at ``path``, which need not be there yet: then there is nothing in it.

    Every method blocks, and may be called from any thread; each thread gets a connection of its own. Raises
    :class:`LedgerUnreadable` for a damaged file and :class:`LookCancelled` after :meth:`cancel`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.local()
        self._lock = threading.Lock()
        self._opened: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._cancelled = 0

    def page(self, wanted: Filter = Filter(), *, before: int | None = None, limit: int = 100) -> tuple[RequestRow, ...]:  # noqa: B008 - frozen
        """The newest ``limit`` requests, newest first, of those with a number below ``before``."""
        return self._rows(wanted, limit, high=LAST if before is None else before - 1)

    def after(self, number: int, wanted: Filter = Filter(), limit: int = 1000) -> tuple[RequestRow, ...]:  # noqa: B008
        """What has begun since the request ``number``, oldest first. None is passed over, whoever writes."""
        return self._rows(wanted, limit, low=number + 1, newest_first=False)

    def every(self, wanted: Filter = Filter()) -> Iterator[RequestRow]:  # noqa: B008
        """All such requests, newest first, read a page at a time: as many as there are, never more in memory."""
        before: int | None = None
        while page := self.page(wanted, before=before, limit=_PAGE):
            yield from page
            before = page[-1].number

    def not_written(self) -> str:
        """Return why this version only reads the ledger; empty where it may write to it. Raises LedgerUnreadable."""
        with self._asking() as connection:
            return "" if connection is None else newer(connection, self._path)

    def row(self, id_: str) -> RequestRow | None:
        """One request by its whole id."""
        found = self.starting(id_, limit=1)
        return found[0] if found and found[0].record.id == id_ else None

    def starting(self, prefix: str, limit: int = 2) -> tuple[RequestRow, ...]:
        """The requests whose id begins so, in the order of their ids."""
        with self._asking() as connection:
            if connection is None or limit < 1:
                return ()
            sql = "SELECT number FROM requests WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
            found = connection.execute(sql, (prefix, f"{prefix}\U0010ffff", limit))
            return row_reading.rows(connection, [number for (number,) in found])

    def over(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of these requests that are there with their end."""
        with self._asking() as connection:
            if connection is None:
                return frozenset()
            sql = "SELECT id FROM requests WHERE state <> 0 AND id IN (SELECT value FROM json_each(?))"
            return frozenset(id_ for (id_,) in connection.execute(sql, (json.dumps(ids),)))

    def body(self, id_: str, part: BodyKind) -> bytes | None:
        """A body without secrets; None where it is not kept (any more)."""
        with self._asking() as connection:
            if connection is None:
                return None
            sql = "SELECT packed FROM bodies WHERE request = (SELECT number FROM requests WHERE id = ?) AND part = ?"
            found = connection.execute(sql, (id_, part.value)).fetchone()
            return None if found is None else compression.decompress(found[0])

    def kept(self, id_: str) -> tuple[Kept, ...]:
        """Which bodies of a request are kept, and what was done to them."""
        with self._asking() as connection:
            if connection is None:
                return ()
            sql = (
                "SELECT part, size, cut, hidden FROM bodies "
                "WHERE request = (SELECT number FROM requests WHERE id = ?) ORDER BY number"
            )
            found = connection.execute(sql, (id_,))
            return tuple(Kept(BodyKind(part), size, bool(cut), hidden) for part, size, cut, hidden in found)

    def count(self, wanted: Filter = Filter()) -> int:  # noqa: B008
        """How many requests there are."""
        with self._asking() as connection:
            found = self._resolved(connection, wanted)
            return 0 if connection is None or found is None else summing.count(connection, found)

    def contents(self) -> Contents:
        """How much there is, and on disk: what deleting it takes."""
        aside = bool(ledger_file.those_aside(self._path))
        size = ledger_file.size_on_disk(self._path)
        with self._asking() as connection:
            found = self._resolved(connection, Filter())
            if connection is None or found is None:
                return Contents(bytes=size, set_aside=aside)
            sql = "SELECT count(DISTINCT request), ifnull(sum(packed_size), 0) FROM bodies"
            conversations, conversation_bytes = connection.execute(sql).fetchone()
            return Contents(summing.count(connection, found), conversations, conversation_bytes, size, aside)

    def total(self, wanted: Filter = Filter()) -> Sum:  # noqa: B008
        """What they add up to."""
        with self._asking() as connection:
            found = self._resolved(connection, wanted)
            return Sum() if connection is None or found is None else summing.total(connection, found)

    def sums(self, by: Grouping, wanted: Filter = Filter(), *, per_day: bool = False) -> tuple[Sum, ...]:  # noqa: B008
        """What they add up to in groups: the biggest cost first; with ``per_day``, or by day, the oldest day first."""
        with self._asking() as connection:
            found = self._resolved(connection, wanted)
            return () if connection is None or found is None else summing.sums(connection, by, found, per_day=per_day)

    def sessions(
        self,
        wanted: Filter = Filter(),  # noqa: B008
        *,
        before: float | None = None,
        limit: int = 100,
    ) -> tuple[SessionRow, ...]:
        """Sessions with such requests, the latest first, of those that were last active before ``before``."""
        with self._asking() as connection:
            found = self._resolved(connection, wanted)
            return () if connection is None or found is None else summing.sessions(connection, found, before, limit)

    def names(self, by: Grouping) -> tuple[str, ...]:
        """All that there are of a kind, for menus: sessions the latest first, days too, others by name."""
        with self._asking() as connection:
            return () if connection is None else summing.names(connection, by)

    def cancel(self) -> None:
        """End every question that is being answered now, in whatever thread."""
        self._cancelled += 1
        with self._lock:
            for _, connection in self._opened:
                connection.interrupt()

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        with self._lock:
            opened, self._opened = self._opened, []
        for _, connection in opened:
            connection.close()
        self._own = threading.local()

    def _rows(
        self, wanted: Filter, limit: int, *, low: int = 0, high: int = LAST, newest_first: bool = True
    ) -> tuple[RequestRow, ...]:
        with self._asking() as connection:
            if connection is None or limit < 1 or (found := query_filter.resolve(connection, wanted)) is None:
                return ()
            found = query_filter.within(found, low, high)
            if wanted.body:
                numbers = tuple(self._holding(connection, found, wanted.body, limit, newest_first=newest_first))
            else:
                numbers = query_filter.numbers(connection, found, limit, newest_first=newest_first)
            return row_reading.rows(connection, numbers)

    def _resolved(self, connection: sqlite3.Connection | None, wanted: Filter) -> QueryConditions | None:
        if connection is None or (found := query_filter.resolve(connection, wanted)) is None:
            return None
        if not wanted.body:
            return found
        return query_filter.among(found, tuple(self._holding(connection, found, wanted.body, LAST, newest_first=True)))

    def _holding(
        self, connection: sqlite3.Connection, wanted: QueryConditions, text: str, limit: int, *, newest_first: bool
    ) -> Iterator[int]:
        """Of the requests that meet the conditions those with ``text`` in a body; as many bodies as needed are read."""
        begun = self._cancelled
        while limit > 0:
            numbers = summing.with_bodies(connection, wanted, _AT_A_TIME, newest_first=newest_first)
            if not numbers:
                return
            for number in numbers:
                if self._cancelled != begun:
                    raise LookCancelled
                packed = connection.execute("SELECT packed FROM bodies WHERE request = ?", (number,))
                if any(compression.holds(compression.decompress(data), text) for (data,) in packed):
                    yield number
                    limit -= 1
                    if limit == 0:
                        return
            past = {"high": numbers[-1] - 1} if newest_first else {"low": numbers[-1] + 1}
            wanted = query_filter.within(wanted, past.get("low", 0), past.get("high", LAST))

    @contextmanager
    def _asking(self) -> Iterator[sqlite3.Connection | None]:
        """A connection that sees one state of the file; None where there is no ledger yet."""
        try:
            connection = self._connection()
            if connection is None:
                yield None
                return
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.rollback()
        except sqlite3.DatabaseError as fault:
            if getattr(fault, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise LookCancelled from fault
            after = " The next Understudy that runs sets it aside and begins a new one." if is_damage(fault) else ""
            raise LedgerUnreadable(f"The ledger at {self._path} cannot be read: {fault}.{after}") from fault

    def _connection(self) -> sqlite3.Connection | None:
        """This thread's; another one when the file is another one, as after damage."""
        try:
            here = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise LedgerUnreadable(f"The ledger at {self._path} cannot be read: {fault.strerror or fault}.") from fault
        known = getattr(self._own, "opened", None)
        if known is not None and known[1:] == (here.st_ino, here.st_dev):
            return known[0]  # type: ignore[no-any-return]
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=_BUSY,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            refusal = foreign(connection, self._path)
            version = version_of(connection)
            if 0 < version < VERSION and not refusal:
                self._bring_up()
            connection.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            connection.close()
            raise
        if refusal or version == 0:  # made, but not yet filled
            connection.close()
        if refusal:
            raise LedgerUnreadable(refusal)
        if version == 0:
            return None
        with self._lock:
            for thread, old in self._opened:
                if not thread.is_alive() or thread is threading.current_thread():
                    old.close()
            self._opened = [
                each for each in self._opened if each[0].is_alive() and each[0] is not threading.current_thread()
            ]
            self._opened.append((threading.current_thread(), connection))
        self._own.opened = (connection, here.st_ino, here.st_dev)
        return connection

    def _bring_up(self) -> None:
        """An older version's file: nobody may have written to it since the update."""
        try:
            ledger_file.connect(self._path).close()
        except (OSError, NotOurs) as fault:
            raise LedgerUnreadable(f"The ledger at {self._path} cannot be brought up to date: {fault}") from fault
