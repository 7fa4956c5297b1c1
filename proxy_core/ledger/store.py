"""The ledger as a listener: news and bodies go to a thread of its own, which writes them; nobody waits for the disk."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy_core.config.settings import LogSettings
from proxy_core.ledger import retention
from proxy_core.ledger.redaction import Redaction
from proxy_core.ledger.request_events import BodyCaptured, BodyKind, Finished, Progress, RequestEvent, RequestRecord
from proxy_core.ledger.writer import TOGETHER, Terms, Writer

NEWS_WAITING: Final = 100_000
"""Events that may wait for the disk, some tens of megabytes; more are dropped and counted, for a disk that hangs must
not fill the memory."""

BYTES_WAITING: Final = 64 * 1024 * 1024
"""Bytes of bodies that may wait, those still arriving included: eight of the longest ones."""

BYTES_HELD_BACK: Final = 16 * 1024 * 1024
"""Of which so many may wait for a quiet moment."""

SWITCH: Final = 0.001
"""Seconds after which a thread that wants Python's lock gets it from one that works. Python's own 5 ms are too long for
both sides: a stream would wait for the writer's work, and the writer for the proxy's once for each of its statements.
"""

Pricing = Callable[[RequestRecord], tuple[float, bool] | None]
"""What a request that ended cost in USD and whether that is an estimate; None where it has no price."""


@dataclass(frozen=True, slots=True)
class LedgerHealth:
    """How the ledger is: ``sentence`` says what is wrong, or what was wrong and was mended, for a person; else empty.

    ``lost`` counts requests that could not be written, ``lost_bodies`` bodies.
    """

    ok: bool = True
    sentence: str = ""
    lost: int = 0
    lost_bodies: int = 0


@dataclass(frozen=True, slots=True)
class _Torn:
    """A body of which a piece was left out."""

    id: str
    part: BodyKind


class LedgerFile:
    """A :class:`~proxy_core.ledger.request_events.Listener` that stores requests. Several processes may share one file.

    ``log`` gives the settings in force, ``price`` what a request cost, ``secrets`` every key and token that is known;
    they are called in the writer's thread, as is ``report``, which is told each new sentence of :attr:`state`.
    ``is_alive`` says of a process id whether it lives; ``clock`` is Unix time in seconds.
    """

    def __init__(
        self,
        path: Path,
        *,
        log: Callable[[], LogSettings] = LogSettings,
        price: Pricing = lambda _: None,
        secrets: Callable[[], Iterable[str]] = tuple,
        clock: Callable[[], float] = time.time,
        report: Callable[[str], None] = lambda _: None,
        is_alive: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._path = path
        self._clock = clock
        self._waiting: deque[RequestEvent | _Torn] = deque()
        self._bytes = 0
        self._refused = 0
        self._stopped = False
        self._torn: set[tuple[str, BodyKind]] = set()
        self._awake = threading.Event()
        self._closing = threading.Event()
        self._quiet = False
        self._report = report
        self._told = ""
        self._writer = Writer(path, Terms(log, price, clock, is_alive), Redaction(secrets))
        sys.setswitchinterval(SWITCH)
        self._thread = threading.Thread(target=self._work, name="understudy-ledger", daemon=True)
        self._thread.start()

    @property
    def state(self) -> LedgerHealth:
        """How it is now; may be asked from any thread."""
        writer = self._writer
        return LedgerHealth(
            not writer.trouble, writer.trouble or writer.notice, writer.lost + self._refused, writer.lost_bodies
        )

    def on_event(self, events: RequestEvent) -> None:
        """Take one piece of news; how far a running answer is goes to no file. Never waits.

        When too much waits for the disk, bodies are left out first, news last.
        """
        if isinstance(events, Progress):
            return
        if self._stopped:
            self._refused += isinstance(events, Finished)
            return
        if isinstance(events, BodyCaptured):
            if not self._has_room(events):
                return
            self._bytes += len(events.data)
        elif len(self._waiting) >= NEWS_WAITING:
            self._refused += 1
            return
        self._waiting.append(events)
        if not self._awake.is_set():
            self._awake.set()

    def wipe(self, *, rows: bool = True) -> None:
        """Empty it, or only of its bodies. Blocks. Raises ConfigError."""
        retention.wipe(self._path, self._clock(), rows=rows)

    def close(self, seconds: float = 2.0) -> None:
        """Write what waits, for at most ``seconds``: rows first, then bodies."""
        self._writer.hurry(time.monotonic() + seconds)
        self._closing.set()
        self._awake.set()
        self._thread.join(seconds + TOGETHER)

    def _has_room(self, events: BodyCaptured) -> bool:
        """Whether this piece of a body is kept; once one was left out, so are those that follow it."""
        body = (events.id, events.part)
        if body in self._torn:
            if events.whole:
                self._torn.remove(body)
            return False
        if not self._writer.keeps_bodies:
            return False
        if self._bytes + len(events.data) - self._writer.freed <= BYTES_WAITING:
            return True
        if not events.whole:
            self._torn.add(body)
        self._waiting.append(_Torn(events.id, events.part))
        return False

    def _work(self) -> None:
        try:
            self._keep()
        finally:
            self._writer.close()
            self._stopped = True
            if not self._closing.is_set():
                self._writer.trouble = "The ledger has stopped through a fault of Understudy's own. Requests go on."
                self._refused += sum(isinstance(events, Finished) for events in self._waiting)
                self._waiting.clear()
                self._tell()

    def _keep(self) -> None:
        writer, took = self._writer, 0.0
        while not self._closing.is_set():
            if not (writer.busy or writer.behind):
                self._awake.wait(writer.patience)
            # A batch that took long is followed by the next one at once: what ended meanwhile has waited already.
            until = time.monotonic() + (0.0 if writer.behind else TOGETHER - took)
            while (rest := until - time.monotonic()) > 0 and not self._closing.is_set():
                quiet = self._quiet and not self._awake.is_set()
                if not ((quiet or self._is_pressed) and writer.step(quiet=quiet)):
                    self._closing.wait(rest)
            self._awake.clear()
            begun = time.monotonic()
            self._take()
            writer.write()
            took = time.monotonic() - begun
            self._tell()
        self._take()
        writer.finish()
        self._tell()

    @property
    def _is_pressed(self) -> bool:
        """Whether bodies have waited long enough for a moment in which no requests come and go."""
        return self._writer.late or self._bytes - self._writer.freed > BYTES_HELD_BACK

    def _take(self) -> None:
        """What waits goes to the writer; what comes meanwhile waits for the next time."""
        self._quiet = not self._waiting  # none came for TOGETHER
        for _ in range(len(self._waiting)):
            events = self._waiting.popleft()
            if isinstance(events, _Torn):
                self._writer.give_up(events.id, events.part)
            else:
                self._writer.take(events)

    def _tell(self) -> None:
        sentence = self.state.sentence
        if sentence != self._told:
            self._told = sentence
            if sentence:
                self._report(sentence)
