"""Signals end the app from its event loop, and from nowhere else."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.platform.signals import Signals


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture
def signals(qtbot: QtBot, ended: list[str]) -> Iterator[Signals]:
    made = Signals(lambda: ended.append("end"))
    yield made
    made.close()


def test_the_end_waits_for_the_event_loop(signals: Signals, ended: list[str], qtbot: QtBot) -> None:
    signal.raise_signal(signal.SIGTERM)
    assert ended == [], "it came in the middle of what was being done, which may be painting"
    qtbot.waitUntil(lambda: ended == ["end"], timeout=30_000)


@pytest.mark.skipif(not hasattr(signal, "SIGWINCH"), reason="not on Windows")
def test_other_signals_end_nothing(signals: Signals, ended: list[str], qtbot: QtBot) -> None:
    before = signal.signal(signal.Signals["SIGWINCH"], lambda *_: None)
    signal.raise_signal(signal.Signals["SIGWINCH"])
    qtbot.wait(50)
    signal.signal(signal.Signals["SIGWINCH"], before)
    assert ended == []


def test_closed_it_leaves_the_signals_as_they_were(qtbot: QtBot) -> None:
    before = signal.getsignal(signal.SIGTERM)
    made = Signals(lambda: None)
    assert signal.getsignal(signal.SIGTERM) != before
    made.close()
    assert signal.getsignal(signal.SIGTERM) == before
