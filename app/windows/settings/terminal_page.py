"""The page of where Claude Code is launched, and how it is launched from elsewhere."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.i18n.said import said_in_part
from app.state.app_state import AppState
from app.state.commands import CopyCommand, CopyInstallCommand
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.chip import Chip, ChipKind
from app.widgets.flow import Flow
from app.widgets.labels import ElidedLabel, Label
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_12, GAP_16
from app.windows.settings.fields import ListField, TextField
from app.windows.settings.page import Page
from app.windows.settings.reading import command


class TerminalPage(Page):
    """The terminal, Claude Code itself, the command for another shell or an IDE."""

    resets = ("terminal",)

    def __init__(self, theme: Theme) -> None:
        super().__init__(
            theme,
            "terminal",
            self.tr("Terminal"),
            self.tr("Claude Code is launched in your own terminal. Nothing is written into its settings."),
        )
        self.terminal = ListField("terminal.terminal", self.tr("Terminal"), "", ())
        self.card(
            self.tr("Launch"),
            self.terminal,
            TextField(
                theme,
                "terminal.command",
                self.tr("Own command"),
                self.tr("Comes first, if set. {script} is what to run, {folder} where."),
                command,
                hint="kitty --directory {folder} {script}",
                mono=True,
            ),
        )
        self._claude(theme)
        self._copying(theme)
        self.column.addStretch(1)

    def show_state(self, state: AppState) -> None:
        first = said_in_part(state.terminals[0].name) if state.terminals else ""
        automatic = self.tr("The first one found: {0}").format(first) if first else self.tr("None was found")
        chosen = state.settings.terminal.terminal
        found = [(terminal.id, said_in_part(terminal.name)) for terminal in state.terminals]
        if chosen and chosen not in {id_ for id_, _ in found}:
            found.append((chosen, self.tr("{0} (not found)").format(chosen)))
        self.terminal.show_choices((("", automatic), *found))
        super().show_state(state)
        match state.claude_installed:
            case True:
                self.claude.tell(self.tr("Installed"), ChipKind.GOOD)
            case False:
                self.claude.tell(self.tr("Not installed"), ChipKind.WARN)
            case None:
                self.claude.tell(self.tr("Being looked for…"), ChipKind.QUIET)
        self.install.setVisible(state.claude_installed is False)
        self.install_command.setText(state.install_command)

    def _claude(self, theme: Theme) -> None:
        card = Card(self.tr("Claude Code"))
        self.claude = Chip(theme, self.tr("Being looked for…"))
        card.head.addWidget(self.claude)
        self.install = QWidget()
        row = QHBoxLayout(self.install)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_12)
        self.install_command = ElidedLabel("")
        self.install_command.setFont(theme.font("mono"))
        self.copy_install = QuietButton(theme, self.tr("Copy"), "copy-install", "copy")
        self.copy_install.setAccessibleName(self.tr("Copy the command that installs Claude Code"))
        self.copy_install.clicked.connect(lambda: self.command_requested.emit(CopyInstallCommand()))
        row.addWidget(self.install_command, 1)
        row.addWidget(self.copy_install)
        card.body.addWidget(
            Label(self.tr("Understudy launches the “claude” command that you have."), "body", "muted", wrap=True)
        )
        card.body.addWidget(self.install)
        self.column.addWidget(card)

    def _copying(self, theme: Theme) -> None:
        card = Card(self.tr("Copy command"), padded=False, gap=0)
        column = QVBoxLayout()
        column.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        column.setSpacing(GAP_12)
        column.addWidget(
            Label(
                self.tr("The same launch for another shell or an IDE. A token is part of it: whoever has it gets in."),
                "body",
                "muted",
                wrap=True,
            )
        )
        flow = Flow()
        shells = (
            ("sh", "sh, bash, zsh"),
            ("fish", "fish"),
            ("powershell", "PowerShell"),
            ("cmd", "cmd"),
            ("vscode", "VS Code"),
        )
        for shell, word in shells:
            button = QuietButton(theme, word, f"copy-{shell}", "copy")
            button.setAccessibleName(self.tr("Copy the command for {0}").format(word))
            button.clicked.connect(lambda _=False, own=shell: self.command_requested.emit(CopyCommand(own)))
            flow.addWidget(button)
        flow.setSpacing(GAP_8)
        column.addLayout(flow)
        card.body.addLayout(column)
        self.column.addWidget(card)
