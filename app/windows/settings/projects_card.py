"""The card that gives project folders a profile of their own."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.state.app_state import AppState
from app.state.commands import ChangeSettings
from app.widgets.card import Card
from app.widgets.folders import from_home
from app.widgets.labels import ElidedLabel, Label, line
from app.widgets.layouts import empty
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_12, GAP_16
from app.windows.settings.fields import combo, offer_in
from proxy_core.config.settings import ProjectSettings, Settings


class ProjectsCard(Card):
    """A row for each folder that was launched in lately or has a profile."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(self.tr("Project folders"), name="projects", padded=False, gap=0)
        self._theme = theme
        self._settings = Settings()
        self.boxes: dict[str, QComboBox] = {}
        self._column = QVBoxLayout()
        self._column.setSpacing(0)
        self.body.addLayout(self._column)
        self._none = Label(
            self.tr("A folder in which Claude Code was launched gets its own profile here."), "body", "muted", wrap=True
        )
        self._none.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        self.body.addWidget(self._none)

    def show_state(self, state: AppState) -> None:
        """Show the folders and what they are launched with."""
        self._settings = state.settings
        known = (*state.settings.projects, state.folder, *state.recent_folders)
        folders = tuple(dict.fromkeys(folder for folder in known if folder))
        self._none.setVisible(not folders)
        if tuple(self.boxes) != folders:
            self._remake(folders)
        names = tuple(state.settings.profiles)
        for folder, box in self.boxes.items():
            offer_in(box, (("", self.tr("The active one")), *((name, name) for name in names)))
            chosen = state.settings.projects.get(folder, ProjectSettings()).profile
            box.setCurrentIndex(max(0, box.findData(chosen)))

    def _remake(self, folders: tuple[str, ...]) -> None:
        empty(self._column)
        self.boxes = {}
        for number, folder in enumerate(folders):
            if number:
                self._column.addWidget(line())
            whole = QWidget()
            row = QHBoxLayout(whole)
            row.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
            row.setSpacing(GAP_16)
            words = ElidedLabel(from_home(folder), mode=Qt.TextElideMode.ElideMiddle)
            words.setFont(self._theme.font("mono"))
            box = combo()
            box.setObjectName(f"project-{folder}")
            box.setAccessibleName(self.tr("Profile for {0}").format(folder))
            box.activated.connect(lambda _=0, own=folder: self._choose(own))
            row.addWidget(words, 3)
            row.addWidget(box, 2)
            self._column.addWidget(whole)
            self.boxes[folder] = box

    def _choose(self, folder: str) -> None:
        name = self.boxes[folder].currentData()
        projects = {other: project for other, project in self._settings.projects.items() if other != folder}
        if name:
            projects[folder] = replace(self._settings.projects.get(folder, ProjectSettings()), profile=name)
        self.command_requested.emit(ChangeSettings(replace(self._settings, projects=projects)))
