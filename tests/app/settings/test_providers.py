"""Keys, endpoints and their checks; and that a key is nowhere to be read again."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget, QWidget

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState, CheckVerdict, KeyPlace, KeyStorage, KeyView, ProviderCheck
from app.state.commands import ChangeSettings, CheckProvider, OpenLink, RemoveKey, SetKey
from app.widgets.chip import Chip
from app.widgets.theme import Theme
from app.windows.settings.models_page import ModelsPage
from app.windows.settings.provider_row import ProviderRow
from app.windows.settings.window import SettingsWindow
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Configuration, Engine, ProviderSettings
from resources.scene import SETTINGS, settings_state
from tests.app.settings.conftest import Listener, Shown, asked, child, say_yes

STATE = settings_state()
KEY = "sk-or-v1-not-a-real-key-0042"


class Stage:
    """The Settings window at its providers."""

    def __init__(self, shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
        self.window = SettingsWindow(theme, catalogue)
        self.listener: Listener = shown(self.window)
        self.show(STATE)
        page = self.window.page("models")
        assert isinstance(page, ModelsPage)
        self.card = page.providers

    def show(self, state: AppState) -> None:
        self.window.show_state(state)
        QApplication.processEvents()

    def row(self, id_: str) -> ProviderRow:
        return self.card.rows[id_]

    def click(self, name: str) -> None:
        QApplication.processEvents()
        button = child(self.window, name)
        assert button.isVisible(), name
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QApplication.processEvents()

    def type(self, name: str, text: str) -> QLineEdit:
        field = child(self.window, name)
        assert isinstance(field, QLineEdit)
        field.setFocus()
        QTest.keyClicks(field, text)
        return field

    def told(self, id_: str) -> tuple[str, str]:
        chip = child(self.window, f"state-{id_}")
        assert isinstance(chip, Chip)
        return chip.word if chip.isVisible() else "", self.row(id_).sentence.text()


@pytest.fixture
def store(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> Stage:
    return Stage(shown, theme, catalogue)


def everything_shown(widget: QWidget) -> str:
    """Every text that the widgets hold, in any property."""
    said = []
    for own in (widget, *widget.findChildren(QObject)):
        meta = own.metaObject()
        for number in range(meta.propertyCount()):
            value = meta.property(number).read(own)
            if isinstance(value, str):
                said.append(value)
    return "\n".join(said)


def test_a_key_goes_out_once_as_a_secret_and_is_not_read_again(
    store: Stage, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    field = store.type("key-openrouter", KEY)
    assert field.echoMode() is QLineEdit.EchoMode.Password
    store.click("keep-openrouter")
    assert store.listener.commands == [SetKey("openrouter", Secret(KEY))]
    assert field.text() == ""
    assert field.isUndoAvailable() is False
    store.show(replace(STATE, keys={**STATE.keys, "openrouter": KeyView(KeyPlace.KEYRING, "0042")}))
    assert field.text() == ""
    assert field.placeholderText().endswith(" 0042")
    for text in (
        everything_shown(store.window),
        repr(store.listener.commands),
        str(store.listener.last),
        caplog.text,
        "".join(capsys.readouterr()),
    ):
        assert KEY not in text
        assert KEY[:12] not in text


def test_enter_in_the_field_keeps_it_too(store: Stage) -> None:
    field = store.type("key-openai", KEY)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert store.listener.commands == [SetKey("openai", Secret(KEY))]


def test_the_button_says_what_it_does(store: Stage) -> None:
    row = store.row("openai")
    assert row.replace.isVisible()
    store.click("replace-openai")
    assert row.key.hasFocus()
    store.type("key-openai", "x")
    assert row.keep.isVisible()
    assert not row.replace.isVisible()


def test_a_check_tells_how_it_ended(store: Stage) -> None:
    assert store.told("openai") == ("Working", store.row("openai").sentence.text())
    assert store.told("openrouter") == ("Key rejected", "401: the key was revoked. Paste a new one.")
    assert store.row("openrouter").key.property("wrong") == "true"
    store.show(
        replace(
            STATE,
            checks={
                "openai": ProviderCheck(CheckVerdict.RUNNING),
                "openrouter": ProviderCheck(CheckVerdict.BAD, "OpenRouter cannot be reached at openrouter.ai."),
            },
        )
    )
    assert store.told("openai")[0] == "Checking…"
    store.show(replace(STATE, checks={"openai": ProviderCheck(CheckVerdict.NOTED, "It gives no list of models.")}))
    assert store.told("openai") == ("Not checked", "It gives no list of models.")
    unreached = ProviderCheck(CheckVerdict.BAD, "OpenRouter cannot be reached at openrouter.ai.")
    store.show(replace(STATE, checks={"openrouter": unreached}))
    assert store.told("openrouter") == ("Not working", "OpenRouter cannot be reached at openrouter.ai.")
    assert store.row("openrouter").key.property("wrong") == "false"


def test_a_provider_without_a_key_offers_where_to_get_one(store: Stage) -> None:
    store.show(replace(STATE, keys={}, checks={}))
    assert store.told("openai") == ("No key", "")
    store.click("get-openai")
    assert store.listener.commands == [OpenLink("https://platform.openai.com/api-keys")]


def test_a_server_without_a_key_is_checked(store: Stage) -> None:
    store.click("check-ollama")
    assert store.listener.commands == [CheckProvider("ollama")]


def test_a_key_of_the_environment_is_fixed(store: Stage) -> None:
    row = store.row("gateway")
    assert not row.key.isEnabled()
    assert row.sentence.text() == "Set by GATEWAY_API_KEY in the environment"
    store.click("more-gateway")
    assert not row.details.remove.isVisible()


def test_what_is_no_key_is_told_in_its_row_and_stays_to_be_corrected(store: Stage) -> None:
    store.type("key-openai", "hello not a key")
    row = store.row("openai")
    QTest.keyClick(row.key, Qt.Key.Key_Return)
    assert store.listener.commands == []
    assert store.told("openai")[0] == "Not a key"
    store.show(replace(STATE, version="9"))
    assert store.told("openai")[0] == "Not a key"
    assert row.key.text() == "hello not a key"
    QTest.keyClick(row.key, Qt.Key.Key_Backspace)
    assert store.told("openai")[0] == "Working"


def test_a_key_is_removed_when_asked_who_uses_it(store: Stage) -> None:
    store.click("more-openai")
    store.click("remove-openai")
    assert store.listener.commands == []
    question = asked(store.window).question
    assert question.text == "Remove the key for OpenAI?"
    assert question.details[0].startswith("Used by BIG")
    say_yes(store.window)
    assert store.listener.commands == [RemoveKey("openai")]


def test_keys_in_memory_are_told(store: Stage) -> None:
    assert not child(store.window, "keys-in-memory").isVisible()
    keys = {**STATE.keys, "openai": KeyView(KeyPlace.MEMORY, "7f3a")}
    store.show(replace(STATE, keys_kept_in=KeyStorage.MEMORY, keys=keys, checks={}))
    assert child(store.window, "keys-in-memory").isVisible()
    assert store.told("openai") == ("", "Kept for this run only")


def test_an_address_is_checked_and_then_wished_for(store: Stage) -> None:
    store.click("more-openai")
    line = child(store.window, "url-openai")
    line.selectAll()
    QTest.keyClicks(line, "llm.example/v1")
    assert store.row("openai").details.url_row.note.isVisible()
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert store.listener.commands == []
    line.selectAll()
    QTest.keyClicks(line, "https://llm.example/v1")
    QTest.keyClick(line, Qt.Key.Key_Return)
    wanted = {**SETTINGS.providers, "openai": ProviderSettings(base_url="https://llm.example/v1")}
    assert store.listener.commands == [ChangeSettings(replace(SETTINGS, providers=wanted))]


def test_an_address_of_the_environment_is_fixed(store: Stage) -> None:
    fixed = {"providers.openai.base_url": "OPENAI_BASE_URL"}
    store.show(replace(STATE, configuration=Configuration(SETTINGS, fixed=fixed)))
    store.click("more-openai")
    assert not child(store.window, "url-openai").isEnabled()
    assert store.row("openai").details.url_row.note.text() == "Set by OPENAI_BASE_URL in the environment"


def test_another_engine_is_wished_for(store: Stage) -> None:
    store.click("more-openai")
    engine = store.row("openai").details.engine
    assert engine.current == Engine.DIRECT
    place = engine.place_of(Engine.LITELLM).center().toPoint()
    QTest.mouseClick(engine, Qt.MouseButton.LeftButton, pos=place)
    wanted = {**SETTINGS.providers, "openai": ProviderSettings(engine=Engine.LITELLM)}
    assert store.listener.commands == [ChangeSettings(replace(SETTINGS, providers=wanted))]


def test_a_known_provider_is_found_and_waits_for_its_key(store: Stage) -> None:
    store.click("add-provider")
    store.type("search-providers", "groq")
    listed = child(store.window, "known-providers")
    assert isinstance(listed, QListWidget)
    assert [listed.item(at).text() for at in range(listed.count())] == ["Groq"]
    listed.itemActivated.emit(listed.item(0))
    assert store.listener.commands == []
    QApplication.processEvents()
    assert store.row("groq").key.hasFocus()
    store.show(replace(STATE, said="Something else."))
    store.type("key-groq", KEY)
    store.click("keep-groq")
    assert store.listener.commands == [SetKey("groq", Secret(KEY))]


def test_a_provider_that_needs_no_key_is_there_at_once(store: Stage) -> None:
    store.click("add-provider")
    store.type("search-providers", "bedrock amazon")
    QTest.keyClick(child(store.window, "search-providers"), Qt.Key.Key_Return)
    wanted = {**SETTINGS.providers, "bedrock": ProviderSettings()}
    assert store.listener.commands == [ChangeSettings(replace(SETTINGS, providers=wanted))]


def test_every_provider_can_be_found(store: Stage, catalogue: CatalogueSearch) -> None:
    store.click("add-provider")
    listed = child(store.window, "known-providers")
    assert listed.count() == len(catalogue.providers()) - len(store.card.rows)


def test_an_endpoint_of_ones_own_is_made_with_its_key(store: Stage) -> None:
    store.click("add-provider")
    store.click("custom-endpoint")
    store.type("custom-id", "lab")
    store.type("custom-name", "The lab")
    store.type("custom-url", "https://lab.example/v1")
    store.type("custom-key", KEY)
    store.click("add-custom")
    made = ProviderSettings("The lab", "https://lab.example/v1", Engine.DIRECT, custom=True)
    assert store.listener.commands == [
        ChangeSettings(replace(SETTINGS, providers={**SETTINGS.providers, "lab": made})),
        SetKey("lab", Secret(KEY)),
    ]
    assert KEY not in everything_shown(store.window)


@pytest.mark.parametrize(
    ("id_", "url", "told"),
    [
        ("Lab", "https://lab.example/v1", "Small letters, digits, '-', '_' and '.' make an id."),
        ("openai", "https://lab.example/v1", "There is a provider of this id."),
        ("passthrough", "https://lab.example/v1", "passthrough means something else here."),
        ("lab", "lab.example", "Write an http or https address without a user name or password."),
        ("lab", "", "Write an http or https address without a user name or password."),
    ],
)
def test_an_endpoint_that_is_wrong_is_told_and_not_made(id_: str, url: str, told: str, store: Stage) -> None:
    store.click("add-provider")
    store.click("custom-endpoint")
    store.type("custom-id", id_)
    store.type("custom-url", url)
    field = store.type("custom-key", KEY)
    store.click("add-custom")
    endpoint = store.card.panel.endpoint
    assert told in {endpoint.id_row.note.text(), endpoint.url_row.note.text()}
    assert store.listener.commands == []
    assert field.text() == KEY, "what was typed is not lost"


def test_an_endpoint_of_ones_own_can_go_with_its_key(store: Stage) -> None:
    store.show(replace(STATE, keys={**STATE.keys, "gateway": KeyView(KeyPlace.KEYRING, "0042")}))
    store.click("more-gateway")
    store.click("forget-gateway")
    question = asked(store.window).question
    assert "Its address and its key are deleted." in question.details
    assert store.listener.commands == []
    say_yes(store.window)
    assert store.listener.commands == [RemoveKey("gateway"), ChangeSettings(replace(SETTINGS, providers={}))]
    assert not child(store.window, "forget-openai").isVisibleTo(store.row("openai").details)


def test_a_locked_keyring_is_told_and_no_key_asked_for(store: Stage) -> None:
    locked = KeyView(trouble="The keyring is locked.", unreadable=True)
    store.show(replace(STATE, keys_kept_in=KeyStorage.LOCKED, keys=dict.fromkeys(STATE.keys, locked), checks={}))
    assert "The keyring is locked. Unlock it" in store.card.memory.words.text()
    assert store.told("openai") == ("Key not readable", "The keyring is locked.")
    assert not child(store.window, "get-openai").isVisible()
