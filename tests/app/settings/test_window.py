"""The Settings window as a whole: its places, its foot, its keys, and the names that are read out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QWidget

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState
from app.state.commands import ChangeSettings
from app.widgets.theme import Theme
from app.windows.first_run.window import FirstRunWindow
from app.windows.settings.page import Page
from app.windows.settings.window import SettingsWindow
from proxy_core.config.settings import BudgetSettings, Configuration, LogSettings, ProxySettings
from resources.scene import SETTINGS, first_run_state, settings_state
from tests.app.settings.conftest import Shown, asked, child, say_yes

STATE = settings_state()
PLACES = ("models", "profiles", "general", "proxy", "log", "terminal", "about")


def test_every_place_is_reached_by_its_key_and_its_entry(
    shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    for number, place in enumerate(PLACES, start=1):
        QTest.keyClick(window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
        assert window.place == place
    for place in PLACES:
        QTest.mouseClick(child(window, f"nav-{place}"), Qt.MouseButton.LeftButton)
        assert window.place == place
        assert child(window, f"nav-{place}").isChecked()


def test_an_unknown_page_changes_nothing(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    window.open_page("log")
    window.open_page("nowhere")
    assert window.place == "log"


def test_what_was_saved_is_said_in_one_line(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    window.show_state(replace(STATE, said="Saved. New requests use these settings."))
    assert child(window, "said").text() == "Saved. New requests use these settings."


def test_a_second_change_is_said_again_in_the_same_words(
    shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    window.show_state(replace(STATE, said="Saved."))
    window.said.setText("")  # as it is after some seconds
    window.show_state(replace(STATE, said="Saved.", version="9"))
    assert window.said.text() == ""
    changed = Configuration(replace(SETTINGS, log=LogSettings(days=3)))
    window.show_state(replace(STATE, said="Saved.", configuration=changed))
    assert window.said.text() == "Saved."


def test_what_is_wrong_outside_is_told_on_every_page(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    warned = Configuration(SETTINGS, warnings=("HOST is 0.0.0.0, which other machines can reach.",))
    window.show_state(replace(STATE, configuration=warned, troubles=("The log cannot be written.",)))
    for place in PLACES:
        window.open_page(place)
        assert child(window, "settings-troubles").isVisible()
    assert (
        window.troubles.words.text() == "HOST is 0.0.0.0, which other machines can reach.\nThe log cannot be written."
    )


def test_restoring_a_page_leaves_the_others(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    window = SettingsWindow(theme, catalogue)
    listener = shown(window)
    changed = replace(SETTINGS, log=LogSettings(days=3), general=replace(SETTINGS.general, notifications=False))
    window.show_state(replace(STATE, configuration=Configuration(changed)))
    window.open_page("log")
    QApplication.processEvents()
    QTest.mouseClick(child(window, "restore-defaults"), Qt.MouseButton.LeftButton)
    assert "Keep them for: 3 days → 7 days" in asked(window).question.details
    assert listener.commands == []
    say_yes(window)
    assert listener.commands == [ChangeSettings(replace(changed, log=LogSettings(), budget=BudgetSettings()))]


def test_a_page_with_its_defaults_has_none_to_restore(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    window.show_state(replace(STATE, configuration=Configuration(replace(SETTINGS, log=LogSettings(days=3)))))
    window.open_page("log")
    assert child(window, "restore-defaults").isEnabled()
    plain = replace(SETTINGS, log=LogSettings(), budget=BudgetSettings())
    window.show_state(replace(STATE, configuration=Configuration(plain)))
    assert not child(window, "restore-defaults").isEnabled()


def test_what_the_environment_fixes_is_not_restored(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    window = SettingsWindow(theme, catalogue)
    listener = shown(window)
    proxy = ProxySettings(port=9090, passthrough_url="https://relay.example")
    fixed = Configuration(replace(SETTINGS, proxy=proxy), fixed={"proxy.port": "PORT"})
    window.show_state(replace(STATE, configuration=fixed))
    window.open_page("proxy")
    QTest.mouseClick(child(window, "restore-defaults"), Qt.MouseButton.LeftButton)
    assert not [line for line in asked(window).question.details if line.startswith("Port")]
    say_yes(window)
    assert listener.last.settings.proxy == ProxySettings(port=9090)


@pytest.mark.parametrize("place", ["profiles", "about"])
def test_where_there_is_no_default_none_is_restored(
    place: str, shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    window.open_page(place)
    assert not child(window, "restore-defaults").isVisible()


def test_requests_that_come_in_do_not_draw_the_pages_anew(
    shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    drawn: list[AppState] = []

    class Counted(Page):
        def show_state(self, state: AppState) -> None:
            drawn.append(state)

    window = SettingsWindow(theme, catalogue)
    window._makers["about"] = lambda: Counted(theme, "about", "About")
    shown(window)
    window.show_state(STATE)
    window.open_page("about")
    before = len(drawn)
    for first_token in (0.1, 0.2, 0.3):
        window.show_state(replace(STATE, hour_first_token=first_token))
    assert len(drawn) == before
    window.show_state(replace(STATE, version="9"))
    assert len(drawn) == before + 1


def test_a_hidden_window_shows_the_latest_state_when_it_opens(
    shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    window.open_page("about")
    window.hide()
    window.show_state(replace(STATE, version="9.9"))
    window.show()
    assert child(window, "version").text() == "9.9"


def test_it_is_closed_as_any_other_window(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert not window.isVisible()


def test_esc_and_the_button_close_it(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()
    window.show()
    QTest.mouseClick(child(window, "close-settings"), Qt.MouseButton.LeftButton)
    assert not window.isVisible()


def stops(window: QWidget) -> list[QWidget]:
    """Where Tab goes, from the first stop until it comes round."""
    found: list[QWidget] = []
    window.activateWindow()
    for _ in range(400):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        here = QApplication.focusWidget()
        if here is None or here in found:
            break
        found.append(here)
    return found


@pytest.mark.parametrize("place", PLACES)
def test_every_control_is_reached_by_tab_and_has_a_name(
    place: str, shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    window.show_state(replace(STATE, claude_installed=False, report="/crash.txt", newer_version="9"))
    window.open_page(place)
    QApplication.processEvents()
    reached = stops(window)
    controls = [
        widget
        for widget in window.findChildren(QWidget)
        if isinstance(widget, (QAbstractButton, QLineEdit, QComboBox)) and widget.isVisible() and widget.isEnabled()
        if not isinstance(widget.parent(), QLineEdit)  # an action in a field
    ]
    assert len(controls) > 9
    assert [control.objectName() for control in controls if control not in reached] == []
    assert [control for control in controls if not name_of(control)] == []


def test_every_control_of_the_first_run_has_a_name(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    window = FirstRunWindow(theme, catalogue)
    shown(window)
    window.show_state(first_run_state())
    controls = window.findChildren(QAbstractButton) + window.findChildren(QLineEdit) + window.findChildren(QComboBox)
    assert [control.objectName() for control in controls if not name_of(control)] == []


def name_of(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    assert interface is not None
    return interface.text(QAccessible.Text.Name)
