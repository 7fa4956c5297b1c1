"""The Settings window on the real app: what is chosen there is in the file, in the proxy and on the screen again."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.state.commands import ReadPage, ShowSettings
from app.state.query_results import PageRead
from app.windows.settings.window import SettingsWindow
from proxy_core.ledger.rows import Filter
from tests.app.core.real_app import App, running
from tests.app.settings.conftest import asked, child, say_yes

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # of the platform without a screen


def settings_window(app: App, qtbot: QtBot, page: str) -> SettingsWindow:
    """The app's own, at a page."""
    app.command(ShowSettings(page))
    found: list[SettingsWindow] = []

    def is_there() -> bool:
        found[:] = [
            one for one in QApplication.topLevelWidgets() if isinstance(one, SettingsWindow) and one.isVisible()
        ]
        return bool(found)

    qtbot.waitUntil(is_there, timeout=20_000)
    found[0].activateWindow()
    qtbot.waitUntil(found[0].isActiveWindow, timeout=20_000)  # or a field that is given the keyboard does not know it
    return found[0]


def written(app: App) -> dict[str, Any]:
    return tomllib.loads((app.home / "settings.toml").read_text())


def asked_models(app: App) -> list[str]:
    """Who answered, by the ledger, the latest first."""
    return [row.record.model for row in app.answer(PageRead, ReadPage(Filter())).rows]


@pytest.fixture
def until(qtbot: QtBot) -> Callable[[Callable[[], bool]], None]:
    return lambda holds: qtbot.waitUntil(holds, timeout=20_000)


def test_a_role_that_is_chosen_answers_the_next_request(
    qtbot: QtBot, tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    with running(qtbot, tmp_path) as app:
        window = settings_window(app, qtbot, "models")
        picker = child(window, "picker-big")
        until(lambda: bool(picker.text() == "demo/instant"))
        assert app.ask()[0] == 200
        picker.setFocus()
        QTest.keyClicks(picker, "demo fast")
        QTest.keyClick(picker, Qt.Key.Key_Return)
        until(lambda: written(app)["profiles"]["Default"]["big"] == "demo/fast")
        until(lambda: bool(window.said.text()))
        assert app.ask()[0] == 200
        until(lambda: asked_models(app)[:2] == ["fast", "instant"])


def test_a_field_is_kept_and_a_profile_is_made_renamed_and_deleted(
    qtbot: QtBot, tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    with running(qtbot, tmp_path) as app:
        window = settings_window(app, qtbot, "log")
        line = child(window, "log.days")
        until(lambda: bool(line.text() == "7"))
        line.setFocus()
        line.selectAll()
        QTest.keyClicks(line, "30")
        QTest.keyClick(line, Qt.Key.Key_Return)
        until(lambda: written(app).get("log", {}).get("days") == 30)

        window.open_page("profiles")
        QTest.mouseClick(child(window, "new-profile"), Qt.MouseButton.LeftButton)
        until(lambda: "New profile" in app.state.settings.profiles)
        line = child(window, "name-New profile")
        until(line.hasFocus)
        QTest.keyClicks(line, "Evenings")
        QTest.keyClick(line, Qt.Key.Key_Return)
        until(lambda: list(app.state.settings.profiles) == ["Default", "Evenings"])
        QApplication.processEvents()
        QTest.mouseClick(child(window, "delete-Evenings"), Qt.MouseButton.LeftButton)
        say_yes(window)
        until(lambda: list(app.state.settings.profiles) == ["Default"])


def test_the_log_is_deleted_with_its_counts_asked_first(
    qtbot: QtBot, tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    with running(qtbot, tmp_path) as app:
        app.ask()
        until(lambda: len(app.answer(PageRead, ReadPage(Filter())).rows) == 1)
        window = settings_window(app, qtbot, "log")
        button = child(window, "delete-log")
        for _ in range(2):  # a double-click
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        dialog = asked(window)
        until(lambda: dialog.question.action == "Delete 1 request")
        until(dialog.action.isEnabled)
        assert len(app.answer(PageRead, ReadPage(Filter())).rows) == 1
        QTest.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
        until(lambda: app.answer(PageRead, ReadPage(Filter())).rows == ())
        until(lambda: bool(window.said.text() == "Log deleted."))


def test_what_the_environment_fixes_is_fixed_in_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    with running(qtbot, tmp_path, environ={"BIG_MODEL": "demo/slow"}) as app:
        window = settings_window(app, qtbot, "models")
        picker = child(window, "picker-big")
        qtbot.waitUntil(lambda: picker.text() == "demo/slow", timeout=20_000)
        assert not picker.isEnabled()
