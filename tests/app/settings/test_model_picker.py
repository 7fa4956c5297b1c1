"""The model picker with the whole catalogue, by keyboard and mouse."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QAbstractListModel, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QLineEdit, QListView, QMainWindow, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.services.catalogue_search import CatalogueSearch
from app.widgets.model_choices import ModelMark, ModelOffer, choices
from app.widgets.model_list import ModelListView
from app.widgets.model_picker import ModelPicker
from app.widgets.theme import Theme
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.values import ModelFacts

REACHED = frozenset({"openai/gpt-4.1", "openai/gpt-4.1-mini"})


class Waiting(ModelCatalogue):
    """Models that are read when they may be."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def search(self, words: str, limit: int = 200) -> list[ModelFacts]:
        self.may.wait(60)
        return super().search(words, limit)


class Stage:
    """A picker in a window, with a field beside it, and what it said."""

    def __init__(self, qtbot: QtBot, theme: Theme, catalogue: CatalogueSearch) -> None:
        self.window = QMainWindow()
        qtbot.addWidget(self.window)
        whole = QWidget()
        column = QVBoxLayout(whole)
        self.picker = ModelPicker(theme, catalogue)
        self.whole = whole
        self.other = QLineEdit()
        column.addWidget(self.picker)
        column.addWidget(self.other)
        column.addStretch(1)
        self.window.setCentralWidget(whole)
        self.window.resize(700, 500)
        self.picker.offer(ModelOffer(REACHED, ("ollama/qwen3:8b",), "Same as BIG"))
        self.picker.show_value("openai/gpt-4.1")
        self.chosen: list[str] = []
        self.wrong: list[str] = []
        self.picker.chosen.connect(self.chosen.append)
        self.picker.wrong.connect(self.wrong.append)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow, timeout=30_000)
        self.picker.setFocus(Qt.FocusReason.TabFocusReason)

    def type(self, text: str) -> None:
        QTest.keyClicks(self.picker, text)

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.picker, key)

    @property
    def list(self) -> QListView:
        found = self.window.findChild(QListView, "models")
        assert isinstance(found, QListView)
        return found


@pytest.fixture
def store(qtbot: QtBot, theme: Theme, catalogue: CatalogueSearch) -> Iterator[Stage]:
    made = Stage(qtbot, theme, catalogue)
    yield made
    made.window.close()


def test_typing_replaces_what_stands_there_and_enter_takes_the_first(store: Stage) -> None:
    store.type("mini 4.1 openai")
    assert store.picker.text() == "mini 4.1 openai"
    store.press(Qt.Key.Key_Return)
    assert store.chosen == ["openai/gpt-4.1-mini"]
    assert not store.picker.is_open
    assert store.picker.text() == "openai/gpt-4.1-mini"


@pytest.mark.parametrize("meanwhile", [None, Qt.Key.Key_Escape, Qt.Key.Key_X])
def test_enter_before_the_catalogue_is_read_waits_for_it(
    qtbot: QtBot, theme: Theme, catalogue: CatalogueSearch, meanwhile: Qt.Key | None
) -> None:
    models = Waiting()
    store = Stage(qtbot, theme, CatalogueSearch(models, {}))
    store.type("mini gemini-2.5")
    store.press(Qt.Key.Key_Return)
    if meanwhile is not None:
        store.press(meanwhile)
    assert (store.chosen, store.picker.choices) == ([], ())
    models.may.set()
    qtbot.waitUntil(lambda: store.picker._catalogue.ready, timeout=30_000)
    if meanwhile is None:
        qtbot.waitUntil(lambda: bool(store.chosen), timeout=30_000)
        assert "gemini-2.5" in store.chosen[0]
    else:
        QTest.qWait(150)
        assert store.chosen == []
    store.window.close()


def test_down_opens_it_at_what_is_chosen_and_moves_from_there(store: Stage) -> None:
    store.press(Qt.Key.Key_Down)
    assert store.picker.is_open
    values = [choice.value for choice in store.picker.choices]
    store.press(Qt.Key.Key_Down)
    store.press(Qt.Key.Key_Return)
    assert store.chosen == [values[values.index("openai/gpt-4.1") + 1]]


def test_up_from_the_first_is_the_last(store: Stage) -> None:
    store.type("gpt-4.1")
    last = store.picker.choices[-1].value
    store.press(Qt.Key.Key_Up)
    store.press(Qt.Key.Key_Return)
    assert store.chosen == [last]


def test_esc_leaves_all_as_it_was(store: Stage) -> None:
    store.type("claude")
    store.press(Qt.Key.Key_Escape)
    assert (store.picker.text(), store.picker.is_open, store.chosen) == ("openai/gpt-4.1", False, [])


def test_leaving_forgets_words_that_only_searched(store: Stage) -> None:
    store.type("claude")
    store.other.setFocus(Qt.FocusReason.TabFocusReason)
    assert (store.picker.text(), store.picker.is_open, store.chosen) == ("openai/gpt-4.1", False, [])


def test_leaving_takes_a_name_that_was_typed_out(store: Stage) -> None:
    store.type("openai/my-own-tune")
    store.other.setFocus(Qt.FocusReason.TabFocusReason)
    assert store.chosen == ["openai/my-own-tune"]


def test_a_name_that_is_not_listed_is_taken_on_enter(store: Stage) -> None:
    store.type("openai/my-own-tune")
    assert [choice.mark for choice in store.picker.choices] == [ModelMark.TYPED]
    store.press(Qt.Key.Key_Return)
    assert store.chosen == ["openai/my-own-tune"]


def test_an_unknown_provider_is_told_at_once_and_not_taken(store: Stage) -> None:
    store.type("nobody/gpt")
    assert store.wrong[-1] == "There is no provider called nobody."
    store.press(Qt.Key.Key_Return)
    assert store.chosen == []
    store.press(Qt.Key.Key_Escape)
    assert store.wrong[-1] == ""


def test_words_that_nothing_has_are_told_at_once(store: Stage) -> None:
    store.type("zzzz")
    assert store.wrong[-1] == "No such model is known. Write it as provider/name to use it."
    store.press(Qt.Key.Key_Return)
    assert store.chosen == []


def test_no_model_can_be_chosen_where_that_is_offered(store: Stage) -> None:
    store.press(Qt.Key.Key_Down)
    assert store.picker.choices[0].mark is ModelMark.NONE
    store.list.clicked.emit(store.list.model().index(0, 0))
    assert store.chosen == [""]
    assert store.picker.placeholderText() == "Same as BIG"


def test_choosing_what_is_chosen_says_nothing(store: Stage) -> None:
    store.press(Qt.Key.Key_Down)
    store.press(Qt.Key.Key_Return)
    assert store.chosen == []


def test_a_click_elsewhere_closes_it(store: Stage) -> None:
    store.press(Qt.Key.Key_Down)
    QTest.mouseClick(store.whole, Qt.MouseButton.LeftButton, pos=store.window.rect().bottomRight())
    assert not store.picker.is_open


def test_the_list_stays_inside_the_window(store: Stage) -> None:
    store.press(Qt.Key.Key_Down)
    popup = store.list.parentWidget()
    assert popup is not None
    assert store.window.rect().contains(popup.geometry())
    store.window.resize(460, 300)
    assert store.window.rect().contains(popup.geometry())


def test_a_state_that_comes_meanwhile_does_not_disturb_typing(store: Stage) -> None:
    store.type("clau")
    store.picker.show_value("openai/gpt-4.1-mini")
    assert store.picker.text() == "clau"
    store.press(Qt.Key.Key_Escape)
    assert store.picker.text() == "openai/gpt-4.1-mini"


def test_a_picker_that_is_fixed_does_not_open(store: Stage) -> None:
    store.picker.setEnabled(False)
    store.picker.open_list()
    assert not store.picker.is_open


def test_the_list_follows_each_key_at_once(store: Stage) -> None:
    """GIVEN an open list WHEN a key is typed THEN the list fits before the next event, without a timer between."""
    store.press(Qt.Key.Key_Down)
    for letter in "gpt 4.1 mini":
        store.type(letter)
        words = store.picker.text().split()
        model = store.list.model()
        shown = [str(model.index(row, 0).data()) for row in range(model.rowCount())]
        fitting = [row for row in shown if all(word in row.casefold() for word in words)]
        assert fitting, store.picker.text()


def test_rows_are_read_out_with_all_that_is_shown(store: Stage, catalogue: CatalogueSearch) -> None:
    store.type("openai/gpt-4.1")
    said = store.list.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == "openai/gpt-4.1, OpenAI · 1M window · $2.00 in, $8.00 out, tools, images, Reached"


def test_the_model_keeps_qts_rules(qtbot: QtBot, catalogue: CatalogueSearch) -> None:
    model: QAbstractListModel = ModelListView()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert isinstance(model, ModelListView)
    for words in ("", "gpt", "zzzz", "claude"):
        model.show_choices(choices(words, catalogue, ModelOffer()))


def test_a_catalogue_that_is_being_read_fills_the_open_list(qtbot: QtBot, theme: Theme) -> None:
    from proxy_core.catalogue.models import ModelCatalogue

    store = Stage(qtbot, theme, CatalogueSearch(ModelCatalogue(), {}))
    store.press(Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: len(store.picker.choices) > 50, timeout=20_000)
    store.window.close()
