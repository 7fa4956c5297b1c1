"""The settings of a program that runs, while its file is changed, broken, taken away and put back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proxy_core.config.settings import ProxySettings, Settings
from proxy_core.config.settings_file import SettingsSource, save
from tests.config.settings_on_disk import BROKEN, WORK, put


class Hand:
    """A clock that a test moves, and the ears for reports."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heard: list[str] = []

    def clock(self) -> float:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_a_running_proxy_sees_a_changed_file(path: Path, hand: Hand) -> None:
    save(path, WORK)
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    first = source.current()
    assert first == WORK
    save(path, replace(WORK, proxy=ProxySettings(port=1)))
    assert source.current() is first, "the disk is asked once a second"
    hand.now = 1.0
    assert source.current().proxy.port == 1
    assert hand.heard == []


def test_an_unchanged_file_gives_the_same_object(path: Path, hand: Hand) -> None:
    save(path, WORK)
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    first = source.current()
    path.touch()
    hand.now = 2.0
    assert source.current() is first


def test_a_file_broken_while_running_changes_nothing_and_is_told_once(path: Path, hand: Hand) -> None:
    save(path, WORK)
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    put(path, BROKEN)
    for hand.now in (1.0, 2.0, 3.0):
        assert source.current() == WORK
    assert len(hand.heard) == 1
    assert "is broken" in hand.heard[0]
    assert path.read_bytes() == BROKEN, "whoever is editing it goes on"
    put(path, "proxy.port = 7\n")
    hand.now = 4.0
    assert source.current().proxy.port == 7


def test_a_file_that_goes_away_changes_nothing(path: Path, hand: Hand) -> None:
    save(path, WORK)
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    path.unlink()
    hand.now = 1.0
    assert source.current() == WORK
    assert "gone" in hand.heard[0]


def test_a_file_that_appears_is_read(path: Path, hand: Hand) -> None:
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    assert source.current() == Settings()
    put(path, "proxy.port = 7\n")
    hand.now = 1.0
    assert source.current().proxy.port == 7
    assert hand.heard == []
