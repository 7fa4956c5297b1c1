"""The form for a provider of the user's own: id, name, address, engine, key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.i18n.said import said
from app.widgets.buttons import PrimaryButton
from app.widgets.field_row import FieldRow
from app.widgets.secret_field import SecretField
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_16
from app.windows.settings.engine_row import EngineRow
from app.windows.settings.reading import Wrong, provider_id, url
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine, ProviderSettings


class CustomEndpoint(QWidget):
    """``made`` says the id, the :class:`ProviderSettings` and the key (a :class:`Secret`, or None)."""

    made = Signal(str, object, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._taken: frozenset[str] = frozenset()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.id = QLineEdit()
        self.id.setObjectName("custom-id")
        self.id.setPlaceholderText("my-gateway")
        self.called = QLineEdit()
        self.called.setObjectName("custom-name")
        self.url = QLineEdit()
        self.url.setObjectName("custom-url")
        self.url.setPlaceholderText("https://llm.example/v1")
        engine_row = EngineRow(theme, "custom-engine")
        self.engine = engine_row.engines
        self.key = SecretField(theme, "custom-key", self.tr("Key"))
        self.key.show_kept("", self.tr("None, if it wants none"))
        self.key.entered.connect(self._take)
        self.id_row = FieldRow(self.tr("Id"), self.tr("Stands before its models: id/name."), self.id)
        self.url_row = FieldRow(self.tr("Base URL"), self.tr("Without /chat/completions or /v1/messages."), self.url)
        name_row = FieldRow(self.tr("Name"), "", self.called)
        self.key_row = FieldRow(self.tr("Key"), "", self.key)
        self.key.refused.connect(lambda sentence: self.key_row.show_wrong(said(sentence)))
        self.key.textEdited.connect(lambda: self.key_row.show_wrong(""))
        for row in (self.id_row, name_row, self.url_row, engine_row, self.key_row):
            row.setContentsMargins(-GAP_16, 0, -GAP_16, 0)
            column.addWidget(row)
        self.add = PrimaryButton(theme, self.tr("Add"), "add-custom")
        self.add.clicked.connect(self._add)
        column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignRight)
        self.id.textEdited.connect(self._check_id)
        self.url.textEdited.connect(self._check_url)

    def avoid(self, taken: frozenset[str]) -> None:
        """These ids are others'."""
        self._taken = taken

    def begin(self) -> None:
        """Be ready for typing."""
        self.id.setFocus(Qt.FocusReason.OtherFocusReason)

    def clear(self) -> None:
        """Forget what was typed."""
        for line in (self.id, self.called, self.url, self.key):
            line.clear()
        for row in (self.id_row, self.url_row, self.key_row):
            row.show_wrong("")

    def _check_id(self) -> bool:
        text = self.id.text().strip()
        read = provider_id(text)
        sentence = read.sentence if isinstance(read, Wrong) else ""
        if not sentence and text in self._taken:
            sentence = self.tr("There is a provider of this id.")
        self.id_row.show_wrong(sentence)
        return not sentence

    def _check_url(self) -> bool:
        read = url(self.url.text().strip())
        self.url_row.show_wrong(read.sentence if isinstance(read, Wrong) else "")
        return not isinstance(read, Wrong)

    def _add(self) -> None:
        # The key goes through its field's own door, which empties it.
        if self.key.text().strip():
            if self._is_right():
                self.key.enter()
        else:
            self._take(None)

    def _is_right(self) -> bool:
        return all((self._check_id(), self._check_url()))

    def _take(self, key: Secret | None) -> None:
        if not self._is_right():
            return
        settings = ProviderSettings(
            name=self.called.text().strip(),
            base_url=self.url.text().strip(),
            engine=Engine(self.engine.current),
            custom=True,
        )
        self.made.emit(self.id.text().strip(), settings, key)
        self.clear()
