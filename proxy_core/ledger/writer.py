"""The writer's side of the ledger: stories and bodies in memory, batches to the file, and what is done when it refuses.

Everything here happens in one thread, but for what is only read from others: ``trouble``, ``lost``, ``freed``.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy_core.config.settings import LogSettings
from proxy_core.ledger import ledger_file, retention
from proxy_core.ledger.body_keeping import BodyBuffer, Packed
from proxy_core.ledger.ledger_file import NotOurs
from proxy_core.ledger.record_repository import AT_ONCE, RecordRepository
from proxy_core.ledger.redaction import Redaction
from proxy_core.ledger.request_events import (
    BodyCaptured,
    BodyKind,
    Finished,
    RequestEvent,
    RequestRecord,
    Started,
    aggregate,
)
from proxy_core.ledger.row_writing import PricedRecord

TOGETHER: Final = 0.03
"""Seconds between two batches: what is lost at most when the process is killed, with the time that a batch takes."""

CHORES_EVERY: Final = 30.0
"""Seconds between two looks at what is too old, and at processes that died: rare, since each reads the file."""

STORIES_HELD: Final = 20_000
"""Requests held for a disk that refuses, some tens of megabytes; of more, the oldest are lost."""

LATEST: Final = 4.0
"""Seconds that a body waits at most for a quiet moment: what a killed process may lose of them."""

_SLICE: Final = 0.000_3
"""Seconds of work on bodies after which the proxy's thread gets its turn; less than the switch interval of 1 ms."""

_REST: Final = 9 * _SLICE
"""Seconds of its turn while requests come and go: beside them, bodies get a tenth of a processor at most."""

_LOOK_EVERY: Final = 0.5
"""Seconds between two checks that the open file is still the one at its path: the user may have deleted it."""

_BODIES_TOGETHER: Final = 500
_BYTES_TOGETHER: Final = 1024 * 1024
"""Compressed bodies that one transaction writes, and about how many bytes of them: milliseconds, between which rows are
written."""

_TRY_AGAIN: Final = 1.0
"""Seconds until the next attempt at a disk that refused: soon enough to be of use when there is room again."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the writer goes by: the settings in force, what a request cost, the time, whether a process lives."""

    log: Callable[[], LogSettings]
    price: Callable[[RequestRecord], tuple[float, bool] | None]
    clock: Callable[[], float]
    is_alive: Callable[[int], bool]


class Writer:
    """Keeps what it is given until the file has it. ``freed`` counts the bytes of bodies that no longer wait here;
    ``behind`` says that the last batch had no time for all rows.
    """

    def __init__(self, path: Path, terms: Terms, redaction: Redaction) -> None:
        self.trouble = ""
        self.notice = ""
        self.lost = 0
        self.lost_bodies = 0
        self.freed = 0
        self.behind = False
        self.keeps_bodies = True
        self._path = path
        self._terms = terms
        self._redaction = redaction
        self._connection: sqlite3.Connection | None = None
        self._book: RecordRepository | None = None
        self._file: tuple[int, int] | None = None
        self._heard: dict[str, list[RequestEvent]] = {}
        self._over: set[str] = set()
        self._touched: dict[str, None] = {}
        self._gathering: dict[tuple[str, BodyKind], BodyBuffer] = {}
        self._jobs: deque[tuple[float, BodyBuffer]] = deque()
        self._job: tuple[float, BodyBuffer, Generator[None, None, Packed]] | None = None
        self._ready: list[tuple[BodyBuffer, Packed]] = []
        self._look_at = 0.0
        self._retry_at = 0.0
        self._chores_at = 0.0
        self._has_chores = True
        self._deadline: float | None = None

    @property
    def busy(self) -> bool:
        """Whether there is something to do before any more news comes."""
        return bool(self._jobs or self._job or self._ready) and not self.trouble

    @property
    def late(self) -> bool:
        """Whether a body has waited as long as it may."""
        oldest = self._job or (self._jobs[0] if self._jobs else None)
        return oldest is not None and time.monotonic() - oldest[0] >= LATEST

    @property
    def patience(self) -> float:
        """Seconds that may be waited for news."""
        if self.trouble or self._touched:
            return _TRY_AGAIN
        return TOGETHER if self._has_chores else CHORES_EVERY

    def hurry(self, deadline: float) -> None:
        """No more turns for others; all is to be done by this time of the monotonic clock."""
        self._deadline = deadline

    def take(self, events: RequestEvent) -> None:
        """Take one piece of news."""
        if isinstance(events, BodyCaptured):
            self._take_body(events)
            return
        if isinstance(events, Finished):
            for part in BodyKind:  # what was still coming does not come any more
                if (left := self._gathering.pop((events.id, part), None)) is not None:
                    self._jobs.append((time.monotonic(), left))
            self._over.add(events.id)
        if (heard := self._heard.get(events.id)) is not None:
            heard.append(events)
        elif isinstance(events, (Started, Finished)):
            self._heard[events.id] = [events]
        else:
            return
        self._touched[events.id] = None

    def give_up(self, id_: str, part: BodyKind) -> None:
        """A piece of this body was left out: the rest is worth nothing."""
        self.lost_bodies += 1
        if (left := self._gathering.pop((id_, part), None)) is not None:
            self.freed += left.held

    def step(self, *, quiet: bool) -> bool:
        """Some work on bodies, then a moment for others, longer unless it is ``quiet``; False when there is none."""
        if self._job is None and not self._jobs:
            return False
        until = time.perf_counter() + _SLICE
        while time.perf_counter() < until and (self._job is not None or self._jobs):
            self._step()
        if self._deadline is None:
            time.sleep(_SLICE if quiet else _REST)
        return True

    def write(self) -> None:
        """Everything that was taken goes to the file, as far as it lets us."""
        self.behind = False
        now = time.monotonic()
        chores = now >= self._chores_at
        if not (self._touched or self._ready or chores) or (self.trouble and now < self._retry_at):
            self._shed()
            return
        log = self._terms.log()
        self.keeps_bodies = log.bodies and log.days > 0 and log.megabytes > 0
        for _ in range(2):  # once more after a damaged file was set aside
            try:
                self._write(log, chores=chores)
            except NotOurs as fault:
                self._refuse(str(fault))
            except sqlite3.Error as fault:
                if self._recover(fault):
                    continue
            except OSError as fault:
                self._refuse(f"The ledger at {self._path} cannot be written: {fault.strerror or fault}.")
            else:
                self.trouble = ""
                if chores:
                    self._chores_at = now + (TOGETHER if self._has_chores else CHORES_EVERY)
            return

    def finish(self) -> None:
        """Rows first, then bodies as long as there is time."""
        self.write()
        while (self._deadline or 0.0) > time.monotonic() and self.step(quiet=True):
            pass
        while self._ready and not self.trouble and (self._deadline or 0.0) > time.monotonic():
            self.write()

    def close(self) -> None:
        """Close the file; a transaction that a fault interrupted is rolled back, so that it locks out no one else."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._book = self._file = None

    def _take_body(self, events: BodyCaptured) -> None:
        key = (events.id, events.part)
        body = self._gathering.get(key)
        if body is None:
            body = self._gathering[key] = BodyBuffer(events)
        self.freed += body.take(events)
        if events.whole:
            self._jobs.append((time.monotonic(), self._gathering.pop(key)))

    def _step(self) -> None:
        if self._job is None:
            since, body = self._jobs.popleft()
            self._job = since, body, body.steps(self._redaction)
        _, body, steps = self._job
        try:
            next(steps)
        except StopIteration as end:
            self._ready.append((body, end.value))
            self._job = None
        except (ValueError, TypeError, RecursionError):  # nested too deeply to be written as JSON
            self._lose(body)
            self._job = None

    def _lose(self, body: BodyBuffer) -> None:
        self.lost_bodies += 1
        self.freed += body.held

    def _write(self, log: LogSettings, *, chores: bool) -> None:
        connection, book = self._opened()
        self._redaction.look_again()
        # Those that are over must not wait for the others.
        self._write_rows(connection, book, sorted(self._touched, key=lambda id_: id_ not in self._over))
        self._write_bodies(connection, book)
        if chores:
            self._do_chores(connection, book, log)

    def _write_rows(self, connection: sqlite3.Connection, book: RecordRepository, ids: list[str]) -> None:
        """A few at a time, so that the first do not wait for the last, nor those that end meanwhile."""
        until = time.monotonic() + TOGETHER
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            if start and time.monotonic() >= until and self._deadline is None:
                self.behind = True
                return
            entries = [self._entry(aggregate(self._heard[id_])) for id_ in some]
            connection.execute("BEGIN IMMEDIATE")
            book.write(entries)
            connection.execute("COMMIT")
            for id_ in some:
                del self._touched[id_]
                if id_ in self._over:
                    self._forget(id_)

    def _write_bodies(self, connection: sqlite3.Connection, book: RecordRepository) -> None:
        """Some of those that are ready: the next rows must not wait for all of them."""
        some, size = [], 0
        for body, packed in self._ready[:_BODIES_TOGETHER]:
            if size >= _BYTES_TOGETHER:
                break
            some.append((body, packed))
            size += len(packed.data)
        if not some:
            return
        connection.execute("BEGIN IMMEDIATE")
        book.keep([packed for _, packed in some])
        connection.execute("COMMIT")
        del self._ready[: len(some)]
        self.freed += sum(body.held for body, _ in some)

    def _do_chores(self, connection: sqlite3.Connection, book: RecordRepository, log: LogSettings) -> None:
        now = self._terms.clock()
        if self._heard or book.has_running():
            connection.execute("BEGIN IMMEDIATE")
            book.live(now, self._terms.is_alive)
            connection.execute("COMMIT")
        self._has_chores = retention.prune(connection, log, now)

    def _entry(self, record: RequestRecord) -> PricedRecord:
        priced = self._terms.price(record) if record.ended is not None else None
        return PricedRecord(record) if priced is None else PricedRecord(record, *priced)

    def _opened(self) -> tuple[sqlite3.Connection, RecordRepository]:
        """The file that stands at our path now."""
        if self._connection is not None and self._book is not None:
            now = time.monotonic()
            if now < self._look_at:
                return self._connection, self._book
            self._look_at = now + _LOOK_EVERY
            if ledger_file.identity(self._path) == self._file:
                return self._connection, self._book
            self._touched.update(dict.fromkeys(self._heard))
        self.close()  # another file stands there now, or the book could not be made the last time
        self._connection = ledger_file.connect(self._path)
        self._file = ledger_file.identity(self._path)
        self._book = RecordRepository(self._connection, os.getpid(), self._terms.clock(), self._redaction.text)
        return self._connection, self._book

    def _recover(self, fault: sqlite3.Error) -> bool:
        """After the file refused; True when it is worth another try at once."""
        if self._connection is not None and self._connection.in_transaction:
            self._roll_back(self._connection)
        if self._book is not None:
            self._book.forget()
        if not ledger_file.is_damage(fault):
            code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
            if code not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY}:
                self.close()
            why = "the disk is full" if code == sqlite3.SQLITE_FULL else str(fault)
            self._refuse(f"The ledger at {self._path} cannot be written: {why}. Requests go on.")
            return False
        damaged = self._file or ledger_file.identity(self._path)
        self.close()
        try:
            aside = ledger_file.set_aside(self._path, damaged, self._terms.clock())
        except OSError as refused:
            self._refuse(f"The ledger at {self._path} is damaged and cannot be set aside: {refused.strerror}.")
            return False
        if aside is not None:
            self.notice = f"The ledger was damaged. It was set aside as {aside}, and a new one was begun."
        self._touched.update(dict.fromkeys(self._heard))
        return True

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        try:
            connection.rollback()
        except sqlite3.Error:  # the fault that led here says it all; the file is opened anew
            self.close()

    def _refuse(self, sentence: str) -> None:
        self.trouble = sentence
        self._retry_at = time.monotonic() + _TRY_AGAIN
        self._shed()

    def _shed(self) -> None:
        """Of too many requests that wait, the oldest of those that are over are lost."""
        for id_ in [*self._touched][: max(0, len(self._touched) - STORIES_HELD)]:
            if id_ in self._over:
                del self._touched[id_]
                self._forget(id_)
                self.lost += 1

    def _forget(self, id_: str) -> None:
        del self._heard[id_]
        self._over.discard(id_)
