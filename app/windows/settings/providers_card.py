"""The providers in use, each with its key, and the way to one more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout

from app.state.app_state import AppState, KeyPlace, KeyStorage, KeyView
from app.state.catalogue_port import Catalogue
from app.state.commands import ChangeSettings, RemoveKey, SetKey
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.confirm_dialog import ask
from app.widgets.labels import Label, line
from app.widgets.notice import Notice
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_12, GAP_16
from app.windows.settings import questions
from app.windows.settings.add_provider import AddProvider
from app.windows.settings.provider_row import ProviderRow
from proxy_core.catalogue.values import Provider
from proxy_core.config.secret import Secret
from proxy_core.config.settings import ProviderSettings, Settings


class ProvidersCard(Card):
    """Rows for the state's providers, and for those that were just picked and have no key yet."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme, catalogue: Catalogue) -> None:
        super().__init__(self.tr("Providers"), name="providers", padded=False, gap=0)
        self._theme = theme
        self._catalogue = catalogue
        self._state = AppState()
        self._picked: tuple[Provider, ...] = ()
        self.rows: dict[str, ProviderRow] = {}
        self.add = QuietButton(theme, self.tr("Add provider"), "add-provider", "plus")
        self.add.clicked.connect(self._open_panel)
        self.head.addWidget(self.add)
        self.memory = Notice("keys-in-memory")
        self.memory.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        self.body.addWidget(self.memory)
        self.panel = AddProvider(theme)
        self.panel.picked.connect(self._pick)
        self.panel.made.connect(self._make)
        self.panel.closed.connect(self.panel.hide)
        self.panel.hide()
        self.body.addWidget(self.panel)
        self._column = QVBoxLayout()
        self._column.setSpacing(0)
        self.body.addLayout(self._column)
        self._none = Label(self.tr("No provider yet. Add one, and paste its key."), "body", "muted", wrap=True)
        self._none.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        self.body.addWidget(self._none)

    def show_state(self, state: AppState) -> None:
        """Show who is there."""
        self._state = state
        self.memory.say(self._about_keyring(state.keys_kept_in))
        there = {provider.id for provider in state.providers}
        self._picked = tuple(provider for provider in self._picked if provider.id not in there)
        providers = (*self._picked, *state.providers)
        self._none.setVisible(not providers)
        if tuple(self.rows) != tuple(provider.id for provider in providers):
            self._remake(providers)
        for provider in providers:
            self.rows[provider.id].show_provider(
                provider,
                state.keys.get(provider.id, KeyView()),
                state.checks.get(provider.id),
                state.configuration.fixed.get(f"providers.{provider.id}.base_url", ""),
            )

    def _about_keyring(self, storage: KeyStorage) -> str:
        match storage:
            case KeyStorage.LOCKED:
                return self.tr("The keyring is locked. Unlock it to use and change the keys in it.")
            case KeyStorage.MEMORY:
                return self.tr(
                    "This system has no keyring that works: keys are kept in memory and are gone after quitting."
                )
            case KeyStorage.KEYRING:
                return ""

    def _remake(self, providers: tuple[Provider, ...]) -> None:
        kept, self.rows = self.rows, {}
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None and widget not in kept.values():
                widget.deleteLater()
        for number, provider in enumerate(providers):
            if number:
                self._column.addWidget(line())
            row = kept.pop(provider.id, None) or self._row(provider)
            self._column.addWidget(row)
            self.rows[provider.id] = row
        for row in kept.values():
            row.setParent(None)
            row.deleteLater()

    def _row(self, provider: Provider) -> ProviderRow:
        row = ProviderRow(self._theme, provider)
        row.command_requested.connect(self.command_requested)
        row.changed.connect(self._change)
        row.key_unwanted.connect(self._ask_about_key)
        row.unwanted.connect(self._ask_about_provider)
        return row

    def _open_panel(self) -> None:
        offered = tuple(provider for provider in self._catalogue.providers() if provider.id not in self.rows)
        taken = frozenset(provider.id for provider in self._catalogue.providers()) | frozenset(self.rows)
        self.panel.offer(offered, taken)
        self.panel.show()
        self.panel.begin()

    def _pick(self, id_: str) -> None:
        self.panel.hide()
        provider = self._catalogue.provider(id_)
        if provider is None or id_ in self.rows:
            return
        if not provider.needs_key:
            self._wish_providers({**self._settings.providers, id_: ProviderSettings()})
            return
        self._picked = (provider, *self._picked)
        self.show_state(self._state)
        self.rows[id_].key.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make(self, id_: str, settings: ProviderSettings, key: Secret | None) -> None:
        self.panel.hide()
        self._wish_providers({**self._settings.providers, id_: settings})
        if key is not None:
            self.command_requested.emit(SetKey(id_, key))

    def _change(self, id_: str, name: str, value: Any) -> None:
        after = replace(self._settings.providers.get(id_, ProviderSettings()), **{name: value})
        self._wish_providers({**self._settings.providers, id_: after})

    def _ask_about_key(self, id_: str) -> None:
        row = self.rows[id_]
        question = questions.remove_key(id_, row.provider.name, self._state)
        ask(self._theme, row.details.remove, question, lambda: self.command_requested.emit(RemoveKey(id_)))

    def _ask_about_provider(self, id_: str) -> None:
        row = self.rows[id_]
        question = questions.remove_provider(id_, row.provider.name, self._state)
        ask(self._theme, row.details.forget, question, lambda: self._forget(id_))

    def _forget(self, id_: str) -> None:
        if self._state.keys.get(id_, KeyView()).place in (KeyPlace.KEYRING, KeyPlace.MEMORY):
            self.command_requested.emit(RemoveKey(id_))
        self._wish_providers({other: own for other, own in self._settings.providers.items() if other != id_})

    def _wish_providers(self, providers: dict[str, ProviderSettings]) -> None:
        self.command_requested.emit(ChangeSettings(replace(self._settings, providers=providers)))

    @property
    def _settings(self) -> Settings:
        return self._state.settings
