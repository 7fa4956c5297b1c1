"""The page of profiles: which there are, which one is active, and which project folder is launched with which."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QVBoxLayout

from app.state.app_state import AppState
from app.state.commands import ChangeSettings, SaveProfile, SwitchProfile
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.confirm_dialog import ask
from app.widgets.labels import line
from app.widgets.layouts import empty
from app.widgets.theme import Theme
from app.windows.settings import questions
from app.windows.settings.page import Page
from app.windows.settings.profile_row import ProfileRow
from app.windows.settings.projects_card import ProjectsCard
from proxy_core.config.settings import Profile, ProjectSettings, Role


class ProfilesPage(Page):
    """New, duplicate, rename, delete, switch."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(
            theme,
            "profiles",
            self.tr("Profiles"),
            self.tr("A profile says which model plays which role. Running sessions follow the active one."),
        )
        self._state = AppState()
        self.rows: dict[str, ProfileRow] = {}
        card = Card(self.tr("Profiles"), padded=False, gap=0)
        self.new = QuietButton(theme, self.tr("New profile"), "new-profile", "plus")
        self.new.clicked.connect(self._make)
        card.head.addWidget(self.new)
        self._column = QVBoxLayout()
        self._column.setSpacing(0)
        card.body.addLayout(self._column)
        self.column.addWidget(card)
        self.projects = ProjectsCard(theme)
        self.projects.command_requested.connect(self.command_requested)
        self.column.addWidget(self.projects)
        self.column.addStretch(1)
        self._to_rename = ""

    def show_state(self, state: AppState) -> None:
        super().show_state(state)
        self._state = state
        settings = state.settings
        if tuple(self.rows) != tuple(settings.profiles):
            self._remake(tuple(settings.profiles))
        for name, row in self.rows.items():
            row.show_profile(
                settings.profiles[name],
                active=name == settings.profile,
                alone=len(self.rows) == 1,
                names=frozenset(settings.profiles),
            )
        if self._to_rename in self.rows:
            self.rows[self._to_rename].begin_renaming()
            self._to_rename = ""
        self.projects.show_state(state)

    def _remake(self, names: tuple[str, ...]) -> None:
        kept = {name: row for name, row in self.rows.items() if name in names}
        for row in kept.values():  # a name may be being typed in one of them
            self._column.removeWidget(row)
        empty(self._column)
        self.rows = {}
        for number, name in enumerate(names):
            if number:
                self._column.addWidget(line())
            self.rows[name] = kept.get(name) or self._row(name)
            self._column.addWidget(self.rows[name])

    def _row(self, name: str) -> ProfileRow:
        row = ProfileRow(self.theme, name)
        row.switched.connect(lambda name: self.command_requested.emit(SwitchProfile(name)))
        row.duplicated.connect(self._duplicate)
        row.renamed.connect(self._rename)
        row.unwanted.connect(self._ask_about)
        return row

    def _make(self) -> None:
        self._keep_new(self.tr("New profile"), Profile())

    def _duplicate(self, name: str) -> None:
        self._keep_new(self.tr("{0} copy").format(name), self._own(name))

    def _keep_new(self, wanted: str, profile: Profile) -> None:
        name, number = wanted, 1
        while name in self.settings.profiles:
            number += 1
            name = f"{wanted} {number}"
        self._to_rename = name
        self.command_requested.emit(SaveProfile(name, profile))

    def _rename(self, name: str, new: str) -> None:
        self.command_requested.emit(SaveProfile(new, self._own(name), renamed=name))

    def _own(self, name: str) -> Profile:
        """A profile without what the environment lays over it."""
        fixed = self._state.configuration.fixed
        roles = self.settings.profiles[name].roles
        return Profile({role: roles[role] for role in Role if role in roles and f"roles.{role}" not in fixed})

    def _ask_about(self, name: str) -> None:
        question = questions.delete_profile(name, self.settings)
        ask(self.theme, self.rows[name].delete, question, lambda: self._delete(name))

    def _delete(self, name: str) -> None:
        if name not in self.settings.profiles or len(self.settings.profiles) == 1:
            return  # the settings have become others while the question stood
        left = {other: profile for other, profile in self.settings.profiles.items() if other != name}
        active = self.settings.profile if self.settings.profile in left else next(iter(left))
        projects = {
            folder: project if project.profile != name else ProjectSettings()
            for folder, project in self.settings.projects.items()
        }
        self.command_requested.emit(
            ChangeSettings(replace(self.settings, profiles=left, profile=active, projects=projects))
        )
