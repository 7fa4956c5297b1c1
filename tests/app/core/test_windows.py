"""The real windows on the real app: first run from its first step to a streamed answer, and a request in the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.state.app_state import Phase
from app.state.commands import ShowRequests, ShowSettings, ShowWatch
from app.windows.first_run.window import FirstRunWindow
from app.windows.settings.window import SettingsWindow
from app.windows.watch.requests_table import RequestsTable
from app.windows.watch.window import WatchWindow
from proxy_core.config.settings import Role
from proxy_core.ledger.rows import Filter
from tests.app.core.real_app import running

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # of the platform without a screen

W = TypeVar("W", bound=QWidget)


def opened(kind: type[W]) -> W | None:
    """The visible window of a kind."""
    return next((one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()), None)


def window(qtbot: QtBot, kind: type[W]) -> W:
    qtbot.waitUntil(lambda: opened(kind) is not None, timeout=20_000)
    found = opened(kind)
    assert found is not None
    return found


def button(within: QWidget, name: str) -> QPushButton:
    found = within.findChild(QPushButton, name)
    assert found is not None, name
    return found


def press(qtbot: QtBot, within: QWidget, name: str) -> None:
    pressed = button(within, name)
    qtbot.waitUntil(pressed.isEnabled, timeout=20_000)
    QTest.mouseClick(pressed, Qt.MouseButton.LeftButton)


def test_first_run_goes_from_nothing_to_a_streamed_answer(qtbot: QtBot, tmp_path: Path) -> None:
    with running(qtbot, tmp_path, settings="", first_run=True) as app:
        first = window(qtbot, FirstRunWindow)
        assert opened(WatchWindow) is None
        qtbot.waitUntil(lambda: first.findChild(QPushButton, "first-use-demo") is not None, timeout=20_000)
        press(qtbot, first, "first-use-demo")
        qtbot.waitUntil(
            lambda: first.step is not first.key_step or button(first, "first-next").isEnabled(), timeout=20_000
        )
        if first.step is first.key_step:
            press(qtbot, first, "first-next")
        qtbot.waitUntil(lambda: first.step is first.roles_step, timeout=20_000)
        press(qtbot, first, "first-next")
        qtbot.waitUntil(lambda: first.step is first.request_step, timeout=20_000)
        app.until(lambda state: state.roles[Role.BIG].startswith("demo/"))
        qtbot.waitUntil(lambda: len(first.request_step.answer.toPlainText()) > 20, timeout=30_000)
        app.until(lambda state: state.today.requests >= 1)
        press(qtbot, first, "first-skip")
        window(qtbot, WatchWindow)
        app.until(lambda state: not state.first_run)
        qtbot.waitUntil(lambda: opened(FirstRunWindow) is None, timeout=30_000)
    remembered = json.loads((tmp_path / "understudy" / "state" / "desktop.json").read_text())
    assert remembered["first_run_over"] is True


def test_a_request_appears_in_the_log_and_is_found_again(qtbot: QtBot, tmp_path: Path) -> None:
    with running(qtbot, tmp_path) as app:
        app.desktop.take(ShowWatch())
        watch = window(qtbot, WatchWindow)
        table = watch.findChild(RequestsTable)
        assert table is not None
        assert app.ask("Hello.")[0] == 200
        qtbot.waitUntil(lambda: table.model().rowCount() == 1, timeout=20_000)
        app.until(lambda state: not state.live)
        assert table.model().rowCount() == 1, "it is not there twice, live and kept"
        app.desktop.take(ShowRequests(Filter(text="no such model")))
        qtbot.waitUntil(lambda: table.model().rowCount() == 0, timeout=20_000)


def test_settings_open_at_their_page_and_the_look_follows(qtbot: QtBot, tmp_path: Path) -> None:
    with running(qtbot, tmp_path) as app:
        app.desktop.take(ShowSettings("general"))
        window(qtbot, SettingsWindow)
        (app.home / "settings.toml").write_text('[general]\nappearance = "dark"\n')
        app.until(lambda state: state.settings.general.appearance == "dark")
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        qtbot.waitUntil(lambda: application.palette().window().color().lightness() < 60, timeout=30_000)
        assert app.state.proxy.phase is Phase.RUNNING


def test_where_a_window_stood_is_where_it_stands_again(qtbot: QtBot, tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    with running(qtbot, tmp_path / "first") as app:
        app.desktop.take(ShowWatch())
        window(qtbot, WatchWindow).resize(1011, 733)
    kept = json.loads((tmp_path / "first" / "understudy" / "state" / "desktop.json").read_text())["geometry"]
    with running(qtbot, tmp_path / "second", geometry=kept) as app:
        app.desktop.take(ShowWatch())
        found = window(qtbot, WatchWindow)
        assert found.height() == 733  # the width is cut to the screen, which this platform makes small
