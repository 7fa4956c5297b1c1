"""Every field of the pages: what it wishes for, what it refuses, and what it is when the environment has decided."""

from __future__ import annotations

from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState
from app.state.commands import ChangeSettings
from app.widgets.theme import Theme
from app.windows.settings.fields import ChoiceField, Field, ListField, SwitchField, TextField
from app.windows.settings.reading import Wrong, port
from app.windows.settings.values import value_at, with_value
from app.windows.settings.window import SettingsWindow
from proxy_core.config.settings import Appearance, AtLimit, Configuration, Settings, ThinkingRule
from resources.scene import settings_state
from tests.app.settings.conftest import Listener, Shown, child

STATE = settings_state()

PLACES = {
    "proxy": "proxy",
    "timeouts": "proxy",
    "routing": "models",
    "general": "general",
    "log": "log",
    "budget": "log",
    "terminal": "terminal",
}
"""The sections of the settings, each with the page that edits it."""

SWITCHES = (
    "general.start_at_login",
    "general.start_hidden",
    "general.start_proxy",
    "general.notifications",
    "proxy.lan",
    "proxy.open",
    "log.bodies",
)
TYPED: tuple[tuple[str, str, Any], ...] = (
    ("proxy.host", "0.0.0.0", "0.0.0.0"),
    ("proxy.port", "9090", 9090),
    ("proxy.outgoing_proxy", "http://sam:pw@proxy.example:3128", "http://sam:pw@proxy.example:3128"),
    ("proxy.outgoing_proxy", "http://proxy.example:3128", "http://proxy.example:3128"),
    ("proxy.passthrough_url", "https://relay.example", "https://relay.example"),
    ("timeouts.connect", "2.5", 2.5),
    ("timeouts.first_chunk", "900", 900.0),
    ("timeouts.between_chunks", "30", 30.0),
    ("timeouts.request_body", "5", 5.0),
    ("log.days", "30", 30),
    ("log.megabytes", "1,024", 1024),
    ("budget.daily", "$12.50", 12.5),
    ("budget.monthly", "", 0.0),
    ("routing.long_threshold", "120000", 120_000),
    ("terminal.command", "foot -D {folder} {script}", "foot -D {folder} {script}"),
)
WRONG: tuple[tuple[str, str], ...] = (
    ("proxy.host", ""),
    ("proxy.host", "http://here"),
    ("proxy.port", "0"),
    ("proxy.port", "65536"),
    ("proxy.port", "80a"),
    ("proxy.outgoing_proxy", "proxy.example:3128"),
    ("proxy.outgoing_proxy", "socks5://proxy.example"),
    ("proxy.passthrough_url", ""),
    ("proxy.passthrough_url", "https://name:pw@relay.example"),
    ("timeouts.connect", "0"),
    ("timeouts.connect", "soon"),
    ("timeouts.first_chunk", "inf"),
    ("log.days", "0"),
    ("log.megabytes", "-3"),
    ("budget.daily", "-1"),
    ("budget.daily", "nan"),
    ("budget.monthly", "1e9"),
    ("routing.long_threshold", "many"),
    ("terminal.command", "xterm -e claude"),
)


class Stage:
    """The Settings window with one field in view."""

    def __init__(self, shown: Shown, theme: Theme, catalogue: CatalogueSearch, path: str) -> None:
        self.window = SettingsWindow(theme, catalogue)
        self.listener: Listener = shown(self.window)
        self.window.show_state(STATE)
        place = PLACES[path.partition(".")[0]]
        self.window.open_page(place)
        (self.field,) = (field for field in self.window.page(place).fields if field.path == path)
        self.window.activateWindow()

    def show(self, state: AppState) -> None:
        self.window.show_state(state)

    def type(self, text: str) -> None:
        editor = self.field.editor
        editor.setFocus(Qt.FocusReason.TabFocusReason)
        editor.selectAll()  # type: ignore[attr-defined]  # a line
        QTest.keyClick(editor, Qt.Key.Key_Delete)
        QTest.keyClicks(editor, text)


def test_every_setting_has_a_field(theme: Theme, catalogue: CatalogueSearch, shown: Shown) -> None:
    window = SettingsWindow(theme, catalogue)
    shown(window)
    edited = {field.path for place in PLACES.values() for field in window.page(place).fields}
    wanted = {f"{name}.{field.name}" for name in PLACES for field in fields_of(getattr(Settings(), name))}
    assert edited == wanted


@pytest.mark.parametrize("path", SWITCHES)
def test_a_switch_wishes_for_its_other_side(path: str, shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    store = Stage(shown, theme, catalogue, path)
    assert isinstance(store.field, SwitchField)
    before = value_at(STATE.settings, path)
    assert store.field.switch.isChecked() is before
    QTest.keyClick(store.field.switch, Qt.Key.Key_Space)
    assert store.listener.commands == [ChangeSettings(with_value(STATE.settings, path, not before))]


@pytest.mark.parametrize(("path", "text", "value"), TYPED)
def test_what_was_typed_is_wished_for_on_enter(
    path: str, text: str, value: Any, shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    store = Stage(shown, theme, catalogue, path)
    store.type(text)
    assert store.listener.commands == []
    QTest.keyClick(store.field.editor, Qt.Key.Key_Return)
    assert store.listener.commands == [ChangeSettings(with_value(STATE.settings, path, value))]
    assert type(value_at(store.listener.last.settings, path)) is type(value)


@pytest.mark.parametrize(("path", "text"), WRONG)
def test_what_is_wrong_is_told_as_it_is_typed_and_not_wished_for(
    path: str, text: str, shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    store = Stage(shown, theme, catalogue, path)
    store.type(text)
    assert store.field.note.isVisible()
    assert store.field.note.text().endswith(".")
    assert store.field.editor.property("wrong") == "true"
    QTest.keyClick(store.field.editor, Qt.Key.Key_Return)
    assert store.listener.commands == []
    # A state that comes meanwhile neither takes the words away nor the sentence.
    store.show(replace(STATE, said="Something else."))
    assert store.field.note.isVisible()


def test_digits_of_other_scripts_are_no_port() -> None:
    assert isinstance(port("٨٠٨٢"), Wrong)


def test_esc_brings_back_what_stood_there(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    store = Stage(shown, theme, catalogue, "proxy.port")
    store.type("99999")
    QTest.keyClick(store.field.editor, Qt.Key.Key_Escape)
    assert isinstance(store.field, TextField)
    assert store.field.line.text() == "8082"
    assert not store.field.note.isVisible()
    assert store.window.isVisible()


def test_leaving_a_field_keeps_it_too(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    store = Stage(shown, theme, catalogue, "proxy.port")
    store.type("9090")
    QTest.keyClick(store.field.editor, Qt.Key.Key_Tab)
    assert store.listener.commands == [ChangeSettings(with_value(STATE.settings, "proxy.port", 9090))]


def test_what_did_not_change_is_no_wish(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    store = Stage(shown, theme, catalogue, "proxy.port")
    store.type("8082")
    QTest.keyClick(store.field.editor, Qt.Key.Key_Return)
    assert store.listener.commands == []


@pytest.mark.parametrize(
    ("path", "at", "value"),
    [
        ("general.appearance", Appearance.DARK, Appearance.DARK),
        ("budget.at_limit", AtLimit.STOP, AtLimit.STOP),
    ],
)
def test_a_choice_wishes_for_the_member(
    path: str, at: str, value: object, shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    store = Stage(shown, theme, catalogue, path)
    assert isinstance(store.field, ChoiceField)
    place = store.field.segmented.place_of(at).center().toPoint()
    QTest.mouseClick(store.field.segmented, Qt.MouseButton.LeftButton, pos=place)
    assert value_at(store.listener.last.settings, path) is value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("general.language", "zh_CN"),
        ("terminal.terminal", "kitty"),
        *(("routing.thinking_rule", rule) for rule in ThinkingRule if rule is not ThinkingRule.ON_PURPOSE),
    ],
)
def test_a_list_wishes_for_what_was_chosen(
    path: str, value: str, shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    store = Stage(shown, theme, catalogue, path)
    assert isinstance(store.field, ListField)
    box = store.field.box
    assert box.currentData() == value_at(STATE.settings, path)
    at = box.findData(value)
    box.setCurrentIndex(at)
    box.activated.emit(at)
    assert store.listener.last == ChangeSettings(with_value(STATE.settings, path, value))
    assert type(value_at(store.listener.last.settings, path)) is type(value_at(STATE.settings, path))


@pytest.mark.parametrize(
    ("path", "variable"),
    [
        ("proxy.port", "PORT"),
        ("proxy.host", "HOST"),
        ("proxy.lan", "UNDERSTUDY_LAN"),
        ("proxy.passthrough_url", "UNDERSTUDY_PASSTHROUGH_URL in .env"),
    ],
)
def test_what_the_environment_fixes_says_by_which_variable(
    path: str, variable: str, shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    store = Stage(shown, theme, catalogue, path)
    store.show(replace(STATE, configuration=Configuration(STATE.settings, fixed={path: variable})))
    field: Field = store.field
    assert not field.editor.isEnabled()
    assert field.note.text() == f"Set by {variable} in the environment"
    store.show(STATE)
    assert field.editor.isEnabled()
    assert not field.note.isVisible()


def test_a_terminal_that_is_gone_is_still_shown(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
    store = Stage(shown, theme, catalogue, "terminal.terminal")
    gone = with_value(STATE.settings, "terminal.terminal", "konsole")
    store.show(replace(STATE, configuration=Configuration(gone)))
    assert isinstance(store.field, ListField)
    assert store.field.box.currentText() == "konsole (not found)"


@pytest.mark.parametrize(("path", "notice"), [("proxy.lan", "lan-warning"), ("proxy.open", "open-warning")])
def test_what_opens_the_proxy_is_warned_of(
    path: str, notice: str, shown: Shown, theme: Theme, catalogue: CatalogueSearch
) -> None:
    store = Stage(shown, theme, catalogue, path)
    assert not child(store.window, notice).isVisible()
    store.show(replace(STATE, configuration=Configuration(with_value(STATE.settings, path, True))))
    assert child(store.window, notice).isVisible()
