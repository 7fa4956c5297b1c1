"""Emptying a layout, also from a button that stands in it; areas that scroll."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.layouts import empty, scrolling


def test_what_stood_in_it_is_gone_at_once_and_deleted_later(qtbot: QtBot) -> None:
    whole, ended = QWidget(), []
    qtbot.addWidget(whole)
    column, inner = QVBoxLayout(whole), QVBoxLayout()
    column.addLayout(inner)
    for name in ("first", "second"):
        button = QPushButton(name)
        button.destroyed.connect(lambda _=None, own=name: ended.append(own))
        button.clicked.connect(lambda: empty(inner))
        inner.addWidget(button)
    whole.show()
    pressed = whole.findChildren(QPushButton)[0]
    QTest.mouseClick(pressed, Qt.MouseButton.LeftButton)
    assert inner.count() == 0
    assert whole.findChildren(QPushButton) == []
    assert ended == [], "the press was on one of them"
    del pressed, button
    qtbot.waitUntil(lambda: sorted(ended) == ["first", "second"], timeout=30_000)


def test_a_page_that_scrolls_is_as_wide_as_its_area(qtbot: QtBot) -> None:
    page = QWidget()
    page.setMinimumHeight(900)
    area = scrolling(page)
    qtbot.addWidget(area)
    area.resize(300, 200)
    area.show()
    QApplication.processEvents()
    assert page.width() == area.viewport().width()
    assert area.verticalScrollBar().maximum() == 900 - area.viewport().height()
    assert area.focusPolicy() is Qt.FocusPolicy.NoFocus
