"""What every doing works with: the state, the windows, the lanes for what may block, and what is in force."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.answers import Answer
from app.choices import Choice
from app.lanes import Lane
from app.news import Said, WentWrong
from app.stage import Stage
from app.state import Trouble
from proxy_core.config.keys import Keys
from proxy_core.config.paths import Paths
from proxy_core.ledger.rows import Filter


class Screen(Protocol):
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

    def hear(self, answer: Answer) -> None:
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
class Lanes:
    """``settings`` and ``ledger`` do one thing after the other; ``keys`` waits for people, ``calls`` for networks."""

    proxy: Lane
    settings: Lane
    keys: Lane
    ledger: Lane
    calls: Lane

    def close(self) -> None:
        """Nothing more is begun."""
        for lane in (self.proxy, self.settings, self.keys, self.ledger, self.calls):
            lane.close()


@dataclass(slots=True)
class Tools:
    """``choice`` is what is in force, and changes in Qt's thread only. ``home`` is the user's home folder."""

    stage: Stage
    screen: Screen
    lanes: Lanes
    paths: Paths
    environ: Mapping[str, str]
    home: Path
    keys: Keys
    choice: Choice

    def say(self, sentence: str) -> None:
        """One line about what was done, or could not be."""
        self.stage.learn(Said(sentence))

    def complain(self, sentence: str) -> None:
        """Something that was wished for failed: said, and kept as the last error."""
        self.say(sentence)
        self.stage.learn(WentWrong(Trouble(sentence, time.time())))
