"""What every doing works with: the state, the windows, the lanes for what may block, and what is in force."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.services.worker_queue import WorkerQueue
from app.state.app_state import Trouble
from app.state.events import ErrorOccurred, MessageShown
from app.state.query_results import QueryResult
from app.state.state_store import StateStore
from proxy_core.config.keys import Keys
from proxy_core.config.paths import Paths
from proxy_core.config.settings_store import SettingsStore
from proxy_core.ledger.rows import Filter
from proxy_core.server.settings_snapshot import SettingsSnapshot


class DesktopUi(Protocol):
    """The desktop as doings need it; called in Qt's thread."""

    def show_watch(self, page: str = "") -> None:
        """The watch window to the front."""
        ...

    def show_requests(self, wanted: Filter, id_: str) -> None:
        """The watch window to the front, at these requests."""
        ...

    def show_settings(self, page: str = "") -> None:
        """The Settings window to the front."""
        ...

    def end_first_run(self) -> None:
        """First run's window away, the watch window in its place."""
        ...

    def on_result(self, answer: QueryResult) -> None:
        """An answer to the windows that are there."""
        ...

    def copy(self, text: str) -> None:
        """A text to the clipboard."""
        ...

    def open_link(self, url: str) -> None:
        """A page in the user's browser."""
        ...

    def quit(self) -> None:
        """End the application."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerQueues:
    """``settings`` and ``ledger`` do one thing after the other; ``keys`` waits for people, ``calls`` for networks."""

    proxy: WorkerQueue
    settings: WorkerQueue
    keys: WorkerQueue
    ledger: WorkerQueue
    calls: WorkerQueue

    def close(self) -> None:
        """Nothing more is begun."""
        for queue in (self.proxy, self.settings, self.keys, self.ledger, self.calls):
            queue.close()


@dataclass(slots=True)
class ServiceContext:
    """``settings`` may be ahead of the state in ``store``, which follows in Qt's thread. ``home`` is the user's."""

    store: StateStore
    screen: DesktopUi
    queues: WorkerQueues
    paths: Paths
    environ: Mapping[str, str]
    home: Path
    keys: Keys
    settings: SettingsStore[SettingsSnapshot]

    def say(self, sentence: str) -> None:
        """One line about what was done, or could not be."""
        self.store.apply(MessageShown(sentence))

    def report_error(self, sentence: str) -> None:
        """Something that was wished for failed: said, and kept as the last error."""
        self.say(sentence)
        self.store.apply(ErrorOccurred(Trouble(sentence, time.time())))
