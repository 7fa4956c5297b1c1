"""The watch window as a whole: keys, attention, drops, names, and no word that is cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QLibraryInfo, QMimeData, QPoint, QPointF, Qt, QUrl, QVersionNumber
from PySide6.QtGui import QAccessible, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.state.app_state import AppState, BudgetView, KeyStorage, Phase, ProxyView
from app.state.commands import (
    ChooseFolder,
    CopyAddress,
    CopyInstallCommand,
    ForgetReport,
    LaunchClaudeCode,
    Quit,
    ShowSettings,
    StartProxy,
    StopProxy,
    SwitchProfile,
)
from app.widgets.chip import ChipKind
from app.widgets.theme import Theme
from app.windows.watch.notices import AT_ONCE, notices
from proxy_core.config.settings import Configuration, ProxySettings, Settings
from proxy_core.ledger.rows import Filter
from tests.app.clipping import clipped
from tests.app.watch import scenes
from tests.app.watch.harness import Watched, settle, state_with
from tests.app.watch.scenes import HOSTILE, record, row

TAKEN = ProxyView(
    Phase.ATTENTION, "http://127.0.0.1:8082", "Port 8082 is taken by python3 (pid 4121).", "python3", 8083
)
FAILED = ProxyView(Phase.ATTENTION, "http://127.0.0.1:8082", "The proxy's thread died three times within a minute.")


@pytest.fixture
def watched(qtbot: QtBot, theme: Theme) -> Watched:
    made = Watched(theme, scenes.rows(1, 60), scenes.sessions())
    made.days = scenes.usage()
    qtbot.addWidget(made.window)
    return made


def press(watched: Watched, qtbot: QtBot, name: str) -> None:
    button = watched.window.findChild(QAbstractButton, name)
    assert button is not None, name
    assert button.isVisible(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


class TestSidebar:
    @pytest.mark.parametrize(
        ("proxy", "word", "kind", "command"),
        [
            (ProxyView(Phase.RUNNING, "http://127.0.0.1:8082"), "Running", ChipKind.GOOD, StopProxy()),
            (ProxyView(Phase.STOPPED, "http://127.0.0.1:8082"), "Stopped", ChipKind.QUIET, StartProxy()),
            (TAKEN, "Port taken", ChipKind.BAD, StartProxy()),
            (FAILED, "Failed", ChipKind.BAD, StartProxy()),
        ],
    )
    def test_it_says_how_the_proxy_stands_and_starts_or_stops_it(
        self, watched: Watched, qtbot: QtBot, proxy: ProxyView, word: str, kind: ChipKind, command: object
    ) -> None:
        side = watched.show(scenes.state(proxy=proxy)).sidebar
        assert (side.chip.word, side.chip.kind) == (word, kind)
        assert side.address.text() == "127.0.0.1:8082"
        press(watched, qtbot, "toggle-proxy")
        assert watched.commands[-1] == command

    def test_between_states_it_waits(self, watched: Watched) -> None:
        side = watched.show(scenes.state(proxy=ProxyView(Phase.STARTING))).sidebar
        assert not side.toggle.isEnabled()
        watched.window.show_state(scenes.state(proxy=ProxyView(Phase.STOPPING)))
        assert not side.toggle.isEnabled()

    def test_address_launch_and_settings_are_wishes(self, watched: Watched, qtbot: QtBot) -> None:
        watched.show()
        for name in ("copy-address", "launch", "nav-settings"):
            press(watched, qtbot, name)
        assert [
            command
            for command in watched.commands
            if isinstance(command, CopyAddress | LaunchClaudeCode | ShowSettings)
        ] == [
            CopyAddress(),
            LaunchClaudeCode(),
            ShowSettings(),
        ]

    def test_without_a_folder_launch_asks_for_one_and_launches_there(self, watched: Watched, qtbot: QtBot) -> None:
        watched.show(scenes.state(folder="", recent_folders=()))
        press(watched, qtbot, "launch")
        dialog = watched.window.findChild(QFileDialog, "folder-dialog")
        assert dialog is not None
        assert watched.said(LaunchClaudeCode) == []
        dialog.fileSelected.emit("/home/ada/work/atlas-api")
        assert watched.said(LaunchClaudeCode) == [LaunchClaudeCode("/home/ada/work/atlas-api")]
        dialog.reject()

    def test_recent_folders_and_profiles_are_one_menu_away(self, watched: Watched) -> None:
        side = watched.show().sidebar
        folders = [action for action in side.folder_menu().actions() if not action.isSeparator()]
        assert [action.isChecked() for action in folders] == [True, False, False]
        folders[1].trigger()
        profiles = side.profile_menu().actions()
        next(action for action in profiles if action.text() == "Local").trigger()
        assert watched.commands[-2:] == [ChooseFolder("/home/ada/work/lighthouse"), SwitchProfile("Local")]
        assert side.profile.text() == "Default"

    def test_an_open_proxy_is_marked(self, watched: Watched) -> None:
        side = watched.show().sidebar
        assert not side.openness.isVisible()
        settings = Settings(proxy=ProxySettings(open=True))
        watched.window.show_state(scenes.state(configuration=Configuration(settings=settings)))
        assert side.openness.isVisible()


class TestNotices:
    def test_a_taken_port_is_told_with_its_holder_and_the_next_one(self, watched: Watched, qtbot: QtBot) -> None:
        watched.show(scenes.state(proxy=TAKEN))
        assert "pid 4121" in watched.window.notices.shown[0].sentence
        press(watched, qtbot, "notice-proxy")
        assert watched.commands[-1] == StartProxy(8083)

    def test_a_proxy_that_failed_can_be_started(self, watched: Watched, qtbot: QtBot) -> None:
        watched.show(scenes.state(proxy=FAILED))
        press(watched, qtbot, "notice-proxy")
        assert watched.commands[-1] == StartProxy()

    def test_obstacles_are_told_and_passed(self, watched: Watched, qtbot: QtBot) -> None:
        watched.show(scenes.state(obstacles=("~/.claude/settings.json sets ANTHROPIC_BASE_URL.",)))
        press(watched, qtbot, "notice-obstacles")
        assert watched.commands[-1] == LaunchClaudeCode(anyway=True)

    def test_a_missing_claude_offers_how_to_install_it(self, watched: Watched, qtbot: QtBot) -> None:
        watched.show(scenes.state(claude_installed=False))
        press(watched, qtbot, "notice-claude")
        assert watched.commands[-1] == CopyInstallCommand()

    def test_every_trouble_has_its_sentence(self) -> None:
        state = AppState(
            proxy=TAKEN,
            obstacles=("An obstacle.",),
            claude_installed=False,
            budget=BudgetView(today=17.0, daily=20.0, month=400.0, monthly=300.0),
            ledger_sentence="The ledger is set aside.",
            keys_kept_in=KeyStorage.MEMORY,
            troubles=("A trouble.",),
            configuration=Configuration(warnings=("A warning.",)),
            report="/tmp/report.txt",
            has_tray=False,
        )
        told = [notice.sentence for notice in notices(state)]
        for words in ("taken", "not installed", "An obstacle", "$17.00 of $20.00", "$400.00 of $300.00", "set aside"):
            assert any(words in sentence for sentence in told), words
        for words in ("in memory", "A trouble", "A warning", "unexpectedly", "no system tray"):
            assert any(words in sentence for sentence in told), words

    def test_a_locked_keyring_is_told_and_not_a_missing_one(self) -> None:
        told = [notice.sentence for notice in notices(AppState(keys_kept_in=KeyStorage.LOCKED))]
        assert any("The keyring is locked. Unlock it" in sentence for sentence in told)
        assert not any("in memory" in sentence for sentence in told)

    def test_with_nothing_to_tell_nothing_is_told(self, watched: Watched) -> None:
        watched.show()
        assert not watched.window.notices.isVisible()

    def test_what_is_put_away_stays_away_and_the_next_comes(self, watched: Watched, qtbot: QtBot) -> None:
        state = scenes.state(has_tray=False, keys_kept_in=KeyStorage.MEMORY, troubles=("One.", "Two."))
        watched.show(state)
        strip = watched.window.notices
        assert len(strip.shown) == AT_ONCE
        before = [notice.id for notice in strip.shown]
        press(watched, qtbot, "notice-away")
        assert strip.shown[0].id == before[1]
        assert len(strip.shown) == AT_ONCE
        watched.window.show_state(replace(state, said="x"))
        assert before[0] not in {notice.id for notice in strip.shown}

    def test_a_report_that_is_put_away_is_forgotten(self, watched: Watched, qtbot: QtBot) -> None:
        watched.show(scenes.state(report="/tmp/report.txt"))
        press(watched, qtbot, "notice-away")
        assert watched.commands[-1] == ForgetReport()


class TestKeyboard:
    def test_pages_search_launch_and_settings_have_keys(self, watched: Watched, qtbot: QtBot) -> None:
        window = watched.show()
        qtbot.waitActive(window)
        for key, page in ((Qt.Key.Key_2, "sessions"), (Qt.Key.Key_3, "usage"), (Qt.Key.Key_1, "requests")):
            QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
            assert window.page == page
        QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        assert window.page == "requests"
        assert QApplication.focusWidget() is window.requests.filters.search
        QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
        assert watched.commands[-2:] == [LaunchClaudeCode(), ShowSettings()]

    def test_it_is_closed_and_ended_as_any_other_window(self, watched: Watched, qtbot: QtBot) -> None:
        window = watched.show()
        QTest.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
        assert watched.said(Quit) == [Quit()]
        QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
        assert not window.isVisible()

    def test_arrows_open_details_and_escape_closes_them(self, watched: Watched, qtbot: QtBot) -> None:
        window = watched.show()
        qtbot.waitActive(window)
        window.requests.table.setFocus()
        QTest.keyClick(window.requests.table, Qt.Key.Key_Down)
        assert window.requests.details.isVisible()
        first = window.requests.details.id
        QTest.keyClick(window.requests.table, Qt.Key.Key_Down)
        assert window.requests.details.id != first
        QTest.keyClick(window.requests.table, Qt.Key.Key_Escape)
        assert not window.requests.details.isVisible()
        assert QApplication.focusWidget() is window.requests.table

    def test_escape_leaves_the_choice_of_a_model_first(self, watched: Watched, qtbot: QtBot) -> None:
        window = watched.show()
        qtbot.waitActive(window)
        details = window.requests.details
        window.requests.table.selectRow(1)
        settle()
        QTest.mouseClick(details.run, Qt.MouseButton.LeftButton)
        assert QApplication.focusWidget() is details.again.field
        QTest.keyClick(details.again.field, Qt.Key.Key_Escape)
        assert details.again.isHidden()
        assert details.isVisible()
        QTest.keyClick(details.run, Qt.Key.Key_Escape)
        assert not details.isVisible()

    def test_tab_reaches_everything_and_comes_round(self, watched: Watched, qtbot: QtBot) -> None:
        window = watched.show()
        qtbot.waitActive(window)
        window.requests.table.selectRow(1)
        settle()
        reached: list[str] = []
        for _ in range(60):
            QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
            now = QApplication.focusWidget()
            assert now is not None
            if now.objectName() in reached and len(reached) > 20:
                break
            reached.append(now.objectName())
        for name in (
            "toggle-proxy", "copy-address", "profile", "nav-requests", "nav-settings", "project-folder", "launch",
            "states", "search", "more-filters", "requests-table", "pause", "run-again", "copy-request", "close-details",
            "fact-link", "find-in-body", "copy-body", "body",
        ):  # fmt: skip
            assert name in reached, (name, reached)

    @pytest.mark.parametrize("page", ["requests", "sessions", "usage"])
    def test_whatever_takes_the_focus_has_a_name(self, watched: Watched, page: str) -> None:
        window = watched.show()
        window.open_page(page)
        window.requests.table.selectRow(1)
        settle()
        nameless = [
            widget.objectName() or type(widget).__name__
            for widget in window.findChildren(QWidget)
            if widget.isVisible() and isinstance(widget, QAbstractButton | QLineEdit | QComboBox | QAbstractScrollArea)
            if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not _said(widget)
        ]
        assert not nameless


class TestDrops:
    def test_a_folder_dropped_anywhere_is_chosen(self, watched: Watched) -> None:
        window = watched.show()
        carried = QMimeData()
        carried.setUrls([QUrl.fromLocalFile("/home/ada/work/with space")])
        enter = _entering(carried)
        QApplication.sendEvent(window, enter)
        assert enter.isAccepted()
        QApplication.sendEvent(window, QDropEvent(QPointF(600, 300), *_drag(carried)))
        assert watched.commands[-1] == ChooseFolder("/home/ada/work/with space")

    def test_a_page_of_the_web_is_not(self, watched: Watched) -> None:
        window = watched.show()
        carried = QMimeData()
        carried.setUrls([QUrl("https://example.com/")])
        enter = _entering(carried)
        enter.ignore()
        QApplication.sendEvent(window, enter)
        assert not enter.isAccepted()


def _entering(carried: QMimeData) -> QDragEnterEvent:
    """A drag that enters the window. Qt 6.12 deprecates the constructor with a QPoint; 6.11 has no other."""
    at: Any = QPointF(600, 300) if QLibraryInfo.version() >= QVersionNumber(6, 12) else QPoint(600, 300)
    return QDragEnterEvent(at, *_drag(carried))


def _drag(carried: QMimeData) -> tuple[Qt.DropAction, QMimeData, Qt.MouseButton, Qt.KeyboardModifier]:
    return Qt.DropAction.CopyAction, carried, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class TestHostileText:
    def test_it_is_shown_as_it_is_and_never_as_markup(self, watched: Watched) -> None:
        told = scenes.failed(
            0, why=HOSTILE, error=HOSTILE * 40, warnings=(HOSTILE,), project=f"/x/{HOSTILE}", asked_for=HOSTILE
        )
        told = replace(told, model=f"openai/{HOSTILE}", session=HOSTILE, profile=HOSTILE)
        watched.rows = (row(0, told), *watched.rows)
        watched.bodies = {part: (HOSTILE * 3).encode() for part in watched.bodies}
        state = state_with((told,), folder=f"/home/ada/{HOSTILE}", said=HOSTILE, troubles=(HOSTILE,))
        window = watched.show(state)
        window.requests.table.selectRow(0)
        settle()
        formats = {label.textFormat() for label in window.findChildren(QLabel) if label.text()}
        assert formats == {Qt.TextFormat.PlainText}
        shown = [label.text() for label in window.findChildren(QLabel)]
        assert any("<img src=x" in text for text in shown)
        body = window.requests.details.bodies.view.text.toPlainText()
        for text in (*shown, body):
            assert not {"\u202e", "\u2066", "\x1b"} & set(text), text
        tips = [widget.toolTip() for widget in window.findChildren(QWidget) if widget.toolTip()]
        assert not [tip for tip in tips if "<img" in tip]
        table = window.requests.table
        assert table.horizontalHeader().length() <= table.viewport().width()
        assert not clipped(window)


def test_the_judge_of_cut_words_finds_one(qtbot: QtBot, theme: Theme) -> None:
    label = QLabel("Words that need more room than they get")
    qtbot.addWidget(label)
    label.setFixedSize(40, 12)
    label.show()
    assert clipped(label)


def test_a_saved_thing_is_said_and_a_filter_travels(watched: Watched) -> None:
    window = watched.show(scenes.state(said="Saved. New requests use these settings."))
    toast = window.findChild(QWidget, "toast")
    assert toast is not None
    assert toast.isVisible()
    window.show_requests(Filter(model="openai/gpt-4.1"))
    assert "openai/gpt-4.1" in window.requests.count.text()
    assert record(1).id


def _said(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name)
