"""Garbage is collected in Qt's thread, never in another."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.garbage import Garbage


class Knot:
    """Garbage that tells in which thread it was collected."""

    def __init__(self, told: list[int]) -> None:
        self.itself = self
        self.told = told

    def __del__(self) -> None:
        self.told.append(threading.get_ident())


@pytest.fixture
def garbage(qapp: QObject) -> Iterator[Garbage]:
    made = Garbage(qapp)
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
    qtbot.waitUntil(lambda: len(told) == 5_000, timeout=5_000)
    assert set(told) == {threading.get_ident()}


def test_the_old_are_looked_through_in_time(garbage: Garbage) -> None:
    gc.collect()
    frozen, old = gc.get_freeze_count(), Knot([])
    told = old.told
    gc.collect(1)
    del old
    for _ in range(200):
        kept = [[number] for number in range(gc.get_threshold()[0] + 100)]
        garbage.look()
        del kept
        if told:
            break
    assert told == [threading.get_ident()]
    assert gc.get_freeze_count() > frozen


def test_while_objects_are_made_by_the_thousand_the_old_are_left_alone(garbage: Garbage) -> None:
    gc.collect()
    seen: list[int] = []
    gc.callbacks.append(lambda phase, told: seen.append(told["generation"]) if phase == "start" else None)
    try:
        for _ in range(150):
            kept = [[number] for number in range(20 * gc.get_threshold()[0])]
            garbage.look()
            del kept
    finally:
        gc.callbacks.pop()
    assert set(seen) == {0}
