"""The first step: a key, a model of this machine, or the demo model."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.i18n.said import said
from app.state.app_state import AppState, CheckVerdict, KeyStorage, ProviderCheck
from app.state.catalogue_port import Catalogue
from app.state.commands import OpenLink, SetKey
from app.state.key_detection import detect_provider
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.chip import Chip, ChipKind
from app.widgets.labels import ElidedLabel, Label, line
from app.widgets.layouts import empty
from app.widgets.notice import Notice
from app.widgets.secret_field import SecretField
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16
from app.windows.first_run.source import DEMO, keyed
from app.windows.first_run.step import FirstRunStep, Readiness
from app.windows.settings.fields import combo
from proxy_core.config.secret import Secret

PATIENCE: Final = 60.0
"""Seconds for a key to be kept and checked; a keyring may ask the person for its password meanwhile."""


class KeyStep(FirstRunStep):
    """``source`` is the id of the provider that was chosen; it passes once that provider's key was found good.

    Every wait for that ends: with what came of the check, when something else is typed, or after some ``seconds``.
    """

    def __init__(self, theme: Theme, catalogue: Catalogue, *, seconds: float = PATIENCE) -> None:
        super().__init__(
            theme,
            "key",
            self.tr("Which model is to stand in?"),
            self.tr("Paste an API key of any provider. It goes into your system's keyring, and into no file."),
        )
        self.source = ""
        self._catalogue = catalogue
        self._waiting = ""
        self._before: ProviderCheck | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(round(seconds * 1000))
        self._patience.timeout.connect(self._give_up)
        self._others: tuple[tuple[str, str, str], ...] | None = None
        self.memory = Notice("first-memory")
        self.column.addWidget(self.memory)
        self.column.addWidget(self._key_card(theme))
        self.others = Card(self.tr("Or without pasting anything"), padded=False, gap=0)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self.others.body.addLayout(self._rows)
        self.column.addWidget(self.others)
        self.column.addStretch(1)

    @property
    def readiness(self) -> Readiness:
        if self._waiting:
            return Readiness.WORKING
        return Readiness.READY if self.key.text().strip() and self.provider.currentData() else Readiness.NOT_YET

    @property
    def button(self) -> str:
        return self.tr("Checking…") if self._waiting else self.tr("Continue")

    def show_state(self, state: AppState) -> None:
        super().show_state(state)
        self.memory.say(self._about_keyring(state.keys_kept_in))
        self._show_others(state)
        if self._waiting:
            key = state.keys.get(self._waiting)
            if key is not None and key.trouble:
                self._waiting = ""
                self._tell(self.tr("Not kept"), ChipKind.BAD, key.trouble)
            else:
                self._follow(state.checks.get(self._waiting))

    def _about_keyring(self, storage: KeyStorage) -> str:
        match storage:
            case KeyStorage.LOCKED:
                return self.tr("The keyring is locked. Unlock it, so that Understudy can keep the key there.")
            case KeyStorage.MEMORY:
                return self.tr(
                    "This system has no keyring that works: a key is kept in memory and is gone after quitting."
                )
            case KeyStorage.KEYRING:
                return ""

    def enter(self) -> None:
        self.key.setFocus(Qt.FocusReason.OtherFocusReason)

    def go_on(self) -> None:
        self.key.enter()

    def _key_card(self, theme: Theme) -> Card:
        card = Card()
        self.key = SecretField(theme, "first-key", self.tr("API key"))
        self.key.show_kept("", self.tr("Paste a key: sk-…, AIza…, gsk_…"))
        self.key.textChanged.connect(self._guess)
        self.key.entered.connect(self._keep)
        self.key.refused.connect(lambda sentence: self._tell(self.tr("Not a key"), ChipKind.BAD, sentence))
        self.key.held.connect(lambda: self._tell("", ChipKind.QUIET, self.tr("Choose whose key it is.")))
        self.provider = combo()
        self.provider.setObjectName("first-provider")
        self.provider.setAccessibleName(self.tr("Provider of the key"))
        self.provider.addItem(self.tr("Choose its provider"), "")
        for provider in self._catalogue.providers():
            if provider.needs_key:
                self.provider.addItem(provider.name, provider.id)
        self.provider.currentIndexChanged.connect(self._provider_chosen)
        self.get = QuietButton(theme, self.tr("Get a key"), "first-get-key", "link", flat=True)
        self.get.clicked.connect(self._get_key)
        row = QHBoxLayout()
        row.setSpacing(GAP_8)
        row.addWidget(self.provider, 1)
        row.addWidget(self.get)
        self.chip = Chip(theme, parent=card)
        self.chip.setObjectName("first-check")
        self.chip.hide()
        self.told = Label("", "small", "bad", wrap=True)
        self.told.setObjectName("first-told")
        said = QHBoxLayout()
        said.setSpacing(GAP_8)
        said.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.told, 1)
        card.body.addWidget(self.key)
        card.body.addLayout(row)
        card.body.addLayout(said)
        self._provider_chosen()
        return card

    def _guess(self, text: str) -> None:
        if guessed := detect_provider(Secret(text)):
            self.provider.setCurrentIndex(max(0, self.provider.findData(guessed)))
        if text:
            self._waiting = ""
            self._tell("", ChipKind.QUIET, "")
        self.changed.emit()

    def _provider_chosen(self) -> None:
        provider = self._catalogue.provider(str(self.provider.currentData()))
        self.get.setVisible(bool(provider and provider.key_page))
        self.key.takes = bool(self.provider.currentData())
        if self.key.takes:
            self.told.hide()
        self.changed.emit()

    def _get_key(self) -> None:
        if provider := self._catalogue.provider(str(self.provider.currentData())):
            self.command_requested.emit(OpenLink(provider.key_page))

    def _keep(self, key: Secret) -> None:
        provider = str(self.provider.currentData())
        # What was known of it before is another key's.
        self._before = self.state.checks.get(provider)
        self._waiting = provider
        self._patience.start()
        self._tell(self.tr("Checking…"), ChipKind.INFO, "")
        self.command_requested.emit(SetKey(provider, key))

    def _follow(self, check: ProviderCheck | None) -> None:
        if check is None or check == self._before or check.verdict is CheckVerdict.RUNNING:
            return
        provider, self._waiting = self._waiting, ""
        if check.verdict is CheckVerdict.BAD:
            word = self.tr("Key rejected") if check.rejected else self.tr("Not working")
            self._tell(word, ChipKind.BAD, check.sentence)
        else:
            self._tell(self.tr("Working"), ChipKind.GOOD, "")
            self._choose(provider)

    def _give_up(self) -> None:
        if self._waiting:
            self._waiting = ""
            self._tell(
                self.tr("Not checked"),
                ChipKind.WARN,
                self.tr("No answer yet. Check your network, then paste the key again or use another way below."),
            )

    def _tell(self, word: str, kind: ChipKind, sentence: str) -> None:
        self.chip.tell(word, kind)
        self.told.setText(said(sentence))
        self.told.setVisible(bool(sentence))
        self.changed.emit()

    def _choose(self, source: str) -> None:
        self.source = source
        self.passed.emit()

    def _show_others(self, state: AppState) -> None:
        offers = [(provider.id, provider.name, self.tr("Its key is here already.")) for provider in keyed(state)]
        offers += [
            (server.provider, server.name, ", ".join(model.partition("/")[2] for model in server.models))
            for server in state.local_servers
            if server.models
        ]
        offers.append(
            (DEMO, self.tr("Demo model"), self.tr("Built in, free, understands nothing: to see how everything works."))
        )
        if tuple(offers) == self._others:
            return
        self._others = tuple(offers)
        empty(self._rows)
        for number, offer in enumerate(offers):
            if number:
                self._rows.addWidget(line())
            self._rows.addWidget(self._row(*offer))

    def _row(self, source: str, name: str, words: str) -> QWidget:
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(GAP_16, GAP_8, GAP_16, GAP_8)
        row.setSpacing(GAP_16)
        told = QVBoxLayout()
        told.setSpacing(0)
        told.addWidget(ElidedLabel(name, "strong"))
        told.addWidget(ElidedLabel(words, "small", "muted"))
        use = QuietButton(self.theme, self.tr("Use"), f"first-use-{source}")
        use.setAccessibleName(self.tr("Use {0}").format(name))
        use.clicked.connect(lambda: self._choose(source))
        row.addLayout(told, 1)
        row.addWidget(use)
        return whole
