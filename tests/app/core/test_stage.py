"""The state is shown when it changed, at once after a rest; in a rush ten times a second, less often if it is dear."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from app.state.app_state import AppState
from app.state.events import MessageShown, RequestEvents
from app.state.state_store import PACE, SHARE, SLOWEST, StateStore
from proxy_core.ledger.request_events import Started


class Time:
    """Time that passes when it is told to, and calls what was put off."""

    def __init__(self) -> None:
        self.now = 100.0
        self.worked = 7.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.due.append((self.now + seconds, call))

    def pass_(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((entry for entry in self.due if entry[0] <= end), key=lambda entry: entry[0]):
            self.due.remove(due[0])
            self.now = max(self.now, due[0][0])
            due[0][1]()
        self.now = end


@pytest.fixture
def time() -> Time:
    return Time()


def store(time: Time, painting: float = 0.0) -> tuple[StateStore, list[tuple[str, str, float]]]:
    """A stage and what it showed when; ``painting`` are the seconds that the thread is at work after a showing."""
    shown: list[tuple[str, str, float]] = []

    def paint() -> None:
        time.worked += painting

    def show(before: AppState, after: AppState) -> None:
        shown.append((before.said, after.said, time.now))
        time.after(0.01, paint)

    return StateStore(AppState(), show, time.after, monotonic=lambda: time.now, worked=lambda: time.worked), shown


def test_what_changed_after_a_rest_is_shown_at_once(time: Time) -> None:
    here, shown = store(time)
    here.apply(MessageShown("a"))
    time.pass_(0)
    assert shown == [("", "a", 100.0)]


def test_a_rush_is_shown_ten_times_a_second_and_its_end_is_not_lost(time: Time) -> None:
    here, shown = store(time)
    for number in range(1000):
        here.apply(MessageShown(str(number)))
        time.pass_(0.001)
    time.pass_(1)
    assert 10 <= len(shown) <= 12
    assert shown[-1][1] == "999"
    times = [at for _, _, at in shown]
    assert min(later - earlier for earlier, later in pairwise(times)) >= PACE - 1e-9
    assert [before for before, _, _ in shown[1:]] == [after for _, after, _ in shown[:-1]]


def request(number: int) -> RequestEvents:
    return RequestEvents((Started(f"r{number}", 1.0, "/v1/messages", "claude-sonnet-5-5", True),))


@pytest.mark.parametrize(("painting", "pause"), [(0.001, PACE), (0.010, 0.010 / SHARE), (0.5, SLOWEST)])
def test_requests_that_are_dear_to_show_are_shown_less_often_but_never_rarely(
    time: Time, painting: float, pause: float
) -> None:
    here, shown = store(time, painting)
    for number in range(5000):
        here.apply(request(number))
        time.pass_(0.001)
    time.pass_(1)
    times = [at for _, _, at in shown]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[1:-1] == pytest.approx([pause] * (len(pauses) - 2), abs=0.003)
    assert set(here.state.live) == {f"r{number}" for number in range(5000)}


def test_what_a_person_waits_for_does_not_wait_for_requests(time: Time) -> None:
    here, shown = store(time, painting=0.5)
    here.apply(request(1))
    time.pass_(0.02)
    here.apply(request(2))
    time.pass_(0.04)
    here.apply(MessageShown("a"))
    time.pass_(2)
    assert [at for _, _, at in shown] == pytest.approx([100.0, 100.0 + PACE], abs=0.003)
    assert shown[-1][1] == "a"


def test_nothing_that_was_put_off_is_left_behind(time: Time) -> None:
    here, _ = store(time, painting=0.5)
    for number in range(3000):
        here.apply(MessageShown(str(number)) if number % 100 == 50 else request(number))
        time.pass_(0.001)
    assert len(time.due) <= 1 + SLOWEST / 0.1
    time.pass_(2)
    assert time.due == []


def test_news_that_changes_nothing_is_not_shown(time: Time) -> None:
    here, shown = store(time)
    here.apply(MessageShown(""))
    time.pass_(1)
    assert shown == []


def test_nothing_is_shown_after_the_end(time: Time) -> None:
    here, shown = store(time)
    here.apply(MessageShown("a"))
    here.close()
    here.apply(MessageShown("b"))
    time.pass_(1)
    assert shown == []
