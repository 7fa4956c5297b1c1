"""Stories written into the ledger's tables: each request's row as it stands, what it has in common with others once."""

# ruff: noqa: S608 - statements are put together from names of ours; values are always bound

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final

from proxy_core.anthropic_api.json_text import mend_surrogates
from proxy_core.ledger.body_keeping import Packed
from proxy_core.ledger.request_events import RequestRecord, State
from proxy_core.ledger.row_writing import Clean, PricedRecord, body_row, own_texts, put_bodies, put_rows, row
from proxy_core.ledger.schema import STATES
from proxy_core.messages import Message, cleaned, decode, encode

KNOWN_KINDS: Final = 20_000
"""Kinds whose numbers are cached, some megabytes; the file has them all."""

GONE_AFTER: Final = 180.0
"""Seconds after which the running requests of a process that does not refresh its row count as cut off: six times the
interval of its refreshing (``proxy_core.ledger.writer.CHORES_EVERY``)."""

DAY: Final = 86_400.0

CUT_OFF: Final = Message("request.process_ended")

AT_ONCE: Final = 256
"""Requests that one transaction writes, in few statements. Each statement lets go of Python's lock, and a busy proxy
gives it back a switch interval later only: a statement for each would take seconds where this takes milliseconds."""

_PORTIONS: Final = (256, 128, 64, 32, 16, 8, 4, 2, 1)
"""Rows per statement. Powers of two, since SQLite caches each statement: 200 different counts took 50 MB."""

_TEXTS: Final = (
    *("path", "asked_for", "project", "profile", "role", "why", "provider", "model", "engine", "stop_reason"),
    *("error_type", "error", "warnings"),
)
_PLAIN: Final = attrgetter(*_TEXTS[:-1])
_KIND: Final = (
    f"INSERT INTO kinds (digest, {', '.join(_TEXTS)}, said) VALUES ({', '.join('?' * (len(_TEXTS) + 2))}) "
    "ON CONFLICT (digest) DO UPDATE SET digest = digest RETURNING number"
)
_SESSION: Final = """
    INSERT INTO sessions (id, project, profile, began, latest) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        began = min(began, excluded.began), latest = max(latest, excluded.latest),
        project = CASE project WHEN '' THEN excluded.project ELSE project END,
        profile = CASE profile WHEN '' THEN excluded.profile ELSE profile END
    RETURNING number"""


class RecordRepository:
    """Writes into an open file, each call within the caller's transaction. Raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection, pid: int, began: float, hide: Callable[[str], str]) -> None:
        """``hide`` takes the secrets out of a text."""
        self._connection = connection
        self._hide = hide
        self._kinds: dict[tuple[str, ...], int] = {}
        self._agents: set[tuple[int, str]] = set()
        self._wipes: int | None = None
        with connection:
            row = connection.execute(
                "INSERT INTO runs (pid, began, seen) VALUES (?, ?, ?) RETURNING number", (pid, began, began)
            ).fetchone()
        self.run: int = row[0]

    def write(self, entries: Sequence[PricedRecord]) -> None:
        """Write each story as it stands."""
        self._look_for_a_wipe()
        for start in range(0, len(entries), AT_ONCE):
            some = entries[start : start + AT_ONCE]
            records = [entry.record for entry in some]
            clean = self._clean if self._is_any_unclean(records) else _as_it_is
            sessions = self._sessions_of([record for record in records if record.session], clean)
            rows = [
                row(entry, self.run, self._kind_of(entry.record), sessions.get(entry.record.id, 0), clean)
                for entry in some
            ]
            self._put(put_rows, rows)

    def forget(self) -> None:
        """What was written last is not in the file: it was rolled back."""
        self._kinds.clear()
        self._agents.clear()

    def _look_for_a_wipe(self) -> None:
        """After a wipe, by whatever process, the kinds that are remembered here are no longer there."""
        wipes = self._connection.execute("SELECT max(number) FROM wipes").fetchone()[0]
        if wipes != self._wipes:
            self._wipes = wipes
            self.forget()

    def keep(self, bodies: Sequence[Packed]) -> None:
        """Bodies, each in the place of one of the same request and part; of a request that is not there, none."""
        self._put(put_bodies, [body_row(body) for body in bodies])

    def has_running(self) -> bool:
        """Whether any process's request runs, as far as the file knows."""
        return self._connection.execute("SELECT 1 FROM requests WHERE state = 0 LIMIT 1").fetchone() is not None

    def live(self, at: float, is_alive: Callable[[int], bool]) -> int:
        """Say that this run lives, and end the running requests of those that do not; their number.

        A run that is wrongly taken for dead loses nothing: what it tells later replaces what is written here.
        """
        execute = self._connection.execute
        execute("UPDATE runs SET seen = ? WHERE number = ?", (at, self.run))
        sql = """
            SELECT DISTINCT q.run, r.pid, r.seen FROM requests q LEFT JOIN runs r ON r.number = q.run
            WHERE q.state = 0 AND q.run <> ?"""
        execute(
            "DELETE FROM runs WHERE seen < ? AND number NOT IN (SELECT run FROM requests WHERE state = 0)", (at - DAY,)
        )
        ended = 0
        for run, pid, seen in execute(sql, (self.run,)).fetchall():
            if pid is not None and is_alive(pid) and at - seen < GONE_AFTER:
                continue
            running = execute("SELECT number, kind, began FROM requests WHERE state = 0 AND run = ?", (run,)).fetchall()
            for number, kind, began in running:
                last = max(began, began if seen is None else seen)
                cut = "UPDATE requests SET state = ?, kind = ?, ended = ? WHERE number = ?"
                execute(cut, (STATES[State.FAILED], self._cut_off(kind), last, number))
            ended += len(running)
        return ended

    def _put(self, statement: Callable[[int], str], rows: Sequence[tuple[Any, ...]]) -> None:
        """In portions of so many rows as there are statements for: SQLite keeps those that it has read, and one of 200
        rows takes half a megabyte.
        """
        start = 0
        for portion in _PORTIONS:
            while len(rows) - start >= portion:
                some = rows[start : start + portion]
                self._connection.execute(statement(portion), [value for row in some for value in row])
                start += portion

    def _kind_of(self, record: RequestRecord) -> int:
        plain = (*_PLAIN(record), *record.warnings)
        number = self._kinds.get(plain)
        if number is None:
            if len(self._kinds) >= KNOWN_KINDS:
                self._kinds.clear()
            clean = [cleaned(text, self._clean) for text in plain]
            texts, warnings = clean[: -len(record.warnings) or None], clean[len(_TEXTS) - 1 :]
            number = self._kinds[plain] = self._kind(texts, warnings)
        return number

    def _kind(self, texts: Sequence[str], warnings: Sequence[str]) -> int:
        """The kind with these texts, which hold no secrets any more; by its digest two processes find the same."""
        written = [*map(encode, texts), json.dumps([encode(text) for text in warnings]) if warnings else ""]
        digest = hashlib.blake2b(json.dumps(written).encode(), digest_size=16).digest()
        named = dict(zip(_TEXTS, texts, strict=False))
        target = "/".join(part for part in (named["provider"], named["model"]) if part)
        found_by = [target, *(text for name, text in named.items() if name not in {"path", "provider", "model"})]
        searched = "\n".join([*found_by, *warnings]).casefold()
        return int(self._connection.execute(_KIND, (digest, *written, searched)).fetchone()[0])

    def _cut_off(self, kind: int) -> int:
        """The kind of a request that was of ``kind`` when its process died."""
        found = self._connection.execute(f"SELECT {', '.join(_TEXTS)} FROM kinds WHERE number = ?", (kind,)).fetchone()
        *texts, warnings = found
        named = dict(zip(_TEXTS, map(decode, texts), strict=False)) | {"error_type": "api_error", "error": CUT_OFF}
        return self._kind(list(named.values()), [decode(text) for text in json.loads(warnings or "[]")])

    def _sessions_of(self, records: Sequence[RequestRecord], clean: Clean) -> dict[str, int]:
        """The number of each story's session by the story's id; each session is written once."""
        sessions: dict[str, list[Any]] = {}
        for record in records:
            latest = max(record.began, record.ended or 0.0)
            name, project, profile = clean(record.session), clean(record.project), clean(record.profile)
            known = sessions.setdefault(name, [project, profile, record.began, latest])
            known[:] = known[0] or project, known[1] or profile, min(known[2], record.began), max(known[3], latest)
        numbers = {
            name: int(self._connection.execute(_SESSION, (name, *told)).fetchone()[0])
            for name, told in sessions.items()
        }
        found = {record.id: numbers[clean(record.session)] for record in records}
        agents = {(found[record.id], clean(record.agent)) for record in records if record.agent} - self._agents
        if agents:
            self._connection.executemany("INSERT OR IGNORE INTO agents VALUES (?, ?)", agents)
            if len(self._agents) >= KNOWN_KINDS:
                self._agents.clear()
            self._agents |= agents
        return found

    def _is_any_unclean(self, records: Sequence[RequestRecord]) -> bool:
        """Whether a text that each row has for itself needs :meth:`_clean`: all are looked through at once.

        No rule and no secret reaches over a zero.
        """
        texts = [text for record in records for text in own_texts(record)]
        together = "\0".join(text for text in texts if text)
        return self._clean(together) != together

    def _clean(self, text: str) -> str:
        """Without secrets, and without what UTF-8 cannot carry."""
        return mend_surrogates(self._hide(text)) if text else text


def _as_it_is(text: str) -> str:
    return text
