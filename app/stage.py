"""The app's state as it stands now: learns news, and has it shown when it changed, ten times a second at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from app.news import AppNews
from app.reduce import reduce
from app.state import AppState

PACE: Final = 0.1
"""Seconds between two showings: one showing carries everything that happened since the last."""

After = Callable[[float, Callable[[], None]], None]
"""Calls something in this thread after so many seconds."""


class Stage:
    """Belongs to one thread; in it ``show`` is called with the state as it was last shown, and as it is now."""

    def __init__(
        self,
        state: AppState,
        show: Callable[[AppState, AppState], None],
        after: After,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = state
        self._shown = state
        self._show = show
        self._after = after
        self._monotonic = monotonic
        self._last = float("-inf")
        self._due = False
        self._is_closed = False

    def learn(self, news: AppNews) -> None:
        """Take one piece of news."""
        state = reduce(self.state, news)
        if state is self.state:
            return
        self.state = state
        if not self._due:
            self._due = True
            self._after(max(0.0, self._last + PACE - self._monotonic()), self._show_now)

    def close(self) -> None:
        """Show nothing any more."""
        self._is_closed = True

    def _show_now(self) -> None:
        if self._is_closed:
            return
        self._due = False
        self._last = self._monotonic()
        before, self._shown = self._shown, self.state
        self._show(before, self.state)
