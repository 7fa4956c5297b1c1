"""What is behind a provider's button: its address, its engine, and the end of its key."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.state.commands import CheckProvider, OpenLink
from app.widgets.buttons import QuietButton
from app.widgets.field_row import FieldRow
from app.widgets.flow import Flow
from app.widgets.labels import line
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16
from app.windows.settings.engine_row import EngineRow
from app.windows.settings.fields import LineEdit
from app.windows.settings.reading import Wrong, url, url_or_nothing
from proxy_core.catalogue.values import Provider
from proxy_core.config.settings import Engine


class ProviderDetails(QWidget):
    """``changed`` says the field of its settings and the new value.

    ``key_unwanted`` and ``unwanted`` say that the button was pressed which removes the key, or the provider.
    """

    command_requested = Signal(object)
    changed = Signal(str, object)
    key_unwanted = Signal()
    unwanted = Signal()

    def __init__(self, theme: Theme, provider: Provider) -> None:
        super().__init__()
        self._provider = provider
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.url = LineEdit()
        self.url.setObjectName(f"url-{provider.id}")
        self.url_row = FieldRow(self.tr("Base URL"), self.tr("Empty: the usual one."), self.url)
        self.url.textEdited.connect(self._check)
        self.url.done.connect(self._keep_url)
        engine_row = EngineRow(theme, f"engine-{provider.id}")
        self.engine = engine_row.engines
        self.engine.chosen.connect(lambda engine: self.changed.emit("engine", Engine(engine)))
        buttons = QWidget()
        flow = Flow(buttons)
        flow.setContentsMargins(0, GAP_8, 0, 0)
        self.check = QuietButton(theme, self.tr("Check now"), f"check-now-{provider.id}", "again")
        self.check.clicked.connect(lambda: self.command_requested.emit(CheckProvider(self._provider.id)))
        self.get = QuietButton(theme, self.tr("Get a key"), f"get-a-key-{provider.id}", "link")
        self.get.clicked.connect(lambda: self.command_requested.emit(OpenLink(self._provider.key_page)))
        self.remove = QuietButton(theme, self.tr("Remove key…"), f"remove-{provider.id}", "trash")
        self.remove.clicked.connect(self.key_unwanted)
        self.forget = QuietButton(theme, self.tr("Remove provider…"), f"forget-{provider.id}", "trash")
        self.forget.clicked.connect(self.unwanted)
        for button in (self.check, self.get, self.remove, self.forget):
            flow.addWidget(button)
        for row in (self.url_row, engine_row):
            row.setContentsMargins(-GAP_16, 0, -GAP_16, 0)
            column.addWidget(line())
            column.addWidget(row)
        column.addWidget(line())
        column.addWidget(buttons)

    def show_provider(self, provider: Provider, base_url_variable: str, *, has_key: bool) -> None:
        """Show where and how it is reached."""
        self._provider = provider
        self.url.show_text(provider.base_url)
        self.url.setPlaceholderText(self.tr("LiteLLM knows"))
        if base_url_variable or not self.url.isEnabled():
            self.url_row.show_fixed(base_url_variable)
        self.engine.choose(provider.engine)
        self.get.setVisible(bool(provider.key_page))
        self.remove.setVisible(has_key)
        self.forget.setVisible(provider.custom)

    def _check(self, text: str) -> bool:
        read = url(text.strip()) if self._provider.custom else url_or_nothing(text.strip())
        self.url_row.show_wrong(read.sentence if isinstance(read, Wrong) else "")
        return not isinstance(read, Wrong)

    def _keep_url(self, text: str) -> None:
        if self._check(text):
            self.url.setModified(False)
            self.url.show_text(text)
            if text != self._provider.base_url:
                self.changed.emit("base_url", text)
