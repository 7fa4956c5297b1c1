"""The app's state as it stands now: learns news, and has it shown when it changed, as often as that may cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from app.state.app_state import AppState
from app.state.events import AppEvent, PageLoaded, RequestEvents, TotalsLoaded
from app.state.reduce import reduce

PACE: Final = 0.1
"""Seconds between two showings at least: one showing carries everything that happened since the last."""

SLOWEST: Final = 0.8
"""Seconds until requests are shown at the latest, however much work that is."""

SHARE: Final = 0.05
"""Of a processor, what showing requests may take: while this thread computes, streams wait for Python's lock."""

After = Callable[[float, Callable[[], None]], None]
"""Calls something in this thread after so many seconds."""


class StateStore:
    """Belongs to one thread; in it ``show`` is called with the state as it was last shown, and as it is now.

    What came of a person's wishes is shown at that pace, requests less often where they are dear. ``monotonic`` is a
    clock in seconds, ``worked`` the processor time that this thread has used, in seconds: all of it since the last
    showing counts as its price, since most of it is the painting that came of it.
    """

    def __init__(
        self,
        state: AppState,
        show: Callable[[AppState, AppState], None],
        after: After,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        self.state = state
        self._shown = state
        self._show = show
        self._after = after
        self._monotonic = monotonic
        self._worked = worked
        self._last = float("-inf")
        self._before = worked()
        self._due = False
        self._waited_for = False
        self._armed = 0
        self._is_closed = False

    def apply(self, events: AppEvent) -> None:
        """Take one piece of news."""
        state = reduce(self.state, events)
        if state is self.state:
            return
        self.state = state
        hurries = not isinstance(events, RequestEvents | PageLoaded | TotalsLoaded) and not self._waited_for
        self._waited_for = self._waited_for or hurries
        if hurries or not self._due:
            self._due = True
            self._arm()

    def close(self) -> None:
        """Show nothing any more."""
        self._is_closed = True

    def _arm(self) -> None:
        """Show after a wait; what was put off before is so no more."""
        self._armed = armed = self._armed + 1
        self._after(self._wait(), lambda: self._show_now(armed))

    def _wait(self) -> float:
        """Seconds until the next showing may be."""
        price = self._worked() - self._before
        pause = PACE if self._waited_for else min(SLOWEST, max(PACE, price / SHARE))
        return max(0.0, self._last + pause - self._monotonic())

    def _show_now(self, armed: int) -> None:
        if self._is_closed or armed != self._armed:
            return
        if self._wait() > _EARLY:  # what the last showing led to was not painted yet when this one was put off
            self._arm()
            return
        self._due = self._waited_for = False
        self._last, self._before = self._monotonic(), self._worked()
        before, self._shown = self._shown, self.state
        self._show(before, self.state)


_EARLY: Final = 0.002
"""Seconds by which a timer may be early."""
