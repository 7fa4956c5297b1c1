"""What goes again: bodies by age and size, a little at a time, and all of it when the user wipes the ledger."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from proxy_core.config.settings import LogSettings
from proxy_core.errors import ConfigError
from proxy_core.ledger import ledger_file

DAY: Final = 86_400.0

_STEP: Final = 25
"""Bodies that are deleted in one transaction: short ones, so that requests are written in between."""

_PAGES: Final = 256
"""Pages of 4 kB that are returned to the disk at a time, for the same reason."""

_ROWS: Final = ("requests", "tallies", "kinds", "sessions", "agents", "hours")
"""Tables that a wipe empties, in this order: a request that goes takes itself off its tally."""


def prune(connection: sqlite3.Connection, keeping: LogSettings, now: float) -> bool:
    """One step towards what the settings allow at ``now``, Unix time in seconds; True while there is more to do.

    Raises sqlite3.Error.
    """
    connection.execute("BEGIN IMMEDIATE")
    gone = connection.execute(
        "DELETE FROM bodies WHERE number IN (SELECT number FROM bodies WHERE at < ? ORDER BY at LIMIT ?)",
        (now - keeping.days * DAY, _STEP),
    ).rowcount
    (size,) = connection.execute("SELECT ifnull(sum(packed_size), 0) FROM bodies").fetchone()
    if size > keeping.megabytes * 1_000_000:
        gone += connection.execute(
            "DELETE FROM bodies WHERE number IN (SELECT number FROM bodies ORDER BY number LIMIT ?)", (_STEP,)
        ).rowcount
    connection.execute("COMMIT")
    return give_back(connection, _PAGES) or gone > 0


def give_back(connection: sqlite3.Connection, pages: int) -> bool:
    """Give free pages of the file back to the disk, at most ``pages``; True while there are more."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    if not free:
        return False
    # Not execute: the pragma answers with rows that have no columns, at the first of which execute stops.
    connection.executescript(f"PRAGMA incremental_vacuum({pages})")
    return bool(free > pages)


def wipe(path: Path, now: float, *, rows: bool = True) -> None:
    """Empty the ledger, or with ``rows=False`` only of its bodies, so that nothing of it stays on disk.

    A damaged file goes whole, since there may be bodies in it, as do those that were set aside before. Other processes
    may go on writing; what still runs comes back with its next news. ``now`` is Unix time in seconds. Raises
    ConfigError.
    """
    here = ledger_file.identity(path)
    try:
        _delete_aside(path)
        if here is not None:
            _empty(path, now, rows=rows)
    except ledger_file.NotOurs as fault:
        raise ConfigError(f"The ledger was not wiped. {fault}") from fault
    except (sqlite3.Error, OSError) as fault:
        if not isinstance(fault, sqlite3.Error) or not ledger_file.is_damage(fault):
            raise ConfigError(f"The ledger was not wiped whole: {fault}. Try again.") from fault
        _delete_damaged(path, here, now)


def _empty(path: Path, now: float, *, rows: bool) -> None:
    connection = ledger_file.connect(path)
    try:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM bodies")
        if rows:
            connection.execute("INSERT INTO wipes (at) VALUES (?)", (now,))
            connection.execute("DELETE FROM wipes WHERE number < (SELECT max(number) FROM wipes)")
            for table in _ROWS:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
        connection.execute("COMMIT")
        connection.executescript("PRAGMA incremental_vacuum")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()


def _delete_damaged(path: Path, damaged: tuple[int, int] | None, now: float) -> None:
    """Whoever writes to it finds it gone, and begins a new one."""
    try:
        ledger_file.set_aside(path, damaged, now)
        _delete_aside(path)
    except OSError as fault:
        raise ConfigError(f"The damaged ledger cannot be deleted: {fault}") from fault


def _delete_aside(path: Path) -> None:
    """Raises OSError."""
    for aside in ledger_file.those_aside(path):
        aside.unlink(missing_ok=True)
