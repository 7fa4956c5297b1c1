"""Real key presses into the fields of the settings, while states come in as they do in the running app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState
from app.state.commands import ChangeSettings
from app.widgets.theme import Theme
from app.windows.settings.reading import Wrong, amount, count, seconds, written
from app.windows.settings.values import value_at, with_value
from app.windows.settings.window import SettingsWindow
from proxy_core.config.settings import Configuration, Price, Role, Settings
from resources.scene import settings_state
from tests.app.settings.conftest import Listener, Shown, child

MODEL = "gateway/unheard-of"
STATE = settings_state()
UNPRICED = replace(STATE, roles={**STATE.roles, Role.BIG: MODEL})


class Stage:
    """The Settings window with an app behind it: what is wished for is shown as soon as it was said."""

    def __init__(self, shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
        self.state = UNPRICED
        self.window = SettingsWindow(theme, catalogue)
        self.listener: Listener = shown(self.window)
        self.window.command_requested.connect(self._take)
        self.window.show_state(self.state)

    @property
    def settings(self) -> Settings:
        return self.state.settings

    def at(self, page: str, name: str) -> Any:
        self.window.open_page(page)
        QApplication.processEvents()
        line = child(self.window, name)
        line.setFocus(Qt.FocusReason.TabFocusReason)
        return line

    def show(self, state: AppState) -> None:
        self.state = state
        self.window.show_state(state)

    def keys(self, *keys: str | Qt.Key) -> None:
        """Press them wherever the focus is; after each of them some other news comes in."""
        for key in keys:
            for one in key if isinstance(key, str) else (key,):
                focus = QApplication.focusWidget()
                assert focus is not None
                press: Callable[..., None] = QTest.keyClicks if isinstance(one, str) else QTest.keyClick
                press(focus, one)
                self.show(replace(self.state, version=self.state.version + "."))

    def _take(self, command: object) -> None:
        if isinstance(command, ChangeSettings):
            self.show(replace(self.state, configuration=Configuration(command.settings)))


@pytest.fixture
def store(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> Stage:
    return Stage(shown, theme, catalogue)


def test_a_price_typed_with_tab_between_its_halves_is_the_one_that_is_kept(store: Stage) -> None:
    line = store.at("log", f"price-input-{MODEL}")
    store.keys("3", Qt.Key.Key_Tab)
    assert child(store.window, f"price-output-{MODEL}").hasFocus()
    assert MODEL not in store.settings.prices
    store.keys("15", Qt.Key.Key_Tab)
    assert store.settings.prices[MODEL] == Price(3.0, 15.0)
    assert (line.text(), child(store.window, f"price-output-{MODEL}").text()) == ("3", "15")


def test_a_price_of_which_one_half_is_missing_is_none(store: Stage) -> None:
    line = store.at("log", f"price-output-{MODEL}")
    row = store.window.page("log").prices.rows[MODEL]  # type: ignore[attr-defined]  # the log's page
    store.keys("15", Qt.Key.Key_Tab)
    assert store.listener.commands == []
    assert row.note.text() == "Enter both prices; 0 means free."
    assert (row.input.text(), line.text()) == ("", "15")
    store.keys(Qt.Key.Key_Backtab, Qt.Key.Key_Backtab)
    assert row.input.hasFocus()
    store.keys("0", Qt.Key.Key_Return)
    assert store.settings.prices[MODEL] == Price(0.0, 15.0)
    assert not row.note.isVisible()


def test_a_price_that_was_begun_stays_when_its_model_plays_no_more(store: Stage) -> None:
    store.at("log", f"price-input-{MODEL}")
    store.keys("3")
    store.show(replace(store.state, roles=STATE.roles))
    QApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete.value))
    assert child(store.window, f"price-input-{MODEL}").hasFocus()
    store.keys(Qt.Key.Key_Tab, "15", Qt.Key.Key_Return)
    assert store.settings.prices[MODEL] == Price(3.0, 15.0)


def test_a_price_that_is_emptied_to_be_typed_anew_keeps_its_other_half(store: Stage) -> None:
    model = "gateway/atlas-coder"
    line = store.at("log", f"price-input-{model}")
    store.keys(*[Qt.Key.Key_Backspace] * 2)  # what was selected, and nothing
    assert line.text() == ""
    store.keys(Qt.Key.Key_Tab)
    assert store.listener.commands == []
    assert line.text() == ""
    store.keys(Qt.Key.Key_Backtab, "2", Qt.Key.Key_Tab)
    assert store.settings.prices[model] == replace(STATE.settings.prices[model], input=2.0)


FIELDS = (
    ("budget.daily", "log", "12.5", 12.5),
    ("budget.monthly", "log", "0,5", 0.5),
    ("log.days", "log", "30", 30),
    ("log.megabytes", "log", "512", 512),
    ("proxy.port", "proxy", "9090", 9090),
    ("proxy.host", "proxy", "127.0.0.2", "127.0.0.2"),
    ("proxy.passthrough_url", "proxy", "https://relay.example", "https://relay.example"),
    ("timeouts.connect", "proxy", "2,5", 2.5),
    ("timeouts.between_chunks", "proxy", "30", 30.0),
    ("routing.long_threshold", "models", "120000", 120_000),
    ("terminal.command", "terminal", "foot {script}", "foot {script}"),
)


@pytest.mark.parametrize(("path", "page", "text", "value"), FIELDS)
def test_nothing_is_written_into_a_field_while_a_person_is_in_it(
    store: Stage, path: str, page: str, text: str, value: Any
) -> None:
    line = store.at(page, path)
    line.selectAll()
    store.keys(text)
    assert (line.text(), line.cursorPosition()) == (text, len(text))
    store.keys(Qt.Key.Key_Return)
    assert value_at(store.settings, path) == value
    assert (line.text(), line.cursorPosition()) == (text, len(text)), "it goes on from here"
    store.keys(Qt.Key.Key_Tab)
    assert line.text() == written(value)


@pytest.mark.parametrize(("path", "page", "text", "value"), FIELDS)
def test_a_value_that_others_change_waits_for_a_person_to_leave(
    store: Stage, path: str, page: str, text: str, value: Any
) -> None:
    line = store.at(page, path)
    line.deselect()
    before, at = line.text(), line.cursorPosition()
    store.show(replace(store.state, configuration=Configuration(with_value(store.settings, path, value))))
    assert (line.text(), line.cursorPosition()) == (before, at)
    store.keys(Qt.Key.Key_Tab)
    assert line.text() == written(value)
    assert store.listener.commands == []


def test_a_field_that_keeps_its_place_in_a_closed_window_shows_what_is_so_when_it_opens(store: Stage) -> None:
    line = store.at("proxy", "proxy.port")
    store.window.close()
    store.show(replace(store.state, configuration=Configuration(with_value(store.settings, "proxy.port", 9090))))
    store.window.show()
    assert line.text() == "9090"


def test_a_field_is_still_in_use_while_another_window_has_the_focus(store: Stage, qtbot: QtBot) -> None:
    line = store.at("log", "budget.daily")
    line.selectAll()
    store.keys("3.")
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(other.isActiveWindow)
    store.show(replace(store.state, version="a"))
    store.window.activateWindow()
    qtbot.waitUntil(line.hasFocus)
    store.keys("5", Qt.Key.Key_Tab)
    assert store.settings.budget.daily == 3.5


def test_an_amount_is_pasted_with_its_sign(store: Stage) -> None:
    line = store.at("log", "budget.daily")
    line.selectAll()
    QGuiApplication.clipboard().setText("$3\n")
    QTest.keySequence(line, QKeySequence(QKeySequence.StandardKey.Paste))
    store.keys(Qt.Key.Key_Tab)
    assert store.settings.budget.daily == 3.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0,5", 0.5),
        (",5", 0.5),
        ("3.", 3.0),
        ("10,25", 10.25),
        ("0,125", 0.125),
        ("1,234.56", 1234.56),
        ("1.234,56", 1234.56),
        ("1 234,5", 1234.5),
        ("$3", 3.0),
        ("$ 3.20", 3.2),
        ("3 USD", 3.0),
        ("US$3", 3.0),
        ("0.000001", 0.000001),
        ("", 0.0),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, value: float) -> None:
    assert amount(text) == value


@pytest.mark.parametrize("text", ["1,000", "12,500", "1,2,3", "1.2.3", "$", "1e9", "-1", "nan", "3 EUR", "٣"])
def test_an_amount_that_may_be_another_is_not_guessed(text: str) -> None:
    assert isinstance(amount(text), Wrong)


def test_of_an_ambiguous_amount_both_meanings_are_told() -> None:
    assert amount("1,000") == Wrong("Write 1000 or 1.000: 1,000 can mean both.")
    assert isinstance(seconds("1,000"), Wrong)


@pytest.mark.parametrize("text", ["0,5", "1,02", "1.5", "1,0000", "0,500"])
def test_a_part_is_no_whole_number(text: str) -> None:
    assert isinstance(count(text), Wrong)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-06, "0.000001"), (1e-07, "0.0000001"), (10.0, "10"), (0.1 + 0.2, "0.3"), (600.0, "600"), (0.0, "0"), (7, "7")],
)
def test_a_number_is_shown_so_that_it_can_be_read_again(value: float, text: str) -> None:
    assert written(value) == text
    assert amount(written(value)) == pytest.approx(value)
