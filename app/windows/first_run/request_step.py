"""The last step: a real request through the proxy, streamed before one's eyes, and the launch."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit

from app.i18n.said import said
from app.state.app_state import AppState
from app.state.commands import ChooseFolder, CopyInstallCommand, EndFirstRun, LaunchClaudeCode, SendFirstRequest
from app.state.query_results import FirstRequestProgress, QueryResult
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.chip import Chip, ChipKind
from app.widgets.folders import ask_folder, from_home
from app.widgets.labels import ElidedLabel, Label, many_lines
from app.widgets.notice import Notice
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8
from app.windows.first_run.step import FirstRunStep, Readiness
from proxy_core.config.settings import Role


class RequestStep(FirstRunStep):
    """Asks when it is entered; passes with the launch."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(
            theme,
            "request",
            self.tr("A real request, before your eyes"),
            self.tr("It goes the way that all of Claude Code's will go: through the proxy to your model."),
        )
        self._ended = False
        card = Card(self.tr("Answer"))
        self.chip = Chip(theme, parent=card)
        self.chip.setObjectName("first-words-state")
        card.head.addWidget(self.chip)
        self.answer = QPlainTextEdit()
        self.answer.setObjectName("first-words")
        self.answer.setAccessibleName(self.tr("The model's answer"))
        self.answer.setProperty("role", "body")
        self.answer.setReadOnly(True)
        self.answer.setTabChangesFocus(True)
        self.sentence = Label("", "small", "muted", wrap=True)
        self.sentence.setObjectName("first-words-told")
        self.again = QuietButton(theme, self.tr("Try again"), "first-again", "again")
        self.again.clicked.connect(self._ask)
        below = QHBoxLayout()
        below.setSpacing(GAP_8)
        below.addWidget(self.sentence, 1)
        below.addWidget(self.again)
        card.body.addWidget(self.answer, 1)
        card.body.addLayout(below)
        self.column.addWidget(card, 1)
        self.missing = Notice("claude-missing")
        self.copy_install = QuietButton(theme, self.tr("Copy"), "first-copy-install", "copy")
        self.copy_install.setAccessibleName(self.tr("Copy the command that installs Claude Code"))
        self.copy_install.clicked.connect(lambda: self.command_requested.emit(CopyInstallCommand()))
        self.missing.row.addWidget(self.copy_install)
        self.column.addWidget(self.missing)
        where = QHBoxLayout()
        where.setSpacing(GAP_8)
        where.addWidget(Label(self.tr("Project folder"), "body", "muted"))
        self.folder = ElidedLabel("")
        self.folder.setFont(theme.font("mono"))
        self.choose = QuietButton(theme, self.tr("Choose…"), "first-folder", "folder")
        self.choose.setAccessibleName(self.tr("Choose the project folder"))
        self.choose.clicked.connect(self._choose_folder)
        where.addWidget(self.folder, 1)
        where.addWidget(self.choose)
        self.column.addLayout(where)

    @property
    def readiness(self) -> Readiness:
        return Readiness.READY if self._ended else Readiness.WORKING

    @property
    def button(self) -> str:
        return self.tr("Launch Claude Code")

    def show_state(self, state: AppState) -> None:
        super().show_state(state)
        self.folder.setText(from_home(state.folder) or self.tr("Your home folder"))
        self.missing.say(
            self.tr("Claude Code is not installed yet: {0}").format(state.install_command)
            if state.claude_installed is False
            else ""
        )

    def enter(self) -> None:
        self._ask()

    def go_on(self) -> None:
        self.command_requested.emit(EndFirstRun())
        self.command_requested.emit(LaunchClaudeCode())
        super().go_on()

    def on_result(self, answer: QueryResult) -> None:
        if not isinstance(answer, FirstRequestProgress):
            return
        self._ended = answer.ended
        self.answer.setPlainText(many_lines(answer.text))
        bar = self.answer.verticalScrollBar()
        bar.setValue(bar.maximum())
        self.again.setEnabled(answer.ended)
        if not answer.ended:
            self.chip.tell(self.tr("Streaming"), ChipKind.INFO)
        elif answer.good:
            self.chip.tell(self.tr("It works"), ChipKind.GOOD)
        else:
            self.chip.tell(self.tr("Failed"), ChipKind.BAD)
        self.sentence.set_tone("bad" if answer.ended and not answer.good else "muted")
        self.sentence.setText(said(answer.sentence))
        self.changed.emit()

    def _ask(self) -> None:
        self._ended = False
        self.answer.clear()
        big = self.state.roles.get(Role.BIG, "")
        self.sentence.set_tone("muted")
        self.sentence.setText(self.tr("Asking {0}…").format(big) if big else "")
        self.chip.tell(self.tr("Waiting"), ChipKind.QUIET)
        self.again.setEnabled(False)
        self.changed.emit()
        self.command_requested.emit(SendFirstRequest())

    def _choose_folder(self) -> None:
        title = self.tr("Choose the project folder")
        ask_folder(self, title, self.state.folder, lambda folder: self.command_requested.emit(ChooseFolder(folder)))
