"""The page of who plays which role, and of the providers' keys."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout

from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.commands import SwitchProfile
from app.widgets.labels import Label, width_of
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8
from app.windows.settings.fields import combo
from app.windows.settings.local_card import LocalCard
from app.windows.settings.page import Page
from app.windows.settings.providers_card import ProvidersCard
from app.windows.settings.questions import SettingChange
from app.windows.settings.roles_card import RolesCard
from proxy_core.config.settings import Profile, Role, Settings

_AGAIN = 60
"""Milliseconds after which a catalogue that is being read is asked again."""


class ModelsPage(Page):
    """The active profile, its roles, the providers, the local servers."""

    resets = ("routing",)

    def __init__(self, theme: Theme, catalogue: Catalogue) -> None:
        super().__init__(
            theme,
            "models",
            self.tr("Models and keys"),
            self.tr("Choose which model answers for each Claude Code role. Keys stay in your system's keyring."),
        )
        self._catalogue = catalogue
        self.profile = combo()
        self.profile.setObjectName("active-profile")
        self.profile.setAccessibleName(self.tr("Active profile"))
        self.profile.setMinimumWidth(width_of(theme.font("body"), "m" * 14))
        self.profile.activated.connect(lambda: self.command_requested.emit(SwitchProfile(self.profile.currentText())))
        label = Label(self.tr("Profile"), "body", "muted")
        label.setBuddy(self.profile)
        chooser = QHBoxLayout()
        chooser.setSpacing(GAP_8)
        chooser.addWidget(label)
        chooser.addWidget(self.profile)
        chooser.addStretch(1)
        self.column.addLayout(chooser)
        self.roles = RolesCard(theme, catalogue)
        self.providers = ProvidersCard(theme, catalogue)
        self.local = LocalCard(theme)
        for card in (self.roles, self.providers, self.local):
            card.command_requested.connect(self.command_requested)
            self.column.addWidget(card)
        for field in self.roles.fields:
            self.edit(field)
        self.column.addStretch(1)
        self._state = AppState()

    def show_state(self, state: AppState) -> None:
        super().show_state(state)
        self._state = state
        names = list(state.settings.profiles)
        if [self.profile.itemText(at) for at in range(self.profile.count())] != names:
            self.profile.clear()
            self.profile.addItems(names)
        self.profile.setCurrentIndex(self.profile.findText(state.settings.profile))
        self.roles.show_state(state)
        self.providers.show_state(state)
        self.local.show_state(state)
        if not self._catalogue.ready:
            QTimer.singleShot(_AGAIN, self, lambda: self.show_state(self._state))

    def restored(self) -> Settings:
        """Its roles are those of the active profile alone."""
        settings = super().restored()
        fixed = {role: model for role, model in settings.active.roles.items() if f"roles.{role}" in self.fixed}
        return replace(settings, profiles={**settings.profiles, settings.profile: Profile(fixed)})

    def changes(self) -> tuple[SettingChange, ...]:
        now, then = self.settings.active.roles, self.restored().active.roles
        roles = (
            SettingChange(role.name, now[role], self.tr("default")) for role in Role if role in now and role not in then
        )
        return (*roles, *super().changes())
