"""Garbage is collected in Qt's thread, never in another."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.platform.garbage import Garbage


class Knot:
    """Garbage that tells in which thread it was collected."""

    def __init__(self, told: list[int]) -> None:
        self.itself = self
        self.told = told

    def __del__(self) -> None:
        self.told.append(threading.get_ident())


@pytest.fixture
def garbage(qapp: QObject, qtbot: QtBot) -> Iterator[Garbage]:
    made = Garbage(qapp, started=0)
    qtbot.wait(50)
    yield made
    made.end()
    made.deleteLater()


def test_what_another_thread_leaves_is_collected_in_this_one(garbage: Garbage, qtbot: QtBot) -> None:
    told: list[int] = []

    def work() -> None:
        for _ in range(5_000):
            Knot(told)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == []
    qtbot.waitUntil(lambda: len(told) == 5_000, timeout=30_000)
    assert set(told) == {threading.get_ident()}


def busy(garbage: Garbage, looks: int, objects: int) -> set[int]:
    """The generations that are looked through while so many objects are made between two looks."""
    seen: list[int] = []
    gc.callbacks.append(lambda phase, told: seen.append(told["generation"]) if phase == "start" else None)
    try:
        for _ in range(looks):
            kept = [[number] for number in range(objects)]
            garbage.look()
            del kept
    finally:
        gc.callbacks.pop()
    return set(seen)


def test_the_old_are_looked_through_in_a_quiet_moment(garbage: Garbage) -> None:
    gc.collect()
    old = Knot([])
    told = old.told
    gc.collect(1)
    del old
    assert busy(garbage, 150, gc.get_threshold()[0] + 100) == {0, 1}
    assert told == [], "while much is done"
    assert busy(garbage, 20, 1) == {2}
    assert told == [threading.get_ident()]


def test_the_old_are_looked_through_at_last_if_it_is_never_quiet(garbage: Garbage) -> None:
    gc.collect()
    assert 2 in busy(garbage, 2_600, gc.get_threshold()[0] + 100)


def test_while_objects_are_made_by_the_thousand_only_they_are_looked_through(garbage: Garbage) -> None:
    gc.collect()
    assert busy(garbage, 150, 20 * gc.get_threshold()[0]) == {0}
