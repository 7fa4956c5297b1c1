"""The one owner of the settings in force in a process, modelled on mitmproxy's ``OptManager``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from proxy_core.config import settings_file
from proxy_core.config.settings_file import Clock, Edit, Loaded
from proxy_core.errors import ConfigError


class DerivedSettings(Protocol):
    """What follows from a settings file: the environment laid over it, the catalogue under it."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """A sentence for each thing that was wrong on the way to it."""
        ...


Derived = TypeVar("Derived", bound=DerivedSettings)


class SettingsStore(Generic[Derived]):
    """The settings in force: what ``derive`` makes of the file at ``path``, swapped whole when the file changes.

    Any thread may ask and change. ``report`` gets each new trouble once. Subscribers are called with what was in force
    and what is, in the thread that noticed or made the change, and must not block nor change the settings. One that
    raises ConfigError refuses the change, which is then undone: those that were called before it are called again with
    the two exchanged, and a change made here is not written. Of a change that another program made to the file, the
    reason is reported, the old settings stay in force and the file is not touched.

    Raises ConfigError where the file cannot be read or ``derive`` raises it.
    """

    def __init__(
        self,
        path: Path,
        derive: Callable[[Loaded], Derived],
        report: Callable[[str], None] = lambda _: None,
        *,
        monotonic: Clock = time.monotonic,
        every: float = 1.0,
    ) -> None:
        self._path = path
        self._derive = derive
        self._report = report
        self._monotonic = monotonic
        self._every = every
        self._lock = threading.RLock()
        self._subscribers: list[Callable[[Derived, Derived], None]] = []
        self._loaded = settings_file.load(path)
        self._mark = self._loaded.mark
        self._current = derive(self._loaded)
        self._looked = monotonic()
        self._reported = frozenset[str]()
        self._report_all(self._new(self._current.troubles))

    @property
    def current(self) -> Derived:
        """What is in force, as it was last noticed: the same object as long as nothing changed. Does not block."""
        return self._current

    def subscribe(self, subscriber: Callable[[Derived, Derived], None]) -> None:
        """Have ``subscriber`` called with what was in force and what is, at each change."""
        self._subscribers.append(subscriber)

    def poll(self) -> Derived:
        """Return what is in force, after a look at the file where the last one is ``every`` seconds old.

        A file that became broken, unreadable or went away changes nothing.
        """
        if self._is_due() and self._lock.acquire(blocking=False):  # a request does not wait for a change under way
            try:
                troubles = self._look() if self._is_due() else ()
            finally:
                self._lock.release()
            self._report_all(troubles)
        return self._current

    def change(self, edit: Edit) -> Derived:
        """Edit what the file says, keeping what other programs wrote, and put it in force.

        Raises ConfigError where it cannot be written, makes no sense or is refused; nothing has changed then.
        """
        with self._lock, self._undone_on_failure() as called:
            changed = settings_file.change(self._path, edit, accept=lambda loaded: self._put_in_force(loaded, called))
            self._mark = changed.mark
            current = self._current
            troubles = self._new(tuple(dict.fromkeys((*changed.troubles, *current.troubles))))
        self._report_all(troubles)
        return current

    def _is_due(self) -> bool:
        return self._monotonic() - self._looked >= self._every

    def _look(self) -> tuple[str, ...]:
        """Read the file if it changed; return the troubles that were not reported yet."""
        self._looked = self._monotonic()
        mark = settings_file.mark_of(self._path)
        if mark == self._mark:
            return ()
        self._mark = mark  # what is broken or refused is not read again before it changes
        try:
            with self._undone_on_failure() as called:
                self._put_in_force(settings_file.read(self._path), called)
        except ConfigError as error:
            return self._new((error.message,))
        return self._new(self._current.troubles)

    def _put_in_force(self, loaded: Loaded, called: list[Callable[[Derived, Derived], None]]) -> None:
        if loaded == self._loaded:
            return
        before, after = self._current, self._derive(loaded)
        self._loaded, self._current = loaded, after
        for subscriber in self._subscribers:
            subscriber(before, after)
            called.append(subscriber)

    @contextmanager
    def _undone_on_failure(self) -> Iterator[list[Callable[[Derived, Derived], None]]]:
        """Collect the subscribers that accepted a change; tell them where it fails after all."""
        loaded, before = self._loaded, self._current
        called: list[Callable[[Derived, Derived], None]] = []
        try:
            yield called
        except BaseException:
            refused = self._current
            self._loaded, self._current = loaded, before
            for subscriber in reversed(called):
                with suppress(ConfigError):  # it accepted these before
                    subscriber(refused, before)
            raise

    def _new(self, troubles: tuple[str, ...]) -> tuple[str, ...]:
        before, self._reported = self._reported, frozenset(troubles)
        return tuple(trouble for trouble in troubles if trouble not in before)

    def _report_all(self, troubles: tuple[str, ...]) -> None:
        """Outside of the lock: the receiver may ask for the settings."""
        for trouble in troubles:
            self._report(trouble)
