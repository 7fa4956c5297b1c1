"""What all pages of the Settings window are: a title, a column of cards, and values of the settings in rows."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.state.app_state import AppState
from app.state.commands import ChangeSettings
from app.state.query_results import QueryResult
from app.widgets.card import Card
from app.widgets.labels import Label, line
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16, GAP_24
from app.windows.settings.fields import Field
from app.windows.settings.questions import SettingChange
from app.windows.settings.values import value_at, with_defaults, with_value
from proxy_core.config.settings import Settings


class Page(QWidget):
    """A page. ``resets`` are the sections of the settings that "Restore defaults" puts back; none: it has no such."""

    command_requested = Signal(object)
    resets: tuple[str, ...] = ()

    def __init__(self, theme: Theme, name: str, title: str, words: str = "") -> None:
        super().__init__()
        self.setObjectName(f"page-{name}")
        self.title = title
        self.setProperty("role", "sheet")
        self.theme = theme
        self.settings = Settings()
        self.fixed: Mapping[str, str] = {}
        self.fields: list[Field] = []
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(GAP_24, GAP_24, GAP_24, GAP_24)
        self.column.setSpacing(GAP_16)
        head = QVBoxLayout()
        head.setSpacing(GAP_8)
        head.addWidget(Label(title, "title"))
        if words:
            head.addWidget(Label(words, "body", "muted", wrap=True))
        self.column.addLayout(head)

    def card(self, title: str, *rows: QWidget) -> Card:
        """A card with these rows, a line between them, at the end of the page."""
        card = Card(title, padded=False, gap=0)
        for number, row in enumerate(rows):
            if number:
                card.body.addWidget(line())
            card.body.addWidget(row)
            if isinstance(row, Field):
                self.edit(row)
        self.column.addWidget(card)
        return card

    def edit(self, field: Field) -> None:
        """Show a value of the settings in ``field``, and wish for what it is changed to."""
        self.fields.append(field)
        field.changed.connect(self._change)

    def show_state(self, state: AppState) -> None:
        """Show what is in force."""
        self.settings, self.fixed = state.settings, state.configuration.fixed
        for field in self.fields:
            field.show_value(value_at(state.settings, field.path))
            field.show_variable(state.configuration.fixed.get(field.path, ""))

    def on_result(self, answer: QueryResult) -> None:
        """Take what was asked for; a page of the settings asks for nothing large."""

    def restored(self) -> Settings:
        """The settings with this page's part as it was before anybody changed it; what the environment fixes stays."""
        settings = with_defaults(self.settings, *self.resets)
        for field in self.fields:
            if field.path in self.fixed:
                settings = with_value(settings, field.path, value_at(self.settings, field.path))
        return settings

    def changes(self) -> tuple[SettingChange, ...]:
        """What restoring the defaults would change."""
        after = self.restored()
        values = ((field, value_at(self.settings, field.path), value_at(after, field.path)) for field in self.fields)
        return tuple(
            SettingChange(field.label.text(), field.words(now), field.words(then))
            for field, now, then in values
            if now != then
        )

    def _change(self, path: str, value: object) -> None:
        self.command_requested.emit(ChangeSettings(with_value(self.settings, path, value)))
