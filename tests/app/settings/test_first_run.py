"""The first run: from nothing to a launch, by keyboard, and every way out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.answers import FirstWords
from app.catalogue_search import CatalogueSearch
from app.state import AppState, Door, KeyPlace, KeyView, ProviderCheck, Verdict
from app.theme import Theme
from app.windows.first_run.key_step import KeyStep
from app.windows.first_run.step import Readiness
from app.windows.first_run.window import FirstRunWindow
from app.wishes import CopyInstallCommand, EndFirstRun, Launch, OpenLink, SetKey, SetRole, TryFirstRequest
from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.config.secret import Secret
from proxy_core.config.settings import DEFAULT_ROLES, Configuration, Profile, Role
from resources.scene import first_run_state
from tests.app.settings.conftest import Listener, Shown, child

KEY = "sk-proj-not-a-real-key-0042"
STATE = first_run_state()
GOOD = ProviderCheck(Verdict.GOOD, at=1.0, models=94)


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
        wished = {wish.role: wish.model for wish in self.listener.wishes if isinstance(wish, SetRole)}
        settings = self.window._state.settings
        profiles = {settings.profile: Profile({**settings.active.roles, **wished})}
        fixed = self.window._state.configuration.fixed
        self.show(replace(self.window._state, configuration=Configuration(replace(settings, profiles=profiles), fixed)))

    def told(self) -> tuple[str, str]:
        return child(self.window, "first-check").word, child(self.window, "first-told").text()

    @property
    def step(self) -> int:
        return self.window.steps.index(self.window.step) + 1


@pytest.fixture
def stage(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> Stage:
    return Stage(shown, theme, catalogue)


def test_from_a_pasted_key_to_the_launch_without_a_mouse(stage: Stage) -> None:
    assert QApplication.focusWidget() is stage.window.key_step.key
    stage.paste(KEY)
    assert stage.window.key_step.provider.currentText() == "OpenAI"
    QTest.keyClick(stage.window.key_step.key, Qt.Key.Key_Return)
    assert stage.listener.wishes == [SetKey("openai", Secret(KEY))]
    assert stage.window.key_step.key.text() == ""
    assert (stage.step, stage.told()[0]) == (1, "Checking…")

    state = replace(STATE, checks={"openai": GOOD}, keys={"openai": KeyView(KeyPlace.KEYRING, "0042")})
    stage.show(state)
    assert stage.step == 2
    proposed = {role: row.picker.text() for role, row in stage.window.roles_step.rows.items()}
    assert proposed == DEFAULT_ROLES
    QTest.keyClick(stage.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert stage.step == 2, "the request waits for the roles"
    stage.keep_roles()
    assert stage.listener.wishes[1:] == [
        *(SetRole(role, model) for role, model in DEFAULT_ROLES.items()),
        TryFirstRequest(),
    ]

    assert stage.step == 3
    stage.window.hear(FirstWords("Hello"))
    stage.window.hear(FirstWords("Hello, I stand in"))
    assert child(stage.window, "first-words").toPlainText() == "Hello, I stand in"
    assert child(stage.window, "first-words-state").word == "Streaming"
    assert not child(stage.window, "first-next").isEnabled()
    stage.window.hear(FirstWords("Hello, I stand in.", ended=True, good=True, sentence="It took 1.2 s."))
    assert child(stage.window, "first-words-state").word == "It works"
    assert child(stage.window, "first-words-told").text() == "It took 1.2 s."
    del stage.listener.wishes[:]
    QTest.keyClick(stage.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert stage.listener.wishes == [EndFirstRun(), Launch()]
    assert not stage.window.isVisible()


def test_a_rejected_key_is_told_where_it_was_pasted(stage: Stage) -> None:
    stage.paste(KEY)
    stage.click("first-next")
    stage.show(replace(STATE, checks={"openai": ProviderCheck(Verdict.RUNNING)}))
    assert stage.step == 1
    bad = ProviderCheck(Verdict.BAD, "OpenAI refused the key: 401.", 1.0, rejected=True)
    stage.show(replace(STATE, checks={"openai": bad}))
    assert (stage.step, stage.told()) == (1, ("Key rejected", "OpenAI refused the key: 401."))
    # The same again is asked anew, and what was known of the first one is not taken for it.
    stage.paste(KEY)
    stage.click("first-next")
    stage.show(replace(STATE, checks={"openai": bad}, said="Kept."))
    assert stage.told()[0] == "Checking…"
    stage.show(replace(STATE, checks={"openai": replace(bad, at=2.0)}))
    assert stage.told()[0] == "Key rejected"


def test_a_key_that_could_not_be_kept_is_told(stage: Stage) -> None:
    stage.paste(KEY)
    stage.click("first-next")
    stage.show(replace(STATE, keys={"openai": KeyView(trouble="The keyring is locked.")}))
    assert (stage.step, stage.told()) == (1, ("Not kept", "The keyring is locked."))


@pytest.mark.parametrize("key", ["hello not a key", "sk-proj-clé", "sk-proj- 0042"])
def test_what_is_no_key_is_told_at_once_and_can_be_corrected(stage: Stage, key: str) -> None:
    step = stage.window.key_step
    step.key.setText(key)
    step.provider.setCurrentIndex(step.provider.findData("openai"))
    stage.click("first-next")
    assert stage.listener.wishes == []
    assert stage.told()[0] == "Not a key"
    assert "a blank" in stage.told()[1]
    assert step.key.text() == key
    step.key.selectAll()
    stage.paste(KEY)
    assert stage.told() == ("", "")
    stage.click("first-next")
    assert stage.listener.wishes == [SetKey("openai", Secret(KEY))]


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
    assert listener.wishes == [SetKey("openai", Secret(KEY))] * 2


def test_a_key_that_nobody_knows_wants_its_provider(stage: Stage) -> None:
    stage.paste("whose-key")
    assert not child(stage.window, "first-next").isEnabled()
    box = stage.window.key_step.provider
    box.setCurrentIndex(box.findData("mistral"))
    stage.click("first-next")
    assert stage.listener.wishes == [SetKey("mistral", Secret("whose-key"))]


def test_enter_without_a_provider_sends_nothing_and_loses_nothing(stage: Stage) -> None:
    stage.paste("whose-key")
    step = stage.window.key_step
    QTest.keyClick(step.key, Qt.Key.Key_Return)
    assert stage.listener.wishes == []
    assert stage.told()[1] == "Choose whose key it is."
    step.provider.setCurrentIndex(step.provider.findData("mistral"))
    assert step.told.isHidden()
    QTest.keyClick(step.key, Qt.Key.Key_Return)
    assert stage.listener.wishes == [SetKey("mistral", Secret("whose-key"))]


def test_where_to_get_a_key_is_one_press_away(stage: Stage) -> None:
    box = stage.window.key_step.provider
    box.setCurrentIndex(box.findData("openrouter"))
    stage.click("first-get-key")
    assert stage.listener.wishes == [OpenLink("https://openrouter.ai/settings/keys")]


@pytest.mark.parametrize(("source", "model"), [("demo", "demo/understudy"), ("ollama", "ollama/qwen3-coder:30b")])
def test_without_a_key_there_is_still_a_way(source: str, model: str, stage: Stage) -> None:
    stage.click(f"first-use-{source}")
    assert stage.step == 2
    stage.click("first-next")
    stage.keep_roles()
    assert stage.listener.wishes == [*(SetRole(role, model) for role in DEFAULT_ROLES), TryFirstRequest()]


def test_a_key_that_is_there_already_is_offered(stage: Stage) -> None:
    keys = {"gemini": KeyView(KeyPlace.ENVIRONMENT, "", "GEMINI_API_KEY")}
    stage.show(replace(STATE, providers=(PROVIDERS["gemini"],), keys=keys))
    stage.click("first-use-gemini")
    models = [row.picker.text() for row in stage.window.roles_step.rows.values()]
    assert models == ["gemini/gemini-2.5-pro", "gemini/gemini-2.5-flash", "gemini/gemini-2.5-pro"]


def test_another_model_than_the_proposed_one_is_taken(stage: Stage) -> None:
    stage.click("first-use-demo")
    picker = stage.window.roles_step.rows[Role.SMALL].picker
    picker.setFocus()
    QTest.keyClicks(picker, "openai/gpt-4.1-nano")
    QTest.keyClick(picker, Qt.Key.Key_Return)
    assert stage.listener.wishes == [], "nothing is set before one goes on"
    stage.click("first-next")
    assert SetRole(Role.SMALL, "openai/gpt-4.1-nano") in stage.listener.wishes


def test_what_the_key_reaches_may_come_after_its_check(stage: Stage) -> None:
    stage.paste(KEY)
    stage.click("first-next")
    stage.show(replace(STATE, checks={"openai": GOOD}))
    stage.show(replace(STATE, checks={"openai": GOOD}, reached=frozenset({"openai/gpt-5.1", "openai/gpt-5-mini"})))
    models = {row.picker.text() for row in stage.window.roles_step.rows.values()}
    assert models == {"openai/gpt-5.1", "openai/gpt-5-mini"}


def test_a_choice_of_ones_own_is_not_proposed_away(stage: Stage) -> None:
    stage.click("first-use-ollama")
    picker = stage.window.roles_step.rows[Role.BIG].picker
    picker.setFocus()
    QTest.keyClicks(picker, "ollama/gpt-oss:20b")
    QTest.keyClick(picker, Qt.Key.Key_Return)
    stage.show(replace(STATE, said="Something else."))
    assert picker.text() == "ollama/gpt-oss:20b"


def test_roles_that_cannot_be_kept_do_not_hold_it_up(stage: Stage, qtbot: QtBot) -> None:
    stage.click("first-use-demo")
    stage.window.roles_step._patience.setInterval(20)
    stage.click("first-next")
    qtbot.waitUntil(lambda: stage.step == 3, timeout=30_000)
    assert stage.listener.last == TryFirstRequest()


def test_a_role_of_the_environment_is_left_alone(stage: Stage) -> None:
    settings = STATE.settings
    stage.show(
        replace(
            STATE,
            configuration=Configuration(settings, fixed={"roles.big": "BIG_MODEL"}),
            roles={Role.BIG: "xai/grok-4"},
        )
    )
    stage.click("first-use-demo")
    row = stage.window.roles_step.rows[Role.BIG]
    assert (row.picker.text(), row.picker.isEnabled()) == ("xai/grok-4", False)
    stage.click("first-next")
    assert Role.BIG not in {wish.role for wish in stage.listener.wishes if isinstance(wish, SetRole)}


def test_a_request_that_failed_can_be_tried_again(stage: Stage) -> None:
    stage.click("first-use-demo")
    stage.click("first-next")
    stage.keep_roles()
    stage.window.hear(FirstWords("", ended=True, good=False, sentence="OpenAI refused the key: 401."))
    assert child(stage.window, "first-words-state").word == "Failed"
    stage.click("first-again")
    assert stage.listener.last == TryFirstRequest()
    assert not child(stage.window, "first-next").isEnabled()
    assert child(stage.window, "first-words-told").text() != "OpenAI refused the key: 401."


def test_text_of_the_model_is_plain(stage: Stage) -> None:
    stage.click("first-use-demo")
    stage.click("first-next")
    stage.keep_roles()
    stage.window.hear(FirstWords("<b>bold</b> <img src=x>"))
    assert child(stage.window, "first-words").toPlainText() == "<b>bold</b> <img src=x>"


def test_one_can_go_back(stage: Stage) -> None:
    assert not child(stage.window, "first-back").isEnabled()
    stage.click("first-use-demo")
    QTest.keyClick(stage.window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert stage.step == 1


def test_claude_code_that_is_missing_is_told_with_what_installs_it(stage: Stage) -> None:
    stage.click("first-use-demo")
    stage.click("first-next")
    stage.keep_roles()
    stage.show(replace(stage.window._state, claude_installed=False))
    assert "npm install -g" in stage.window.request_step.missing.words.text()
    stage.click("first-copy-install")
    assert stage.listener.last == CopyInstallCommand()


def test_keys_in_memory_are_told(stage: Stage) -> None:
    assert not child(stage.window, "first-memory").isVisible()
    stage.show(replace(STATE, keys_kept_in=Door.MEMORY))
    assert child(stage.window, "first-memory").isVisible()


def test_a_locked_keyring_is_told(stage: Stage) -> None:
    stage.show(replace(STATE, keys_kept_in=Door.LOCKED))
    notice = child(stage.window, "first-memory")
    assert notice.isVisible()
    assert "The keyring is locked. Unlock it" in "".join(label.text() for label in notice.findChildren(QLabel))


def test_it_can_be_skipped_and_says_so_once(stage: Stage) -> None:
    stage.click("first-skip")
    assert stage.listener.wishes == [EndFirstRun()]
    stage.window.close()
    assert stage.listener.wishes == [EndFirstRun()]
