"""The state is shown when it changed, at once after a rest and ten times a second at most in a rush."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from app.news import Said
from app.stage import PACE, Stage
from app.state import AppState


class Time:
    """Time that passes when it is told to, and calls what was put off."""

    def __init__(self) -> None:
        self.now = 100.0
        self._due: list[tuple[float, Callable[[], None]]] = []

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self._due.append((self.now + seconds, call))

    def pass_(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((entry for entry in self._due if entry[0] <= end), key=lambda entry: entry[0]):
            self._due.remove(due[0])
            self.now = max(self.now, due[0][0])
            due[0][1]()
        self.now = end


@pytest.fixture
def time() -> Time:
    return Time()


def stage(time: Time) -> tuple[Stage, list[tuple[str, str, float]]]:
    shown: list[tuple[str, str, float]] = []

    def show(before: AppState, after: AppState) -> None:
        shown.append((before.said, after.said, time.now))

    return Stage(AppState(), show, time.after, monotonic=lambda: time.now), shown


def test_what_changed_after_a_rest_is_shown_at_once(time: Time) -> None:
    here, shown = stage(time)
    here.learn(Said("a"))
    time.pass_(0)
    assert shown == [("", "a", 100.0)]


def test_a_rush_is_shown_ten_times_a_second_and_its_end_is_not_lost(time: Time) -> None:
    here, shown = stage(time)
    for number in range(1000):
        here.learn(Said(str(number)))
        time.pass_(0.001)
    time.pass_(1)
    assert 10 <= len(shown) <= 12
    assert shown[-1][1] == "999"
    times = [at for _, _, at in shown]
    assert min(later - earlier for earlier, later in pairwise(times)) >= PACE - 1e-9
    assert [before for before, _, _ in shown[1:]] == [after for _, after, _ in shown[:-1]]


def test_news_that_changes_nothing_is_not_shown(time: Time) -> None:
    here, shown = stage(time)
    here.learn(Said(""))
    time.pass_(1)
    assert shown == []


def test_nothing_is_shown_after_the_end(time: Time) -> None:
    here, shown = stage(time)
    here.learn(Said("a"))
    here.close()
    here.learn(Said("b"))
    time.pass_(1)
    assert shown == []
