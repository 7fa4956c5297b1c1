"""Profiles, projects, prices, deleting the log, the token, the terminal, and what stands about the app."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState, BudgetView, KeyPlace, KeyView
from app.state.commands import (
    CheckForUpdates,
    CopyCommand,
    CopyInstallCommand,
    CopyToken,
    ForgetReport,
    MeasureLog,
    OpenFolder,
    OpenLicences,
    OpenReport,
    RenewToken,
    SaveProfile,
    SwitchProfile,
    Wipe,
)
from app.state.query_results import LogMeasured
from app.widgets.theme import Theme
from app.windows.settings.window import SettingsWindow
from proxy_core.config.settings import Configuration, Price, Profile, ProjectSettings, Role
from proxy_core.ledger.rows import Contents
from resources.scene import FOLDER, HOME, SETTINGS, settings_state
from tests.app.settings.conftest import Listener, Shown, asked, child, say_yes

STATE = settings_state()


class Stage:
    """The Settings window at a page."""

    def __init__(self, shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> None:
        self.window = SettingsWindow(theme, catalogue)
        self.listener: Listener = shown(self.window)
        self.show(STATE)

    def at(self, page: str) -> Any:
        self.window.open_page(page)
        QApplication.processEvents()
        return self.window.page(page)

    def show(self, state: AppState) -> None:
        self.window.show_state(state)
        QApplication.processEvents()

    def click(self, name: str) -> None:
        button = child(self.window, name)
        assert button.isVisible(), name
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QApplication.processEvents()


@pytest.fixture
def store(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> Stage:
    return Stage(shown, theme, catalogue)


def test_the_active_profile_is_marked_and_another_can_be_used(store: Stage) -> None:
    page = store.at("profiles")
    assert [name for name, row in page.rows.items() if row.chip.isVisible()] == ["Work"]
    store.click("use-Local")
    assert store.listener.commands == [SwitchProfile("Local")]


def test_a_new_profile_gets_a_free_name_and_then_its_own(store: Stage) -> None:
    store.at("profiles")
    taken = {**SETTINGS.profiles, "New profile": Profile()}
    store.show(replace(STATE, configuration=Configuration(replace(SETTINGS, profiles=taken))))
    store.click("new-profile")
    assert store.listener.commands == [SaveProfile("New profile 2", Profile())]
    made = {**taken, "New profile 2": Profile()}
    store.show(replace(STATE, configuration=Configuration(replace(SETTINGS, profiles=made))))
    line = child(store.window, "name-New profile 2")
    assert line.hasFocus()
    QTest.keyClicks(line, "Evenings")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert store.listener.last == SaveProfile("Evenings", Profile(), renamed="New profile 2")


def test_a_copy_has_the_roles_but_for_those_of_the_environment(store: Stage) -> None:
    store.at("profiles")
    fixed = {"roles.big": "BIG_MODEL"}
    store.show(replace(STATE, configuration=Configuration(SETTINGS, fixed=fixed)))
    store.click("duplicate-Work")
    own = SETTINGS.profiles["Work"].roles
    copied: dict[Role, str] = {role: model for role, model in own.items() if role is not Role.BIG}
    assert store.listener.commands == [SaveProfile("Work copy", Profile(copied))]


@pytest.mark.parametrize(
    ("name", "told"),
    [("Local", "There is a profile of this name."), ("   ", "A profile needs a name.")],
)
def test_a_name_that_is_wrong_is_told_and_not_kept(name: str, told: str, store: Stage) -> None:
    page = store.at("profiles")
    store.click("rename-Work")
    line = child(store.window, "name-Work")
    line.selectAll()
    QTest.keyClicks(line, name)
    assert page.rows["Work"].note.text() == told
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert store.listener.commands == []


def test_a_profile_is_deleted_when_asked_and_its_projects_follow_the_active_one(store: Stage) -> None:
    store.at("profiles")
    store.click("delete-Local")
    assert store.listener.commands == []
    assert asked(store.window).question.text == "Delete the profile “Local”?"
    assert "1 project folder uses it and falls back to the active profile." in asked(store.window).question.details
    say_yes(store.window)
    (command,) = store.listener.commands
    assert set(command.settings.profiles) == {"Work", "Claude, cheaper titles"}
    assert command.settings.profile == "Work"
    assert command.settings.projects[f"{HOME}/work/notes"] == ProjectSettings()
    assert command.settings.projects[FOLDER] == ProjectSettings("Work")


def test_when_the_active_profile_goes_another_is_active(store: Stage) -> None:
    store.at("profiles")
    store.click("delete-Work")
    told = "It is the active profile. “Local” becomes active, for running sessions too."
    assert told in asked(store.window).question.details
    say_yes(store.window)
    assert store.listener.last.settings.profile == "Local"


def test_the_last_profile_stays(store: Stage) -> None:
    store.at("profiles")
    store.show(replace(STATE, configuration=Configuration(replace(SETTINGS, profiles={"Work": Profile()}))))
    assert not child(store.window, "delete-Work").isEnabled()


def test_a_profile_that_became_the_last_one_while_it_was_asked_stays(store: Stage) -> None:
    store.at("profiles")
    store.click("delete-Local")
    store.show(
        replace(STATE, configuration=Configuration(replace(SETTINGS, profile="Local", profiles={"Local": Profile()})))
    )
    say_yes(store.window)
    assert store.listener.commands == []


def test_a_name_that_is_being_typed_survives_another_profile(store: Stage) -> None:
    page = store.at("profiles")
    store.click("rename-Local")
    line = child(store.window, "name-Local")
    line.selectAll()
    QTest.keyClicks(line, "At ho")
    profiles = {"From the file": Profile(), **SETTINGS.profiles}
    store.show(replace(STATE, configuration=Configuration(replace(SETTINGS, profiles=profiles))))
    assert tuple(page.rows) == tuple(profiles)
    assert line.hasFocus()
    QTest.keyClicks(line, "me")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert (store.listener.last.renamed, store.listener.last.name) == ("Local", "At home")


def test_esc_brings_back_the_name_that_a_profile_had(store: Stage) -> None:
    store.at("profiles")
    store.click("rename-Local")
    line = child(store.window, "name-Local")
    QTest.keyClicks(line, "Elsewhere")
    QTest.keyClick(line, Qt.Key.Key_Escape)
    assert line.text() == "Local"
    assert store.window.isVisible()


def test_a_folder_gets_a_profile_and_loses_it(store: Stage) -> None:
    page = store.at("profiles")
    assert list(page.projects.boxes) == [FOLDER, f"{HOME}/work/notes", f"{HOME}/src/tidepool"]
    for folder, name in ((f"{HOME}/src/tidepool", "Local"), (FOLDER, "")):
        box = page.projects.boxes[folder]
        box.setCurrentIndex(box.findData(name))
        box.activated.emit(box.currentIndex())
    added, removed = (command.settings.projects for command in store.listener.commands)
    assert added == {**SETTINGS.projects, f"{HOME}/src/tidepool": ProjectSettings("Local")}
    assert FOLDER not in removed


def test_a_price_is_given_changed_and_taken_away(store: Stage) -> None:
    store.at("log")
    line = child(store.window, "price-output-gateway/atlas-coder")
    assert line.text() == "2.4"
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "3")
    QTest.keyClick(line, Qt.Key.Key_Return)
    store.click("unprice-gateway/atlas-coder")
    assert asked(store.window).question.details[0] == "0.6 in and 2.4 out, USD per million tokens."
    say_yes(store.window)
    changed, removed = (command.settings.prices for command in store.listener.commands)
    assert changed == {"gateway/atlas-coder": Price(0.6, 3.0)}
    assert removed == {}


def test_a_wrong_price_is_told_and_not_kept(store: Stage) -> None:
    page = store.at("log")
    line = child(store.window, "price-input-gateway/atlas-coder")
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "cheap")
    assert page.prices.rows["gateway/atlas-coder"].note.isVisible()
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert store.listener.commands == []


def test_a_model_that_plays_without_a_price_asks_for_one(store: Stage) -> None:
    page = store.at("log")
    store.show(replace(STATE, roles={**STATE.roles, Role.BIG: "gateway/unheard-of"}))
    row = page.prices.rows["gateway/unheard-of"]
    assert row.input.text() == ""
    row.input.setFocus()
    QTest.keyClicks(row.input, "1.5")
    QTest.keyClick(row.input, Qt.Key.Key_Tab)
    QTest.keyClicks(row.output, "0")
    QTest.keyClick(row.output, Qt.Key.Key_Return)
    assert store.listener.last.settings.prices["gateway/unheard-of"] == Price(1.5, 0.0)


def test_a_local_model_asks_for_no_price(store: Stage) -> None:
    page = store.at("log")
    store.show(replace(STATE, roles={**STATE.roles, Role.BIG: "ollama/qwen3:8b"}))
    assert "ollama/qwen3:8b" not in page.prices.rows


def test_a_budget_that_cannot_see_a_model_says_so_and_leads_to_its_price(store: Stage) -> None:
    page = store.at("log")
    blind = BudgetView(daily=5.0, unpriced=("gateway/unheard-of",), models=3)
    store.show(replace(STATE, roles={**STATE.roles, Role.BIG: "gateway/unheard-of"}, budget=blind))
    assert page.blind_spot.isVisible()
    assert page.blind_spot.words.text() == "1 of your 3 models has no price: the limit can't see it."
    page.blind_spot.button.click()
    assert page.prices.rows["gateway/unheard-of"].input.hasFocus()
    store.show(replace(STATE, budget=replace(blind, unpriced=())))
    assert not page.blind_spot.isVisible()


HELD = Contents(requests=318, conversations=290, conversation_bytes=11_400_000, bytes=12_300_000)


@pytest.mark.parametrize(
    ("name", "text", "action", "command"),
    [
        ("delete-log", "Delete 318 requests (12 MB)?", "Delete 318 requests", Wipe(bodies_only=False)),
        (
            "delete-conversations",
            "Delete 290 conversations (11 MB)?",
            "Delete 290 conversations",
            Wipe(bodies_only=True),
        ),
    ],
)
def test_deleting_the_log_asks_with_what_is_in_it(
    store: Stage, name: str, text: str, action: str, command: Wipe
) -> None:
    store.at("log")
    store.click(name)
    assert store.listener.commands == [MeasureLog()]
    dialog = asked(store.window)
    assert (dialog.question.text, dialog.question.ready) == ("Counting…", False)
    store.window.on_result(LogMeasured(HELD))
    assert (dialog.text.text(), dialog.action.text()) == (text, action)
    assert dialog.question.ready
    assert "This can't be undone." in dialog.question.details
    say_yes(store.window)
    assert store.listener.commands == [MeasureLog(), command]
    store.window.on_result(LogMeasured(HELD))  # of no use to anybody any more


@pytest.mark.parametrize("name", ["delete-log", "delete-conversations"])
def test_an_empty_log_is_told_and_cannot_be_deleted(store: Stage, name: str) -> None:
    store.at("log")
    store.click(name)
    store.window.on_result(LogMeasured(Contents(bytes=4096)))
    dialog = asked(store.window)
    assert dialog.question.text in ("The log is empty.", "No conversations are saved.")
    assert not dialog.question.ready


@pytest.mark.parametrize("name", ["delete-log", "delete-conversations"])
def test_a_log_that_cannot_be_counted_can_still_be_deleted(store: Stage, name: str) -> None:
    store.at("log")
    store.click(name)
    store.window.on_result(LogMeasured(trouble="The ledger at /x cannot be read: file is not a database."))
    question = asked(store.window).question
    assert question.text == "Delete the whole log?"
    assert "The ledger at /x cannot be read: file is not a database." in question.details
    assert question.ready


def test_damaged_logs_that_go_too_are_told(store: Stage) -> None:
    store.at("log")
    store.click("delete-log")
    store.window.on_result(LogMeasured(replace(HELD, set_aside=True)))
    assert "Damaged logs that were set aside are deleted too." in asked(store.window).question.details


def test_the_token_is_masked_copied_and_renewed(store: Stage) -> None:
    store.at("proxy")
    assert child(store.window, "token").text() == "•••••••• e41b"
    for name in ("copy-token", "renew-token"):
        store.click(name)
    assert store.listener.commands == [CopyToken()]
    assert asked(store.window).question.text == "Renew the local token?"
    say_yes(store.window)
    assert store.listener.commands == [CopyToken(), RenewToken()]


def test_a_token_of_the_environment_is_not_renewed(store: Stage) -> None:
    page = store.at("proxy")
    store.show(replace(STATE, token=KeyView(KeyPlace.ENVIRONMENT, "e41b", "UNDERSTUDY_TOKEN")))
    assert not child(store.window, "renew-token").isEnabled()
    assert page.token_row.note.text() == "Set by UNDERSTUDY_TOKEN in the environment"


def test_a_token_in_a_locked_keyring_is_not_said_to_be_missing(store: Stage) -> None:
    page = store.at("proxy")
    store.show(replace(STATE, token=KeyView(trouble="The keyring is locked.", unreadable=True)))
    assert child(store.window, "token").text() == "••••••••"
    assert page.token_row.note.text() == "The keyring is locked."


def test_the_command_is_copied_for_each_shell(store: Stage) -> None:
    store.at("terminal")
    shells = ("sh", "fish", "powershell", "cmd", "vscode")
    for shell in shells:
        store.click(f"copy-{shell}")
    assert store.listener.commands == [CopyCommand(shell) for shell in shells]


def test_how_to_install_claude_code_is_told_where_it_is_missing(store: Stage) -> None:
    page = store.at("terminal")
    assert not page.install.isVisible()
    store.show(replace(STATE, claude_installed=False))
    assert page.claude.word == "Not installed"
    assert page.install_command.text() == "npm install -g @anthropic-ai/claude-code"
    store.click("copy-install")
    assert store.listener.commands == [CopyInstallCommand()]


def test_about_asks_for_updates_only_when_pressed(store: Stage) -> None:
    page = store.at("about")
    assert store.listener.commands == []
    assert page.version.text() == "0.1.0"
    for name in ("check-updates", "open-licences", "open-settings", "open-log"):
        store.click(name)
    assert store.listener.commands == [CheckForUpdates(), OpenLicences(), OpenFolder("settings"), OpenFolder("log")]
    store.show(replace(STATE, newer_version="0.2.0"))
    assert page.updates.note.text() == "0.2.0 is there."
    assert page.updates.note.isVisible()
    assert page.updates.window() is page.window(), "it stands on the page"


def test_a_crash_report_is_offered_until_it_is_forgotten(store: Stage) -> None:
    page = store.at("about")
    assert not page.report_card.isVisible()
    store.show(replace(STATE, report="/home/sam/.local/state/understudy/crash-1.txt"))
    assert page.report_card.isVisible()
    for name in ("open-report", "forget-report"):
        store.click(name)
    assert store.listener.commands == [OpenReport()]
    say_yes(store.window)
    assert store.listener.commands == [OpenReport(), ForgetReport()]
