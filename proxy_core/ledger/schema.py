"""The ledger's tables: what they are called, which version they have, and how a file of an older one is brought up.

Requests have much in common: their texts (models, roles, sentences, errors) stand once in ``kinds``, so that a filter
by text looks through a few hundred rows instead of a million. ``tallies`` adds requests that are over up by day, kind,
session and state, kept by triggers, so that no sum walks over the requests themselves. ``hours`` says which numbers
began in an hour, so that a span of time is a range of the key.
"""

# ruff: noqa: S608 - statements are put together from names of ours; values are always bound

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from proxy_core.ledger.request_events import State

VERSION: Final = 2
"""Of the tables; ``PRAGMA user_version``."""

APPLICATION: Final = 0x55535459
"""``PRAGMA application_id``: by it a file is known for ours."""

STATES: Final = {State.RUNNING: 0, State.DONE: 1, State.FAILED: 2, State.CANCELLED: 3}
"""As they are written."""

STATE_OF: Final = {number: state for state, number in STATES.items()}

SAMPLED: Final = 32
"""Medians of many requests are taken from every so manieth."""

_TABLES: Final = f"""
CREATE TABLE wipes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL
);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    pid INTEGER NOT NULL,
    began REAL NOT NULL,
    seen REAL NOT NULL
);
CREATE TABLE kinds (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    path TEXT NOT NULL,
    asked_for TEXT NOT NULL,
    project TEXT NOT NULL,
    profile TEXT NOT NULL,
    role TEXT NOT NULL,
    why TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    engine TEXT NOT NULL,
    stop_reason TEXT NOT NULL,
    error_type TEXT NOT NULL,
    error TEXT NOT NULL,
    warnings TEXT NOT NULL,
    said TEXT NOT NULL
);
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    profile TEXT NOT NULL,
    began REAL NOT NULL,
    latest REAL NOT NULL
);
CREATE INDEX sessions_latest ON sessions (latest);
CREATE TABLE agents (
    session INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (session, id)
) WITHOUT ROWID;
CREATE TABLE requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    run INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    session INTEGER NOT NULL,
    state INTEGER NOT NULL,
    day INTEGER NOT NULL,
    began REAL NOT NULL,
    first_token REAL,
    ended REAL,
    status INTEGER NOT NULL,
    streamed INTEGER NOT NULL,
    agent TEXT NOT NULL,
    upstream_id TEXT NOT NULL,
    attempts TEXT NOT NULL,
    tries INTEGER NOT NULL,
    cost REAL,
    estimated INTEGER NOT NULL,
    told_cost REAL,
    flat INTEGER NOT NULL,
    input INTEGER,
    output INTEGER,
    cache_read INTEGER,
    cache_write INTEGER,
    reasoning INTEGER,
    more_usage TEXT,
    wait REAL,
    speed REAL
);
CREATE INDEX requests_state ON requests (state);
CREATE INDEX requests_kind ON requests (kind, state);
CREATE INDEX requests_session ON requests (session) WHERE session <> 0;
CREATE INDEX requests_sample ON requests (day, kind, session, state, wait, speed)
    WHERE number % {SAMPLED} = 0 AND wait IS NOT NULL;
CREATE TABLE tallies (
    day INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    session INTEGER NOT NULL,
    state INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    priced INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    cost REAL NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    PRIMARY KEY (day, kind, session, state)
) WITHOUT ROWID;
CREATE INDEX tallies_session ON tallies (session) WHERE session <> 0;
CREATE TABLE hours (
    hour INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);
CREATE TABLE bodies (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    request INTEGER NOT NULL,
    part TEXT NOT NULL,
    at REAL NOT NULL,
    size INTEGER NOT NULL,
    packed_size INTEGER NOT NULL,
    cut INTEGER NOT NULL,
    hidden INTEGER NOT NULL,
    packed BLOB NOT NULL
);
CREATE UNIQUE INDEX bodies_request ON bodies (request, part);
CREATE INDEX bodies_at ON bodies (at, packed_size);
"""


def _tally(row: str, sign: str, *more: str) -> str:
    """The statement that adds or takes away a request from its tally; ``more`` are columns of later versions."""
    values = "".join(f", {sign}{row}.{name}" for name in more)
    changes = "".join(f", {name} = {name} + excluded.{name}" for name in more)
    return f"""
    INSERT INTO tallies VALUES (
        {row}.day, {row}.kind, {row}.session, {row}.state, {sign}1, {sign}({row}.tries > 1),
        {sign}({row}.cost IS NOT NULL), {sign}({row}.cost IS NOT NULL AND {row}.estimated), {sign}ifnull({row}.cost, 0),
        {sign}ifnull({row}.input, 0), {sign}ifnull({row}.output, 0), {sign}ifnull({row}.cache_read, 0),
        {sign}ifnull({row}.cache_write, 0), {sign}ifnull({row}.reasoning, 0){values}
    ) ON CONFLICT DO UPDATE SET
        requests = requests + excluded.requests, retried = retried + excluded.retried,
        priced = priced + excluded.priced, estimated = estimated + excluded.estimated, cost = cost + excluded.cost,
        input = input + excluded.input, output = output + excluded.output,
        cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write,
        reasoning = reasoning + excluded.reasoning{changes};"""


_EMPTY_TALLY: Final = """
    DELETE FROM tallies
    WHERE day = OLD.day AND kind = OLD.kind AND session = OLD.session AND state = OLD.state AND requests = 0;"""

_HOUR: Final = """
    INSERT INTO hours VALUES (CAST(NEW.began / 3600 AS INTEGER), NEW.number, NEW.number)
    ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last);"""


def _tallying(*more: str) -> str:
    """The triggers that keep the tallies."""
    new, old = _tally("NEW", "+", *more), _tally("OLD", "-", *more)
    return f"""
CREATE TRIGGER request_is_whole AFTER INSERT ON requests WHEN NEW.state <> 0 BEGIN {new}
END;
CREATE TRIGGER request_ends AFTER UPDATE ON requests WHEN NEW.state <> 0 AND OLD.state = 0 BEGIN {new}
END;
CREATE TRIGGER request_ends_again AFTER UPDATE ON requests WHEN OLD.state <> 0 BEGIN
    {old}{new}{_EMPTY_TALLY}
END;
CREATE TRIGGER request_goes AFTER DELETE ON requests WHEN OLD.state <> 0 BEGIN {old}{_EMPTY_TALLY}
END;
"""


_TRIGGERS: Final = f"""
CREATE TRIGGER request_begins AFTER INSERT ON requests BEGIN {_HOUR}
END;{_tallying()}"""

_NOT_BILLED: Final = f"""
ALTER TABLE requests ADD COLUMN not_billed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN not_billed INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER request_is_whole;
DROP TRIGGER request_ends;
DROP TRIGGER request_ends_again;
DROP TRIGGER request_goes;
{_tallying("not_billed")}
UPDATE requests SET cost = NULL, not_billed = 1 WHERE state <> 0 AND input IS NULL AND told_cost IS NULL AND (
    kind IN (SELECT number FROM kinds WHERE path LIKE '%/count_tokens')
    OR (state = 2 AND attempts = '' AND status BETWEEN 400 AND 499)
    OR (state = 2 AND attempts <> '' AND kind NOT IN (SELECT number FROM kinds WHERE error_type = 'overloaded_error')
        AND NOT EXISTS (
            SELECT 1 FROM json_each(attempts) WHERE NOT ifnull(json_extract(value, '$[2]') BETWEEN 400 AND 499, 0)
                OR json_extract(value, '$[2]') IN (408, 499)
        )
    )
);
UPDATE requests SET
    cost = CASE WHEN kind IN (SELECT number FROM kinds WHERE provider IN (
        'demo', 'hosted_vllm', 'llama_cpp', 'llamafile', 'lm_studio', 'ollama', 'vllm'
    )) THEN 0 END,
    estimated = 1
WHERE state <> 0 AND cost = 0 AND NOT estimated AND input IS NULL AND told_cost IS NULL;
"""
"""Version 1 gave a cost of 0 to what was refused; to a 5xx as well, which is free on a local server alone."""

MIGRATIONS: Final = (_TABLES + _TRIGGERS, _NOT_BILLED)
"""What leads from version ``n`` to ``n + 1``, in order; what was released is never changed."""


def version_of(connection: sqlite3.Connection) -> int:
    """The version of an open file's tables; 0 for an empty file. Raises sqlite3.Error."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def foreign(connection: sqlite3.Connection, path: Path) -> str:
    """Return why the open file at ``path`` is no ledger; empty for one that is or may become one.

    Raises sqlite3.Error.
    """
    connection.execute("BEGIN")  # one state of the file: another process may be making it a ledger
    try:
        version = version_of(connection)
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        connection.rollback()
    if application != APPLICATION and (version or tables):
        return f"{path} is a database of another program, not Understudy's log. Move it away."
    return ""


def newer(connection: sqlite3.Connection, path: Path) -> str:
    """Return why this version does not write to the ledger at ``path``; empty where it may. Raises sqlite3.Error."""
    if version_of(connection) > VERSION:
        return f"The log at {path} was written by a newer version of Understudy. Update Understudy to use it."
    return ""


def bring_up(connection: sqlite3.Connection) -> None:
    """Make the tables of this version, whatever version the file has. All or nothing. Raises sqlite3.Error."""
    if version_of(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in MIGRATIONS[version_of(connection) :]:  # asked again: another process may have been quicker
            _run(connection, statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _run(connection: sqlite3.Connection, script: str) -> None:
    """``executescript`` would commit first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
