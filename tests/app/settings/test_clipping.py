"""No word of the Settings window and of the first run is cut: both languages, both themes, small and large."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import (
    AppState,
    CheckVerdict,
    KeyPlace,
    KeyStorage,
    KeyView,
    ProbeStep,
    ProbeView,
    ProviderCheck,
)
from app.state.query_results import FirstRequestProgress, LogMeasured
from app.widgets.confirm_dialog import ConfirmDialog, Question
from app.widgets.theme import Theme
from app.windows.first_run.window import FirstRunWindow
from app.windows.settings import questions
from app.windows.settings.models_page import ModelsPage
from app.windows.settings.window import SettingsWindow
from proxy_core.config.settings import Configuration, Price, ProxySettings, Role
from proxy_core.ledger.rows import Contents
from resources.scene import SETTINGS, first_run_state, settings_state
from tests.app.clipping import clipped, settle

SIZES = ((900, 600), (1300, 800))


def crowded() -> AppState:
    """Everything that can be told at once."""
    state = settings_state()
    proxy = ProxySettings(lan=True, open=True)
    fixed = {"proxy.port": "PORT", "proxy.passthrough_url": "UNDERSTUDY_PASSTHROUGH_URL", "roles.small": "SMALL_MODEL"}
    bad = ProbeStep(
        "tools", CheckVerdict.BAD, "It called no tool, though it was told to. Choose one that is made for tools."
    )
    noted = ProbeStep("vision", CheckVerdict.NOTED, "It took a green square for red.")
    return replace(
        state,
        configuration=Configuration(replace(SETTINGS, proxy=proxy), fixed, warnings=("A warning. " * 20,)),
        keys={**state.keys, "openai": KeyView(KeyPlace.MEMORY, "7f3a"), "gemini": KeyView()},
        keys_kept_in=KeyStorage.MEMORY,
        checks={
            **state.checks,
            "openai": ProviderCheck(CheckVerdict.RUNNING),
            "openrouter": ProviderCheck(CheckVerdict.BAD, "OpenRouter refused the key: 401. " * 4, rejected=True),
        },
        trials={
            Role.BIG: ProbeView("openai/gpt-4.1", CheckVerdict.BAD, 1.2, 3.4, (bad, noted), 0.01, sentence=bad.sentence)
        },
        claude_installed=False,
        report="/home/sam/.local/state/understudy/reports/2026-11-17T14-32-08.txt",
        newer_version="0.2.0",
    )


@pytest.mark.parametrize("size", SIZES)
def test_no_page_of_the_settings_is_cut(
    size: tuple[int, int], language: str, look: Theme, catalogue: CatalogueSearch, qtbot: QtBot
) -> None:
    window = SettingsWindow(look, catalogue)
    qtbot.addWidget(window)
    window.resize(*size)
    for state in (settings_state(), crowded()):
        window.show_state(state)
        for place in ("models", "profiles", "general", "proxy", "log", "terminal", "about"):
            window.open_page(place)
            settle(window)
            assert clipped(window) == [], (place, language)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_opened_on_a_page_is_not_cut(
    size: tuple[int, int], language: str, look: Theme, catalogue: CatalogueSearch, qtbot: QtBot
) -> None:
    window = SettingsWindow(look, catalogue)
    qtbot.addWidget(window)
    window.resize(*size)
    window.show_state(crowded())
    models = window.page("models")
    assert isinstance(models, ModelsPage)
    settle(window)
    for row in models.providers.rows.values():
        row.more.setChecked(True)
    models.providers.add.click()
    settle(window)
    assert clipped(window) == [], language
    models.providers.panel.own.setChecked(True)
    settle(window)
    assert clipped(window) == [], language


HELD = Contents(
    requests=1_204_318, conversations=1_204_290, conversation_bytes=999_400_000, bytes=999_400_000, set_aside=True
)
LONG = "A profile whose name is far longer than anybody would write it, but somebody did"


def every_question(state: AppState) -> list[Question]:
    """Each at its longest."""
    settings = replace(state.settings, profile=LONG, profiles={LONG: state.settings.active, **state.settings.profiles})
    changes = (questions.SettingChange("Long label of a setting", "http://" + "x" * 200, "empty"),) * 8
    return [
        questions.counting(),
        questions.delete_log(LogMeasured(HELD)),
        questions.delete_log(LogMeasured(trouble="The ledger cannot be read: disk image is malformed. " * 3)),
        questions.delete_log(LogMeasured()),
        questions.delete_conversations(LogMeasured(HELD)),
        questions.delete_conversations(LogMeasured()),
        questions.delete_profile(LONG, settings),
        questions.remove_key("openai", "OpenAI", state),
        questions.remove_provider("gateway", LONG, state),
        questions.remove_price("gateway/" + "x" * 100, Price(0.6, 2.4)),
        questions.renew_token(),
        questions.restore_defaults("Models and keys", changes),
        questions.delete_report(),
    ]


def test_no_question_is_cut_or_leaves_the_window(
    language: str, look: Theme, catalogue: CatalogueSearch, qtbot: QtBot
) -> None:
    window = SettingsWindow(look, catalogue)
    qtbot.addWidget(window)
    window.resize(900, 600)
    window.show()
    for question in every_question(crowded()):
        dialog = ConfirmDialog(look, window.restore, question)
        dialog.open_clear()
        settle(dialog)
        assert clipped(dialog) == [], (question.text, language)
        assert dialog.width() <= 760, question.text
        assert dialog.height() <= 480, question.text
        dialog.reject()


@pytest.mark.parametrize("size", [(640, 520), *SIZES])
def test_no_step_of_the_first_run_is_cut(
    size: tuple[int, int], language: str, look: Theme, catalogue: CatalogueSearch, qtbot: QtBot
) -> None:
    window = FirstRunWindow(look, catalogue)
    qtbot.addWidget(window)
    window.resize(*size)
    window.show_state(replace(first_run_state(), keys_kept_in=KeyStorage.MEMORY, claude_installed=False))
    settle(window)
    assert clipped(window) == [], language
    window.key_step._tell("Key rejected", window.key_step.chip.kind, "OpenAI refused the key: 401. " * 5)
    settle(window)
    assert clipped(window) == [], language
    window.key_step._choose("openai")
    settle(window)
    assert clipped(window) == [], language
    window.roles_step._pass()
    window.on_result(FirstRequestProgress("Hello. " * 200, ended=True, good=False, sentence="It did not go well. " * 8))
    settle(window)
    assert clipped(window) == [], language
