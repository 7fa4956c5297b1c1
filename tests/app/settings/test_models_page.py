"""Roles, profiles and rules on the first page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState, CheckVerdict, KeyPlace, KeyView, ProbeStep, ProbeView
from app.state.commands import ChangeSettings, FindLocalServers, ProbeRole, SetRole, SwitchProfile
from app.widgets.chip import Chip, ChipKind
from app.widgets.figures import clock
from app.widgets.theme import Theme
from app.windows.settings.models_page import ModelsPage
from app.windows.settings.role_row import RoleRow
from app.windows.settings.window import SettingsWindow
from proxy_core.config.settings import (
    DEFAULT_ROLES,
    PASSTHROUGH,
    Configuration,
    Profile,
    Role,
    RoutingSettings,
    Settings,
    ThinkingRule,
)
from resources.scene import SETTINGS, settings_state
from tests.app.settings.conftest import Listener, Shown, asked, child, say_yes

STATE = settings_state()


class Stage:
    """The Settings window at its first page."""

    def __init__(self, shown: Shown, theme: Theme, catalogue: CatalogueSearch, state: AppState = STATE) -> None:
        self.window = SettingsWindow(theme, catalogue)
        self.listener: Listener = shown(self.window)
        self.window.show_state(state)
        page = self.window.page("models")
        assert isinstance(page, ModelsPage)
        self.page = page
        QApplication.processEvents()  # what is clicked has to have its place

    def row(self, role: Role) -> RoleRow:
        return self.page.roles.rows[role]

    def text(self, name: str) -> str:
        label = child(self.window, name)
        assert isinstance(label, QLabel)
        return label.text()


@pytest.fixture
def store(shown: Shown, theme: Theme, catalogue: CatalogueSearch) -> Stage:
    return Stage(shown, theme, catalogue)


def with_settings(settings: Settings, **fixed: str) -> AppState:
    named = {f"roles.{role}": variable for role, variable in fixed.items()}
    state = replace(STATE, configuration=Configuration(settings, fixed=named))
    return replace(state, roles={**DEFAULT_ROLES, **settings.active.roles})


def test_roles_show_their_models_and_prices(store: Stage) -> None:
    shown = {role: (store.row(role).picker.text(), store.text(f"price-{role}")) for role in Role}
    assert shown == {
        Role.BIG: ("openai/gpt-4.1", "$2.00 / $8.00"),
        Role.SMALL: ("openai/gpt-4.1-mini", "$0.40 / $1.60"),
        Role.THINKER: ("gemini/gemini-2.5-pro", "$1.25 / $10.00"),
        **dict.fromkeys((Role.OPUS, Role.SUBAGENT, Role.LONG, Role.VISION), ("", "Uses BIG")),
    }
    assert store.row(Role.OPUS).picker.placeholderText() == "Same as BIG"


def test_small_and_thinker_follow_a_big_that_is_set(store: Stage) -> None:
    state = with_settings(replace(SETTINGS, profiles={"Work": Profile({Role.BIG: "openai/gpt-4.1"})}))
    config_snapshot = {Role.SMALL: "openai/gpt-4.1-mini", Role.THINKER: "openai/gpt-4.1"}
    store.window.show_state(replace(state, roles={**state.roles, **config_snapshot}))
    small, thinker = store.row(Role.SMALL), store.row(Role.THINKER)
    assert (small.picker.text(), small.picker.placeholderText()) == ("", "Matches BIG")
    assert small.facts.text().startswith("openai/gpt-4.1-mini · ")
    assert store.text("price-small") == "$0.40 / $1.60"
    assert (thinker.picker.text(), thinker.picker.placeholderText()) == ("", "Same as BIG")
    assert store.text("price-thinker") == "Uses BIG"
    for row in (small, thinker):
        assert row.test.isEnabled()
        row.picker.setFocus()
        row.picker.open_list()
        assert row.picker.choices[0].value == ""
        QTest.keyClick(row.picker, Qt.Key.Key_Escape)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("ollama/qwen3:8b", "Free"),
        ("gateway/atlas-coder", "$0.60 / $2.40"),  # a price of the user's own
        ("gateway/unheard-of", "No price known"),
    ],
)
def test_the_price_of_a_role_is_the_one_that_it_is_billed_by(store: Stage, model: str, told: str) -> None:
    state = settings_state()
    store.window.show_state(replace(state, roles={**state.roles, Role.BIG: model}))
    assert store.text("price-big") == told


@pytest.mark.parametrize("role", list(Role))
def test_choosing_a_model_sets_the_role_at_once(role: Role, store: Stage) -> None:
    picker = store.row(role).picker
    picker.setFocus()
    QTest.keyClicks(picker, "deepseek/deepseek-chat")
    QTest.keyClick(picker, Qt.Key.Key_Return)
    assert store.listener.commands == [SetRole(role, "deepseek/deepseek-chat")]


def test_an_optional_role_can_be_unset_and_a_needed_one_cannot(store: Stage) -> None:
    store.window.show_state(
        with_settings(replace(SETTINGS, profiles={"Work": Profile({Role.VISION: "openai/gpt-4o"})}))
    )
    for role, first in ((Role.VISION, ""), (Role.BIG, PASSTHROUGH)):
        picker = store.row(role).picker
        picker.setFocus()
        picker.open_list()
        assert picker.choices[0].value == first
        QTest.keyClick(picker, Qt.Key.Key_Escape)


def test_wrong_words_are_told_at_the_field_and_not_sent(store: Stage) -> None:
    picker = store.row(Role.BIG).picker
    picker.setFocus()
    QTest.keyClicks(picker, "nobody/gpt")
    assert store.text("note-big") == "There is no provider called nobody."
    assert picker.property("wrong") == "true"
    QTest.keyClick(picker, Qt.Key.Key_Return)
    QTest.keyClick(picker, Qt.Key.Key_Escape)
    assert store.listener.commands == []
    assert not child(store.window, "note-big").isVisible()
    assert store.window.isVisible(), "Esc left the field, not the window"


def test_a_model_whose_provider_has_no_key_is_told(store: Stage) -> None:
    store.window.show_state(replace(STATE, keys={**STATE.keys, "openai": KeyView(KeyPlace.NONE)}))
    assert store.text("note-big") == "OpenAI has no key yet."
    assert not child(store.window, "note-thinker").isVisible()


def test_a_fixed_role_names_its_variable(store: Stage) -> None:
    store.window.show_state(with_settings(SETTINGS, big="BIG_MODEL"))
    row = store.row(Role.BIG)
    assert not row.picker.isEnabled()
    assert row.facts.text() == "Set by BIG_MODEL in the environment"
    assert store.row(Role.SMALL).picker.isEnabled()


def test_passthrough_has_no_price_of_ours(store: Stage) -> None:
    store.window.show_state(with_settings(replace(SETTINGS, profiles={"Work": Profile({Role.BIG: PASSTHROUGH})})))
    assert store.row(Role.BIG).picker.text() == PASSTHROUGH
    assert store.text("price-big") == "As at Anthropic"


def test_a_test_is_asked_for_one_role_or_all(store: Stage) -> None:
    QTest.mouseClick(child(store.window, "test-small"), Qt.MouseButton.LeftButton)
    QTest.mouseClick(child(store.window, "test-all"), Qt.MouseButton.LeftButton)
    assert store.listener.commands == [ProbeRole(Role.SMALL), ProbeRole(None)]
    assert not child(store.window, "test-opus").isEnabled()


def chips(row: RoleRow) -> list[tuple[str, ChipKind]]:
    return [(chip.word, chip.kind) for chip in row.findChildren(Chip)]


def test_the_last_test_is_shown_with_what_it_took(store: Stage) -> None:
    row = store.row(Role.BIG)
    good = ChipKind.GOOD
    assert chips(row) == [("Streaming", good), ("Tools", good), ("Images", good)]
    at = STATE.trials[Role.BIG].at
    told = f"620 ms · $0.0021 · tested at {clock(at)[:5]}"
    assert any(label.text() == told for label in row.findChildren(QLabel))


def test_a_test_that_failed_says_why_and_one_of_another_model_is_not_shown(store: Stage) -> None:
    step = ProbeStep("tools", CheckVerdict.BAD, "It called no tool, though it was told to.")
    failed = ProbeView("openai/gpt-4.1", CheckVerdict.BAD, steps=(step,), sentence=step.sentence)
    stale = replace(failed, model="openai/gpt-3.5-turbo")
    store.window.show_state(replace(STATE, trials={Role.BIG: failed, Role.SMALL: stale}))
    assert chips(store.row(Role.BIG)) == [("Tools", ChipKind.BAD)]
    assert store.text("note-big") == step.sentence
    assert chips(store.row(Role.SMALL)) == []


def test_while_a_test_runs_it_is_not_asked_for_again(store: Stage) -> None:
    running = ProbeView("openai/gpt-4.1", CheckVerdict.RUNNING)
    store.window.show_state(replace(STATE, trials={Role.BIG: running}))
    assert chips(store.row(Role.BIG)) == [("Testing…", ChipKind.INFO)]
    assert not child(store.window, "test-big").isEnabled()
    assert not child(store.window, "test-all").isEnabled()


def test_the_profile_is_named_and_switched_on_top(store: Stage) -> None:
    box = store.page.profile
    assert box.currentText() == "Work"
    box.setCurrentText("Local")
    box.activated.emit(box.currentIndex())
    assert store.listener.commands == [SwitchProfile("Local")]


def test_local_servers_offer_their_models(store: Stage) -> None:
    QTest.mouseClick(child(store.window, "find-local-servers"), Qt.MouseButton.LeftButton)
    QTest.mouseClick(child(store.window, "use-ollama"), Qt.MouseButton.LeftButton)
    assert store.listener.commands == [
        FindLocalServers(),
        *(SetRole(role, "ollama/qwen3-coder:30b") for role in DEFAULT_ROLES),
    ]


def test_restoring_puts_back_the_active_profile_and_the_rules_alone(store: Stage) -> None:
    changed = replace(SETTINGS, routing=RoutingSettings(ThinkingRule.NEVER, 5))
    store.window.show_state(with_settings(changed))
    button = child(store.window, "restore-defaults")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert store.listener.commands == []
    told = asked(store.window).question.details
    assert "THINKER plays: Never → On purpose" in told
    assert "BIG: openai/gpt-4.1 → default" in told
    say_yes(store.window)
    assert store.listener.commands == [
        ChangeSettings(replace(changed, routing=RoutingSettings(), profiles={**changed.profiles, "Work": Profile()}))
    ]
