"""The page of the app itself: its version, its folders, and what is left of a crash."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.state.app_state import AppState
from app.state.commands import CheckForUpdates, ForgetReport, OpenFolder, OpenLicences, OpenReport
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.confirm_dialog import ask
from app.widgets.field_row import FieldRow
from app.widgets.labels import ElidedLabel, Label
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8
from app.windows.settings import questions
from app.windows.settings.page import Page


class AboutPage(Page):
    """Version, updates, folders, crash report."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(
            theme,
            "about",
            self.tr("About"),
            self.tr("Understudy runs Claude Code on any model. It sends nothing anywhere but to your providers."),
        )
        self.version = Label("", "body")
        self.version.setObjectName("version")
        self.check = QuietButton(theme, self.tr("Check for updates"), "check-updates", "again")
        self.check.clicked.connect(lambda: self.command_requested.emit(CheckForUpdates()))
        self.updates = FieldRow(
            self.tr("Updates"), self.tr("Asked for only when you press the button."), self.check, stretch=0
        )
        self.licences = QuietButton(theme, self.tr("All licences"), "open-licences", "document")
        self.licences.clicked.connect(lambda: self.command_requested.emit(OpenLicences()))
        self.settings_folder = self._folder(theme, self.tr("Settings"), "settings")
        self.log_folder = self._folder(theme, self.tr("Log"), "log")
        self.card(
            "Understudy",
            FieldRow(self.tr("Version"), "", self.version, stretch=0),
            self.updates,
            FieldRow(self.tr("Licence"), "", _beside(Label("MIT"), self.licences), stretch=0),
            FieldRow(
                self.tr("Folders"),
                self.tr("Settings are a text file; keys are in the system's keyring, never in a file."),
                _beside(self.settings_folder, self.log_folder),
                stretch=0,
            ),
        )
        self.report_card = Card(self.tr("Crash report"))
        self.report = ElidedLabel("")
        self.report.setFont(theme.font("mono"))
        self.open_report = QuietButton(theme, self.tr("Open"), "open-report", "document")
        self.open_report.clicked.connect(lambda: self.command_requested.emit(OpenReport()))
        self.forget_report = QuietButton(theme, self.tr("Delete…"), "forget-report", flat=True)
        self.forget_report.clicked.connect(self._ask_about_report)
        self.report_card.body.addWidget(
            Label(
                self.tr("Understudy ended unexpectedly. The report has no keys, tokens or prompts in it."),
                "body",
                "muted",
                wrap=True,
            )
        )
        self.report_card.body.addWidget(_beside(self.report, self.open_report, self.forget_report))
        self.column.addWidget(self.report_card)
        self.column.addStretch(1)

    def show_state(self, state: AppState) -> None:
        super().show_state(state)
        self.version.setText(state.version)
        newer = self.tr("{0} is there.").format(state.newer_version) if state.newer_version else ""
        self.updates.note.setText(newer)
        self.updates.note.setVisible(bool(newer))
        self.report_card.setVisible(bool(state.report))
        self.report.setText(state.report)

    def _ask_about_report(self) -> None:
        ask(
            self.theme,
            self.forget_report,
            questions.delete_report(),
            lambda: self.command_requested.emit(ForgetReport()),
        )

    def _folder(self, theme: Theme, word: str, which: str) -> QuietButton:
        button = QuietButton(theme, word, f"open-{which}", "folder")
        button.setAccessibleName(self.tr("Open the folder of: {0}").format(word))
        button.clicked.connect(lambda: self.command_requested.emit(OpenFolder(which)))
        return button


def _beside(*widgets: QWidget) -> QWidget:
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP_8)
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, ElidedLabel) else 0)
    return whole
