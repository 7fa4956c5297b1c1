"""Keys, endpoints and their checks; and that a key is nowhere to be read again."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget, QWidget

from app.catalogue_search import CatalogueSearch
from app.state import AppState, Door, KeyPlace, KeyView, ProviderCheck, Verdict
from app.theme import Theme
from app.widgets.chip import Chip
from app.windows.settings.models_page import ModelsPage
from app.windows.settings.provider_row import ProviderRow
from app.windows.settings.window import SettingsWindow
from app.wishes import ChangeSettings, CheckProvider, OpenLink, RemoveKey, SetKey
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
def stage(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> Stage:
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
    stage: Stage, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    field = stage.type("key-openrouter", KEY)
    assert field.echoMode() is QLineEdit.EchoMode.Password
    stage.click("keep-openrouter")
    assert stage.listener.wishes == [SetKey("openrouter", Secret(KEY))]
    assert field.text() == ""
    assert field.isUndoAvailable() is False
    stage.show(replace(STATE, keys={**STATE.keys, "openrouter": KeyView(KeyPlace.KEYRING, "0042")}))
    assert field.text() == ""
    assert field.placeholderText().endswith(" 0042")
    for text in (
        everything_shown(stage.window),
        repr(stage.listener.wishes),
        str(stage.listener.last),
        caplog.text,
        "".join(capsys.readouterr()),
    ):
        assert KEY not in text
        assert KEY[:12] not in text


def test_enter_in_the_field_keeps_it_too(stage: Stage) -> None:
    field = stage.type("key-openai", KEY)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert stage.listener.wishes == [SetKey("openai", Secret(KEY))]


def test_the_button_says_what_it_does(stage: Stage) -> None:
    row = stage.row("openai")
    assert row.replace.isVisible()
    stage.click("replace-openai")
    assert row.key.hasFocus()
    stage.type("key-openai", "x")
    assert row.keep.isVisible()
    assert not row.replace.isVisible()


def test_a_check_tells_how_it_ended(stage: Stage) -> None:
    assert stage.told("openai") == ("Working", stage.row("openai").sentence.text())
    assert stage.told("openrouter") == ("Key rejected", "401: the key was revoked. Paste a new one.")
    assert stage.row("openrouter").key.property("wrong") == "true"
    stage.show(
        replace(
            STATE,
            checks={
                "openai": ProviderCheck(Verdict.RUNNING),
                "openrouter": ProviderCheck(Verdict.BAD, "OpenRouter cannot be reached at openrouter.ai."),
            },
        )
    )
    assert stage.told("openai")[0] == "Checking…"
    stage.show(replace(STATE, checks={"openai": ProviderCheck(Verdict.NOTED, "It gives no list of models.")}))
    assert stage.told("openai") == ("Not checked", "It gives no list of models.")
    unreached = ProviderCheck(Verdict.BAD, "OpenRouter cannot be reached at openrouter.ai.")
    stage.show(replace(STATE, checks={"openrouter": unreached}))
    assert stage.told("openrouter") == ("Not working", "OpenRouter cannot be reached at openrouter.ai.")
    assert stage.row("openrouter").key.property("wrong") == "false"


def test_a_provider_without_a_key_offers_where_to_get_one(stage: Stage) -> None:
    stage.show(replace(STATE, keys={}, checks={}))
    assert stage.told("openai") == ("No key", "")
    stage.click("get-openai")
    assert stage.listener.wishes == [OpenLink("https://platform.openai.com/api-keys")]


def test_a_server_without_a_key_is_checked(stage: Stage) -> None:
    stage.click("check-ollama")
    assert stage.listener.wishes == [CheckProvider("ollama")]


def test_a_key_of_the_environment_is_fixed(stage: Stage) -> None:
    row = stage.row("gateway")
    assert not row.key.isEnabled()
    assert row.sentence.text() == "Set by GATEWAY_API_KEY in the environment"
    stage.click("more-gateway")
    assert not row.details.remove.isVisible()


def test_what_is_no_key_is_told_in_its_row_and_stays_to_be_corrected(stage: Stage) -> None:
    stage.type("key-openai", "hello not a key")
    row = stage.row("openai")
    QTest.keyClick(row.key, Qt.Key.Key_Return)
    assert stage.listener.wishes == []
    assert stage.told("openai")[0] == "Not a key"
    stage.show(replace(STATE, version="9"))
    assert stage.told("openai")[0] == "Not a key"
    assert row.key.text() == "hello not a key"
    QTest.keyClick(row.key, Qt.Key.Key_Backspace)
    assert stage.told("openai")[0] == "Working"


def test_a_key_is_removed_when_asked_who_uses_it(stage: Stage) -> None:
    stage.click("more-openai")
    stage.click("remove-openai")
    assert stage.listener.wishes == []
    question = asked(stage.window).question
    assert question.text == "Remove the key for OpenAI?"
    assert question.details[0].startswith("Used by BIG")
    say_yes(stage.window)
    assert stage.listener.wishes == [RemoveKey("openai")]


def test_keys_in_memory_are_told(stage: Stage) -> None:
    assert not child(stage.window, "keys-in-memory").isVisible()
    keys = {**STATE.keys, "openai": KeyView(KeyPlace.MEMORY, "7f3a")}
    stage.show(replace(STATE, keys_kept_in=Door.MEMORY, keys=keys, checks={}))
    assert child(stage.window, "keys-in-memory").isVisible()
    assert stage.told("openai") == ("", "Kept for this run only")


def test_an_address_is_checked_and_then_wished_for(stage: Stage) -> None:
    stage.click("more-openai")
    line = child(stage.window, "url-openai")
    line.selectAll()
    QTest.keyClicks(line, "llm.example/v1")
    assert stage.row("openai").details.url_row.note.isVisible()
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert stage.listener.wishes == []
    line.selectAll()
    QTest.keyClicks(line, "https://llm.example/v1")
    QTest.keyClick(line, Qt.Key.Key_Return)
    wanted = {**SETTINGS.providers, "openai": ProviderSettings(base_url="https://llm.example/v1")}
    assert stage.listener.wishes == [ChangeSettings(replace(SETTINGS, providers=wanted))]


def test_an_address_of_the_environment_is_fixed(stage: Stage) -> None:
    fixed = {"providers.openai.base_url": "OPENAI_BASE_URL"}
    stage.show(replace(STATE, configuration=Configuration(SETTINGS, fixed=fixed)))
    stage.click("more-openai")
    assert not child(stage.window, "url-openai").isEnabled()
    assert stage.row("openai").details.url_row.note.text() == "Set by OPENAI_BASE_URL in the environment"


def test_another_engine_is_wished_for(stage: Stage) -> None:
    stage.click("more-openai")
    engine = stage.row("openai").details.engine
    assert engine.current == Engine.DIRECT
    place = engine.place_of(Engine.LITELLM).center().toPoint()
    QTest.mouseClick(engine, Qt.MouseButton.LeftButton, pos=place)
    wanted = {**SETTINGS.providers, "openai": ProviderSettings(engine=Engine.LITELLM)}
    assert stage.listener.wishes == [ChangeSettings(replace(SETTINGS, providers=wanted))]


def test_a_known_provider_is_found_and_waits_for_its_key(stage: Stage) -> None:
    stage.click("add-provider")
    stage.type("search-providers", "groq")
    listed = child(stage.window, "known-providers")
    assert isinstance(listed, QListWidget)
    assert [listed.item(at).text() for at in range(listed.count())] == ["Groq"]
    listed.itemActivated.emit(listed.item(0))
    assert stage.listener.wishes == []
    QApplication.processEvents()
    assert stage.row("groq").key.hasFocus()
    stage.show(replace(STATE, said="Something else."))
    stage.type("key-groq", KEY)
    stage.click("keep-groq")
    assert stage.listener.wishes == [SetKey("groq", Secret(KEY))]


def test_a_provider_that_needs_no_key_is_there_at_once(stage: Stage) -> None:
    stage.click("add-provider")
    stage.type("search-providers", "bedrock amazon")
    QTest.keyClick(child(stage.window, "search-providers"), Qt.Key.Key_Return)
    wanted = {**SETTINGS.providers, "bedrock": ProviderSettings()}
    assert stage.listener.wishes == [ChangeSettings(replace(SETTINGS, providers=wanted))]


def test_every_provider_can_be_found(stage: Stage, catalogue: CatalogueSearch) -> None:
    stage.click("add-provider")
    listed = child(stage.window, "known-providers")
    assert listed.count() == len(catalogue.providers()) - len(stage.card.rows)


def test_an_endpoint_of_ones_own_is_made_with_its_key(stage: Stage) -> None:
    stage.click("add-provider")
    stage.click("custom-endpoint")
    stage.type("custom-id", "lab")
    stage.type("custom-name", "The lab")
    stage.type("custom-url", "https://lab.example/v1")
    stage.type("custom-key", KEY)
    stage.click("add-custom")
    made = ProviderSettings("The lab", "https://lab.example/v1", Engine.DIRECT, custom=True)
    assert stage.listener.wishes == [
        ChangeSettings(replace(SETTINGS, providers={**SETTINGS.providers, "lab": made})),
        SetKey("lab", Secret(KEY)),
    ]
    assert KEY not in everything_shown(stage.window)


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
def test_an_endpoint_that_is_wrong_is_told_and_not_made(id_: str, url: str, told: str, stage: Stage) -> None:
    stage.click("add-provider")
    stage.click("custom-endpoint")
    stage.type("custom-id", id_)
    stage.type("custom-url", url)
    field = stage.type("custom-key", KEY)
    stage.click("add-custom")
    endpoint = stage.card.panel.endpoint
    assert told in {endpoint.id_row.note.text(), endpoint.url_row.note.text()}
    assert stage.listener.wishes == []
    assert field.text() == KEY, "what was typed is not lost"


def test_an_endpoint_of_ones_own_can_go_with_its_key(stage: Stage) -> None:
    stage.show(replace(STATE, keys={**STATE.keys, "gateway": KeyView(KeyPlace.KEYRING, "0042")}))
    stage.click("more-gateway")
    stage.click("forget-gateway")
    question = asked(stage.window).question
    assert "Its address and its key are deleted." in question.details
    assert stage.listener.wishes == []
    say_yes(stage.window)
    assert stage.listener.wishes == [RemoveKey("gateway"), ChangeSettings(replace(SETTINGS, providers={}))]
    assert not child(stage.window, "forget-openai").isVisibleTo(stage.row("openai").details)


def test_a_locked_keyring_is_told_and_no_key_asked_for(stage: Stage) -> None:
    locked = KeyView(trouble="The keyring is locked.", unreadable=True)
    stage.show(replace(STATE, keys_kept_in=Door.LOCKED, keys=dict.fromkeys(STATE.keys, locked), checks={}))
    assert "The keyring is locked. Unlock it" in stage.card.memory.words.text()
    assert stage.told("openai") == ("Key not readable", "The keyring is locked.")
    assert not child(stage.window, "get-openai").isVisible()
