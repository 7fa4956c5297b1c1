"""The journal on disk, JSON lines written by a thread of its own: the door that the ledger's database will replace."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import orjson

from proxy_core.config.paths import private_folder
from proxy_core.ledger.journal import Answering, Attempted, Began, Ended, News, Progressed, Routed
from proxy_core.wire.json_text import dumps

LIMIT: Final = 8 * 1024 * 1024
"""Bytes of one file; a full one is kept as ``.1``, then ``.2``."""

KEPT: Final = 3
"""How many files there are at most, the one being written included."""

NAMES: Final[dict[type, str]] = {
    Began: "began",
    Routed: "routed",
    Attempted: "attempted",
    Answering: "answering",
    Progressed: "progressed",
    Ended: "ended",
}
"""Each line is ``{name: fields}``."""

LOST: Final = "lost"
"""The name of a line that says how many news items could not be written before it."""

_WAITING: Final = 10_000
"""How many news items may wait for the disk."""

_BATCH: Final = 500

_TOGETHER: Final = 0.1
"""Seconds that the first of a batch waits for others: one append costs as much as the lines of many requests."""


class JournalFile:
    """A listener that never blocks: when the disk is too slow or full, news is dropped and the next line says how much.

    Several processes may write to one journal: each batch of lines is one append.
    """

    def __init__(
        self,
        path: Path,
        *,
        limit: int = LIMIT,
        clock: Callable[[], float] = time.time,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``limit`` is in bytes; ``clock`` gives Unix time in seconds, for the lines about what was lost.

        ``report`` is told, in the writer's thread, when the disk begins to refuse.
        """
        self._path = path
        self._limit = limit
        self._clock = clock
        self._waiting: queue.Queue[News | None] = queue.Queue(_WAITING)
        self._refused = 0
        self._told_refused = 0
        self._unwritten = 0
        self._torn = False
        self._closing = threading.Event()
        self._report = report
        self._thread = threading.Thread(target=self._write_all, name="understudy-journal", daemon=True)
        self._thread.start()

    def hear(self, news: News) -> None:
        """Take one piece of news; how far a running answer is goes to no file."""
        if isinstance(news, Progressed):
            return
        try:
            self._waiting.put_nowait(news)
        except queue.Full:
            self._refused += 1

    def close(self, seconds: float = 2.0) -> None:
        """Write what waits, for at most ``seconds``."""
        self._closing.set()
        try:
            self._waiting.put(None, timeout=seconds)
        except queue.Full:  # the disk does not move: the thread is a daemon and goes with the process
            return
        self._thread.join(seconds)

    def _write_all(self) -> None:
        closing = False
        while not closing:
            batch = [self._waiting.get()]
            self._closing.wait(_TOGETHER)
            while len(batch) < _BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            closing = batch[-1] is None
            self._write([_line(news) for news in batch if news is not None])

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        refused = self._refused
        lost = refused - self._told_refused + self._unwritten
        told = [dumps({LOST: {"at": self._clock(), "count": lost}})] if lost else []
        data = b"\n" * self._torn + b"\n".join([*told, *lines, b""])
        try:
            self._append(data)
        except (
            OSError
        ) as fault:  # full, gone, or forbidden: the proxy goes on, and the next line that can be written says so
            if not self._unwritten:
                self._report(f"The journal cannot be written to {self._path}: {fault.strerror or fault}.")
            self._unwritten += len(lines)
            self._torn = True
        else:
            self._told_refused, self._unwritten = refused, 0
            self._torn = False

    def _append(self, data: bytes) -> None:
        private_folder(self._path.parent)
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            full = os.fstat(handle).st_size + len(data) > self._limit and os.fstat(handle).st_size > 0
            if not full:
                _write_whole(handle, data)
        finally:
            os.close(handle)
        if full:
            rotate(self._path, self._limit - len(data))
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                _write_whole(handle, data)
            finally:
                os.close(handle)


def _line(news: News) -> bytes:
    try:
        return orjson.dumps({NAMES[type(news)]: news})
    except TypeError:  # half a surrogate pair in a provider's sentence
        return dumps({NAMES[type(news)]: asdict(news)})


def rotate(path: Path, room_below: int) -> None:
    """Set the full file aside, unless another process has just done it; the oldest goes.

    ``room_below`` is the size in bytes from which the file counts as full.
    """
    with (path.with_name(f"{path.name}.lock")).open("ab") as lock:
        _lock(lock.fileno())
        if not path.exists() or path.stat().st_size <= room_below:
            return
        for number in range(KEPT - 1, 0, -1):
            older = rotated(path, number - 1)
            if older.exists():
                older.replace(rotated(path, number))


def rotated(path: Path, number: int) -> Path:
    """The name of the file that was set aside ``number`` rotations ago; 0 is the one being written."""
    return path.with_name(f"{path.name}.{number}") if number else path


def _write_whole(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _lock(handle: int) -> None:
    """Until the handle is closed. On Windows an open file cannot be renamed anyway, so there nothing is locked."""
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415 - not on every system

        fcntl.flock(handle, fcntl.LOCK_EX)
