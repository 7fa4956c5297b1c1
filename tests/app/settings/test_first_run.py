"""The first run: from nothing to a launch, by keyboard, and every way out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState, CheckVerdict, KeyPlace, KeyStorage, KeyView, ProviderCheck
from app.state.commands import (
    CopyInstallCommand,
    EndFirstRun,
    LaunchClaudeCode,
    OpenLink,
    SendFirstRequest,
    SetKey,
    SetRole,
)
from app.state.query_results import FirstRequestProgress
from app.widgets.theme import Theme
from app.windows.first_run.key_step import KeyStep
from app.windows.first_run.step import Readiness
from app.windows.first_run.window import FirstRunWindow
from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.config.secret import Secret
from proxy_core.config.settings import DEFAULT_ROLES, Configuration, Profile, Role
from resources.scene import first_run_state
from tests.app.settings.conftest import Listener, Shown, child

KEY = "sk-proj-not-a-real-key-0042"
STATE = first_run_state()
GOOD = ProviderCheck(CheckVerdict.GOOD, at=1.0, models=94)


class Stage:
    """The window of the first run, and the state that it is shown."""

    def __init__(self, shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
        self.window = FirstRunWindow(theme, catalogue)
        self.listener: Listener = shown(self.window, width=760, height=620)
        self.show(STATE)

    def show(self, state: AppState) -> None:
        self.window.show_state(state)
        QApplication.processEvents()

    def click(self, name: str) -> None:
        QApplication.processEvents()
        button = child(self.window, name)
        assert button.isEnabled(), name
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QApplication.processEvents()

    def paste(self, key: str) -> None:
        field = self.window.key_step.key
        field.setFocus()
        QTest.keyClicks(field, key)

    def keep_roles(self) -> None:
        """Have the roles that were wished for, as the app does once they are kept."""
        command_requested = {
            command.role: command.model for command in self.listener.commands if isinstance(command, SetRole)
        }
        settings = self.window._state.settings
        profiles = {settings.profile: Profile({**settings.active.roles, **command_requested})}
        fixed = self.window._state.configuration.fixed
        self.show(replace(self.window._state, configuration=Configuration(replace(settings, profiles=profiles), fixed)))

    def told(self) -> tuple[str, str]:
        return child(self.window, "first-check").word, child(self.window, "first-told").text()

    @property
    def step(self) -> int:
        return self.window.steps.index(self.window.step) + 1


@pytest.fixture
def store(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> Stage:
    return Stage(shown, theme, catalogue)


def test_from_a_pasted_key_to_the_launch_without_a_mouse(store: Stage) -> None:
    assert QApplication.focusWidget() is store.window.key_step.key
    store.paste(KEY)
    assert store.window.key_step.provider.currentText() == "OpenAI"
    QTest.keyClick(store.window.key_step.key, Qt.Key.Key_Return)
    assert store.listener.commands == [SetKey("openai", Secret(KEY))]
    assert store.window.key_step.key.text() == ""
    assert (store.step, store.told()[0]) == (1, "Checking…")

    state = replace(STATE, checks={"openai": GOOD}, keys={"openai": KeyView(KeyPlace.KEYRING, "0042")})
    store.show(state)
    assert store.step == 2
    proposed = {role: row.picker.text() for role, row in store.window.roles_step.rows.items()}
    assert proposed == DEFAULT_ROLES
    QTest.keyClick(store.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert store.step == 2, "the request waits for the roles"
    store.keep_roles()
    assert store.listener.commands[1:] == [
        *(SetRole(role, model) for role, model in DEFAULT_ROLES.items()),
        SendFirstRequest(),
    ]

    assert store.step == 3
    store.window.on_result(FirstRequestProgress("Hello"))
    store.window.on_result(FirstRequestProgress("Hello, I stand in"))
    assert child(store.window, "first-words").toPlainText() == "Hello, I stand in"
    assert child(store.window, "first-words-state").word == "Streaming"
    assert not child(store.window, "first-next").isEnabled()
    store.window.on_result(FirstRequestProgress("Hello, I stand in.", ended=True, good=True, sentence="It took 1.2 s."))
    assert child(store.window, "first-words-state").word == "It works"
    assert child(store.window, "first-words-told").text() == "It took 1.2 s."
    del store.listener.commands[:]
    QTest.keyClick(store.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert store.listener.commands == [EndFirstRun(), LaunchClaudeCode()]
    assert not store.window.isVisible()


def test_a_rejected_key_is_told_where_it_was_pasted(store: Stage) -> None:
    store.paste(KEY)
    store.click("first-next")
    store.show(replace(STATE, checks={"openai": ProviderCheck(CheckVerdict.RUNNING)}))
    assert store.step == 1
    bad = ProviderCheck(CheckVerdict.BAD, "OpenAI refused the key: 401.", 1.0, rejected=True)
    store.show(replace(STATE, checks={"openai": bad}))
    assert (store.step, store.told()) == (1, ("Key rejected", "OpenAI refused the key: 401."))
    # The same again is asked anew, and what was known of the first one is not taken for it.
    store.paste(KEY)
    store.click("first-next")
    store.show(replace(STATE, checks={"openai": bad}, said="Kept."))
    assert store.told()[0] == "Checking…"
    store.show(replace(STATE, checks={"openai": replace(bad, at=2.0)}))
    assert store.told()[0] == "Key rejected"


def test_a_key_that_could_not_be_kept_is_told(store: Stage) -> None:
    store.paste(KEY)
    store.click("first-next")
    store.show(replace(STATE, keys={"openai": KeyView(trouble="The keyring is locked.")}))
    assert (store.step, store.told()) == (1, ("Not kept", "The keyring is locked."))


@pytest.mark.parametrize("key", ["hello not a key", "sk-proj-clé", "sk-proj- 0042"])
def test_what_is_no_key_is_told_at_once_and_can_be_corrected(store: Stage, key: str) -> None:
    step = store.window.key_step
    step.key.setText(key)
    step.provider.setCurrentIndex(step.provider.findData("openai"))
    store.click("first-next")
    assert store.listener.commands == []
    assert store.told()[0] == "Not a key"
    assert "a blank" in store.told()[1]
    assert step.key.text() == key
    step.key.selectAll()
    store.paste(KEY)
    assert store.told() == ("", "")
    store.click("first-next")
    assert store.listener.commands == [SetKey("openai", Secret(KEY))]


def test_a_check_that_never_comes_back_ends_and_can_be_tried_again(
    shown: Shown, theme: Theme, catalogue: CatalogueSearch, qtbot: QtBot
) -> None:
    step = KeyStep(theme, catalogue, seconds=0.05)
    listener = shown(step)
    step.key.setText(KEY)
    step.key.enter()
    qtbot.waitUntil(lambda: step.chip.word == "Not checked")
    assert step.told.text().startswith("No answer yet.")
    after = step.readiness
    step.key.setText(KEY)
    assert (after, step.readiness) == (Readiness.NOT_YET, Readiness.READY)
    step.key.enter()
    assert listener.commands == [SetKey("openai", Secret(KEY))] * 2


def test_a_key_that_nobody_knows_wants_its_provider(store: Stage) -> None:
    store.paste("whose-key")
    assert not child(store.window, "first-next").isEnabled()
    box = store.window.key_step.provider
    box.setCurrentIndex(box.findData("mistral"))
    store.click("first-next")
    assert store.listener.commands == [SetKey("mistral", Secret("whose-key"))]


def test_enter_without_a_provider_sends_nothing_and_loses_nothing(store: Stage) -> None:
    store.paste("whose-key")
    step = store.window.key_step
    QTest.keyClick(step.key, Qt.Key.Key_Return)
    assert store.listener.commands == []
    assert store.told()[1] == "Choose whose key it is."
    step.provider.setCurrentIndex(step.provider.findData("mistral"))
    assert step.told.isHidden()
    QTest.keyClick(step.key, Qt.Key.Key_Return)
    assert store.listener.commands == [SetKey("mistral", Secret("whose-key"))]


def test_where_to_get_a_key_is_one_press_away(store: Stage) -> None:
    box = store.window.key_step.provider
    box.setCurrentIndex(box.findData("openrouter"))
    store.click("first-get-key")
    assert store.listener.commands == [OpenLink("https://openrouter.ai/settings/keys")]


@pytest.mark.parametrize(("source", "model"), [("demo", "demo/understudy"), ("ollama", "ollama/qwen3-coder:30b")])
def test_without_a_key_there_is_still_a_way(source: str, model: str, store: Stage) -> None:
    store.click(f"first-use-{source}")
    assert store.step == 2
    store.click("first-next")
    store.keep_roles()
    assert store.listener.commands == [*(SetRole(role, model) for role in DEFAULT_ROLES), SendFirstRequest()]


def test_a_key_that_is_there_already_is_offered(store: Stage) -> None:
    keys = {"gemini": KeyView(KeyPlace.ENVIRONMENT, "", "GEMINI_API_KEY")}
    store.show(replace(STATE, providers=(PROVIDERS["gemini"],), keys=keys))
    store.click("first-use-gemini")
    models = [row.picker.text() for row in store.window.roles_step.rows.values()]
    assert models == ["gemini/gemini-2.5-pro", "gemini/gemini-2.5-flash", "gemini/gemini-2.5-pro"]


def test_another_model_than_the_proposed_one_is_taken(store: Stage) -> None:
    store.click("first-use-demo")
    picker = store.window.roles_step.rows[Role.SMALL].picker
    picker.setFocus()
    QTest.keyClicks(picker, "openai/gpt-4.1-nano")
    QTest.keyClick(picker, Qt.Key.Key_Return)
    assert store.listener.commands == [], "nothing is set before one goes on"
    store.click("first-next")
    assert SetRole(Role.SMALL, "openai/gpt-4.1-nano") in store.listener.commands


def test_what_the_key_reaches_may_come_after_its_check(store: Stage) -> None:
    store.paste(KEY)
    store.click("first-next")
    store.show(replace(STATE, checks={"openai": GOOD}))
    store.show(replace(STATE, checks={"openai": GOOD}, reached=frozenset({"openai/gpt-5.1", "openai/gpt-5-mini"})))
    models = {row.picker.text() for row in store.window.roles_step.rows.values()}
    assert models == {"openai/gpt-5.1", "openai/gpt-5-mini"}


def test_a_choice_of_ones_own_is_not_proposed_away(store: Stage) -> None:
    store.click("first-use-ollama")
    picker = store.window.roles_step.rows[Role.BIG].picker
    picker.setFocus()
    QTest.keyClicks(picker, "ollama/gpt-oss:20b")
    QTest.keyClick(picker, Qt.Key.Key_Return)
    store.show(replace(STATE, said="Something else."))
    assert picker.text() == "ollama/gpt-oss:20b"


def test_roles_that_cannot_be_kept_do_not_hold_it_up(store: Stage, qtbot: QtBot) -> None:
    store.click("first-use-demo")
    store.window.roles_step._patience.setInterval(20)
    store.click("first-next")
    qtbot.waitUntil(lambda: store.step == 3, timeout=30_000)
    assert store.listener.last == SendFirstRequest()


def test_a_role_of_the_environment_is_left_alone(store: Stage) -> None:
    settings = STATE.settings
    store.show(
        replace(
            STATE,
            configuration=Configuration(settings, fixed={"roles.big": "BIG_MODEL"}),
            roles={Role.BIG: "xai/grok-4"},
        )
    )
    store.click("first-use-demo")
    row = store.window.roles_step.rows[Role.BIG]
    assert (row.picker.text(), row.picker.isEnabled()) == ("xai/grok-4", False)
    store.click("first-next")
    assert Role.BIG not in {command.role for command in store.listener.commands if isinstance(command, SetRole)}


def test_a_request_that_failed_can_be_tried_again(store: Stage) -> None:
    store.click("first-use-demo")
    store.click("first-next")
    store.keep_roles()
    store.window.on_result(FirstRequestProgress("", ended=True, good=False, sentence="OpenAI refused the key: 401."))
    assert child(store.window, "first-words-state").word == "Failed"
    store.click("first-again")
    assert store.listener.last == SendFirstRequest()
    assert not child(store.window, "first-next").isEnabled()
    assert child(store.window, "first-words-told").text() != "OpenAI refused the key: 401."


def test_text_of_the_model_is_plain(store: Stage) -> None:
    store.click("first-use-demo")
    store.click("first-next")
    store.keep_roles()
    store.window.on_result(FirstRequestProgress("<b>bold</b> <img src=x>"))
    assert child(store.window, "first-words").toPlainText() == "<b>bold</b> <img src=x>"


def test_one_can_go_back(store: Stage) -> None:
    assert not child(store.window, "first-back").isEnabled()
    store.click("first-use-demo")
    QTest.keyClick(store.window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert store.step == 1


def test_claude_code_that_is_missing_is_told_with_what_installs_it(store: Stage) -> None:
    store.click("first-use-demo")
    store.click("first-next")
    store.keep_roles()
    store.show(replace(store.window._state, claude_installed=False))
    assert "npm install -g" in store.window.request_step.missing.words.text()
    store.click("first-copy-install")
    assert store.listener.last == CopyInstallCommand()


def test_keys_in_memory_are_told(store: Stage) -> None:
    assert not child(store.window, "first-memory").isVisible()
    store.show(replace(STATE, keys_kept_in=KeyStorage.MEMORY))
    assert child(store.window, "first-memory").isVisible()


def test_a_locked_keyring_is_told(store: Stage) -> None:
    store.show(replace(STATE, keys_kept_in=KeyStorage.LOCKED))
    notice = child(store.window, "first-memory")
    assert notice.isVisible()
    assert "The keyring is locked. Unlock it" in "".join(label.text() for label in notice.findChildren(QLabel))


def test_it_can_be_skipped_and_says_so_once(store: Stage) -> None:
    store.click("first-skip")
    assert store.listener.commands == [EndFirstRun()]
    store.window.close()
    assert store.listener.commands == [EndFirstRun()]
