"""The settings of a program that runs, while its file is changed, broken, taken away and put back."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from proxy_core.config import settings_file
from proxy_core.config.settings import ProxySettings, Settings
from proxy_core.config.settings_file import Loaded, good_copy
from proxy_core.config.settings_store import SettingsStore
from proxy_core.errors import ConfigError
from tests.config.settings_on_disk import BROKEN, WORK, put, save


class Hand:
    """A clock that a test moves, and the ears for reports."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heard: list[str] = []

    def clock(self) -> float:
        return self.now


def opened(path: Path, hand: Hand) -> SettingsStore[Loaded]:
    return SettingsStore(path, lambda loaded: loaded, hand.heard.append, monotonic=hand.clock)


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_a_running_proxy_sees_a_changed_file(path: Path, hand: Hand) -> None:
    save(path, WORK)
    store = opened(path, hand)
    first = store.poll().settings
    assert first == WORK
    save(path, replace(WORK, proxy=ProxySettings(port=1)))
    assert store.poll().settings is first, "the disk is asked once a second"
    hand.now = 1.0
    assert store.poll().settings.proxy.port == 1
    assert hand.heard == []


def test_an_unchanged_file_gives_the_same_object(path: Path, hand: Hand) -> None:
    save(path, WORK)
    store = opened(path, hand)
    first = store.poll().settings
    path.touch()
    hand.now = 2.0
    assert store.poll().settings is first


def test_a_file_broken_while_running_changes_nothing_and_is_told_once(path: Path, hand: Hand) -> None:
    save(path, WORK)
    store = opened(path, hand)
    put(path, BROKEN)
    for hand.now in (1.0, 2.0, 3.0):
        assert store.poll().settings == WORK
    assert len(hand.heard) == 1
    assert "is broken" in hand.heard[0]
    assert path.read_bytes() == BROKEN, "whoever is editing it goes on"
    put(path, "proxy.port = 7\n")
    hand.now = 4.0
    assert store.poll().settings.proxy.port == 7


def test_a_file_that_goes_away_changes_nothing(path: Path, hand: Hand) -> None:
    save(path, WORK)
    store = opened(path, hand)
    path.unlink()
    hand.now = 1.0
    assert store.poll().settings == WORK
    assert "gone" in hand.heard[0]


def test_a_file_that_appears_is_read(path: Path, hand: Hand) -> None:
    store = opened(path, hand)
    assert store.poll().settings == Settings()
    put(path, "proxy.port = 7\n")
    hand.now = 1.0
    assert store.poll().settings.proxy.port == 7
    assert hand.heard == []


@dataclass
class Follower:
    """A subscriber that keeps the ports it was called with, and refuses one."""

    refused: int = -1
    seen: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, before: Loaded, after: Loaded) -> None:
        if after.settings.proxy.port == self.refused:
            raise ConfigError("No such port here.")
        self.seen.append((before.settings.proxy.port, after.settings.proxy.port))


def to_port(port: int) -> Callable[[Settings], Settings]:
    return lambda settings: replace(settings, proxy=replace(settings.proxy, port=port))


def test_a_change_is_written_in_force_at_once_and_told_to_every_subscriber(path: Path, hand: Hand) -> None:
    store = opened(path, hand)
    first, second = Follower(), Follower()
    store.subscribe(first)
    store.subscribe(second)
    assert store.change(to_port(1)) is store.current
    assert store.current.settings.proxy.port == 1
    assert settings_file.load(path).settings == store.current.settings
    assert first.seen == second.seen == [(8082, 1)]


def test_a_change_of_nothing_calls_no_subscriber(path: Path, hand: Hand) -> None:
    store, follower = opened(path, hand), Follower()
    store.subscribe(follower)
    before = store.current
    assert store.change(lambda settings: settings) is before
    assert follower.seen == []
    assert not path.exists()


def test_a_change_made_here_is_no_change_from_outside(path: Path, hand: Hand) -> None:
    store, follower = opened(path, hand), Follower()
    store.change(to_port(1))
    store.subscribe(follower)
    hand.now = 1.0
    assert store.poll() is store.current
    assert follower.seen == []


def test_a_change_by_another_program_is_told_once(path: Path, hand: Hand) -> None:
    store, follower = opened(path, hand), Follower()
    store.subscribe(follower)
    put(path, "proxy.port = 7\n")
    for hand.now in (1.0, 2.0, 3.0):
        store.poll()
    assert follower.seen == [(8082, 7)]


def test_a_change_keeps_what_another_program_wrote_and_that_comes_into_force_with_it(path: Path, hand: Hand) -> None:
    store, follower = opened(path, hand), Follower()
    store.subscribe(follower)
    put(path, "proxy.port = 7\n")
    store.change(lambda settings: replace(settings, log=replace(settings.log, days=3)))
    assert (store.current.settings.proxy.port, store.current.settings.log.days) == (7, 3)
    assert follower.seen == [(8082, 7)]


def test_a_change_that_a_subscriber_refuses_is_undone_for_all_and_not_written(path: Path, hand: Hand) -> None:
    put(path, "# mine\nproxy.port = 7\n")
    store = opened(path, hand)
    before = store.current
    first, refusing, last = Follower(), Follower(refused=9), Follower()
    for follower in (first, refusing, last):
        store.subscribe(follower)
    with pytest.raises(ConfigError, match="No such port"):
        store.change(to_port(9))
    assert store.current is before
    assert path.read_text() == "# mine\nproxy.port = 7\n"
    assert (first.seen, refusing.seen, last.seen) == ([(7, 9), (9, 7)], [], [])
    store.change(to_port(10))
    assert refusing.seen == last.seen == [(7, 10)]


def test_a_change_that_cannot_be_written_is_undone_for_all(
    path: Path, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(path, WORK)
    store, follower = opened(path, hand), Follower()
    store.subscribe(follower)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        store.change(to_port(9))
    assert store.current.settings == WORK
    assert follower.seen == [(8082, 9), (9, 8082)]


def test_a_change_whose_copy_cannot_be_kept_is_in_force_and_that_is_told(path: Path, hand: Hand) -> None:
    save(path, WORK)
    store = opened(path, hand)
    good_copy(path).unlink()
    good_copy(path).mkdir()
    store.change(to_port(9))
    assert settings_file.read(path).settings.proxy.port == store.current.settings.proxy.port == 9
    assert "No copy of the settings" in hand.heard[0]


def test_what_a_subscriber_refuses_of_another_programs_change_stays_in_the_file_and_out_of_force(
    path: Path, hand: Hand
) -> None:
    store = opened(path, hand)
    first = Follower()
    store.subscribe(first)
    store.subscribe(Follower(refused=9))
    put(path, "proxy.port = 9\n")
    for hand.now in (1.0, 2.0, 3.0):
        assert store.poll().settings.proxy.port == 8082
    assert path.read_text() == "proxy.port = 9\n"
    assert hand.heard == ["No such port here."]
    assert first.seen == [(8082, 9), (9, 8082)]
    put(path, "proxy.port = 10\n")
    hand.now = 4.0
    assert store.poll().settings.proxy.port == 10


def test_settings_from_which_nothing_follows_are_refused_before_they_are_written(path: Path) -> None:
    def derive(loaded: Loaded) -> Loaded:
        if loaded.settings.proxy.port == 9:
            raise ConfigError("The environment wants another port.")
        return loaded

    store = SettingsStore(path, derive)
    with pytest.raises(ConfigError, match="environment"):
        store.change(to_port(9))
    assert not path.exists()


def test_a_broken_file_at_the_start_is_set_aside_and_told_once(path: Path, hand: Hand) -> None:
    save(path, WORK)
    put(path, BROKEN)
    store = opened(path, hand)
    for hand.now in (1.0, 2.0):
        assert store.poll().settings == WORK
    assert len(hand.heard) == 1
    assert "is kept as" in hand.heard[0]
