"""One provider: its key, whether that works, and behind a button where and how it is reached."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.i18n.said import said
from app.state.app_state import CheckVerdict, KeyPlace, KeyView, ProviderCheck
from app.state.commands import CheckProvider, OpenLink, SetKey
from app.widgets.buttons import IconButton, PrimaryButton, QuietButton
from app.widgets.chip import Chip, ChipKind
from app.widgets.figures import clock
from app.widgets.labels import ElidedLabel, Label, width_of
from app.widgets.secret_field import SecretField
from app.widgets.styled import restyle
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_12, GAP_16
from app.windows.settings.provider_details import ProviderDetails
from app.windows.settings.reading import place_of
from proxy_core.catalogue.values import Provider
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine


class ProviderRow(QWidget):
    """The key field is empty but for what is being typed.

    ``changed`` says the provider's id, the field of its settings and the new value; ``key_unwanted`` and ``unwanted``
    that its key, or the provider itself, is to go.
    """

    command_requested = Signal(object)
    changed = Signal(str, str, object)
    key_unwanted = Signal(str)
    unwanted = Signal(str)

    def __init__(self, theme: Theme, provider: Provider) -> None:
        super().__init__()
        self.setObjectName(f"provider-{provider.id}")
        self.provider = provider
        self._key = KeyView()
        self._check: ProviderCheck | None = None
        self._refused = ""
        whole = QVBoxLayout(self)
        whole.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        whole.setSpacing(GAP_8)
        across = QHBoxLayout()
        across.setSpacing(GAP_16)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.name = ElidedLabel(provider.name, "strong")
        self.place = ElidedLabel("", "small", "muted")
        words.addWidget(self.name)
        words.addWidget(self.place)
        words.addStretch(1)
        self.key = SecretField(theme, f"key-{provider.id}", self.tr("Key for {0}").format(provider.name))
        self.key.entered.connect(self._keep)
        self.key.refused.connect(self._refuse)
        self.key.textChanged.connect(lambda: self._refuse(""))
        self.key.textChanged.connect(self._show_buttons)
        self.chip = Chip(theme)
        self.chip.setObjectName(f"state-{provider.id}")
        self.sentence = Label("", "small", "muted", wrap=True)
        told = QHBoxLayout()
        told.setSpacing(GAP_8)
        told.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignTop)
        told.addWidget(self.sentence, 1)
        self.details = ProviderDetails(theme, provider)
        self.details.command_requested.connect(self.command_requested)
        self.details.changed.connect(lambda name, value: self.changed.emit(self.provider.id, name, value))
        self.details.key_unwanted.connect(lambda: self.key_unwanted.emit(self.provider.id))
        self.details.unwanted.connect(lambda: self.unwanted.emit(self.provider.id))
        self.details.hide()
        self.name.setMinimumWidth(width_of(theme.font("strong"), "SUBAGENT") + GAP_16)
        line = QHBoxLayout()
        line.setSpacing(GAP_16)
        line.addWidget(self.key, 1)
        line.addLayout(self._buttons(theme))
        right = QVBoxLayout()
        right.setSpacing(GAP_8)
        right.addLayout(line)
        right.addLayout(told)
        right.addStretch(1)
        across.addLayout(words, 3)
        across.addLayout(right, 8)
        whole.addLayout(across)
        whole.addWidget(self.details)

    def show_provider(
        self, provider: Provider, key: KeyView, check: ProviderCheck | None, base_url_variable: str
    ) -> None:
        """Show it as it is now."""
        self.provider, self._key = provider, key
        self.name.setText(provider.name)
        self.place.setText(place_of(provider.base_url) if provider.base_url else self.tr("through LiteLLM"))
        if provider.engine is Engine.DEMO:
            self.place.setText(self.tr("built in, answers by itself"))
        self.key.setEnabled(key.place is not KeyPlace.ENVIRONMENT)
        self.key.show_kept(key.last_four, self._placeholder())
        self._show_check(check)
        self._show_buttons()
        self.details.show_provider(provider, base_url_variable, has_key=key.place in _REMOVABLE)

    def _placeholder(self) -> str:
        if self._key.place is not KeyPlace.NONE:
            return "••••••••••••"
        return self.tr("Paste a key") if self.provider.needs_key else self.tr("Needs no key")

    def _show_check(self, check: ProviderCheck | None) -> None:
        self._check = check
        word, kind, sentence = self._told(check)
        self.chip.tell(word, kind)
        self.chip.setVisible(bool(word))
        bad = bool(self._refused) or (check is not None and check.verdict is CheckVerdict.BAD)
        self.sentence.set_tone("bad" if bad else "muted")
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        is_wrong = bool(self._refused) or (check is not None and check.rejected)
        restyle(self.key, "wrong", "true" if is_wrong else "false")

    def _told(self, check: ProviderCheck | None) -> tuple[str, ChipKind, str]:
        where = self._where()
        if self._refused:
            return self.tr("Not a key"), ChipKind.BAD, said(self._refused)
        if check is None:
            if self._key.unreadable and self.provider.needs_key:
                return self.tr("Key not readable"), ChipKind.WARN, where
            if self.provider.needs_key and self._key.place is KeyPlace.NONE:
                return self.tr("No key"), ChipKind.WARN, where
            return "", ChipKind.QUIET, where
        match check.verdict:
            case CheckVerdict.RUNNING:
                return self.tr("Checking…"), ChipKind.INFO, where
            case CheckVerdict.GOOD:
                at = self.tr("checked at {0}").format(clock(check.at)[:5])
                offered = "" if check.models is None else self.tr("%n model(s)", "", check.models)
                return self.tr("Working"), ChipKind.GOOD, " · ".join(word for word in (offered, at, where) if word)
            case CheckVerdict.NOTED | CheckVerdict.SKIPPED:
                return self.tr("Not checked"), ChipKind.QUIET, said(check.sentence)
            case CheckVerdict.BAD:
                word = self.tr("Key rejected") if check.rejected else self.tr("Not working")
                return word, ChipKind.BAD, said(check.sentence)

    def _where(self) -> str:
        match self._key.place:
            case KeyPlace.ENVIRONMENT:
                return self.tr("Set by {0} in the environment").format(self._key.variable)
            case KeyPlace.MEMORY:
                return self.tr("Kept for this run only")
            case KeyPlace.KEYRING | KeyPlace.NONE:
                return said(self._key.trouble)

    def _buttons(self, theme: Theme) -> QHBoxLayout:
        id_, name = self.provider.id, self.provider.name
        row = QHBoxLayout()
        row.setSpacing(GAP_4)
        self.replace = QuietButton(theme, self.tr("Replace"), f"replace-{id_}")
        self.replace.setAccessibleName(self.tr("Replace the key for {0}").format(name))
        self.replace.clicked.connect(lambda: self.key.setFocus(Qt.FocusReason.OtherFocusReason))
        self.check = QuietButton(theme, self.tr("Check"), f"check-{id_}")
        self.check.setAccessibleName(self.tr("Check {0}").format(name))
        self.check.clicked.connect(lambda: self.command_requested.emit(CheckProvider(self.provider.id)))
        self.keep = PrimaryButton(theme, self.tr("Check"), f"keep-{id_}")
        self.keep.setAccessibleName(self.tr("Keep and check the key for {0}").format(name))
        self.keep.clicked.connect(self.key.enter)
        self.get = QuietButton(theme, self.tr("Get a key"), f"get-{id_}")
        self.get.setAccessibleName(self.tr("Get a key at {0}").format(name))
        self.get.clicked.connect(lambda: self.command_requested.emit(OpenLink(self.provider.key_page)))
        self.more = IconButton(theme, "sliders", self.tr("More about {0}").format(name), f"more-{id_}")
        self.more.setCheckable(True)
        self.more.toggled.connect(self.details.setVisible)
        for button in (self.replace, self.check, self.keep, self.get, self.more):
            row.addWidget(button)
        widest = max(button.sizeHint().width() for button in (self.replace, self.check, self.keep, self.get))
        for button in (self.replace, self.check, self.keep, self.get):
            button.setMinimumWidth(widest)
        return row

    def _show_buttons(self) -> None:
        typed, kept = bool(self.key.text()), self._key.place is not KeyPlace.NONE
        fixed = self._key.place is KeyPlace.ENVIRONMENT
        lacks = self.provider.needs_key and not kept and not self._key.unreadable
        self.keep.setVisible(typed)
        self.replace.setVisible(not typed and kept and not fixed)
        self.get.setVisible(not typed and lacks and bool(self.provider.key_page))
        self.check.setVisible(not typed and (fixed or (not kept and not lacks)))
        self.more.setVisible(self.provider.engine is not Engine.DEMO)

    def _refuse(self, sentence: str) -> None:
        """Say why what was typed is no key; empty: something else is being typed."""
        if sentence != self._refused:
            self._refused = sentence
            self._show_check(self._check)

    def _keep(self, key: Secret) -> None:
        self.command_requested.emit(SetKey(self.provider.id, key))


_REMOVABLE = frozenset({KeyPlace.KEYRING, KeyPlace.MEMORY})
