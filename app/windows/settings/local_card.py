"""The local servers that were found by themselves, with the models they offer."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.state.app_state import AppState, LocalServerView
from app.state.commands import FindLocalServers, SetRole
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.labels import ElidedLabel, Label, line
from app.widgets.layouts import empty
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_12, GAP_16
from app.windows.settings.reading import place_of
from proxy_core.config.settings import DEFAULT_ROLES


class LocalCard(Card):
    """A row for each server; its first model can play every role at once."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(self.tr("On this machine"), name="local-servers", padded=False, gap=0)
        self._theme = theme
        self._shown: tuple[LocalServerView, ...] | None = None
        self.look = QuietButton(theme, self.tr("Look again"), "find-local-servers", "again")
        self.look.clicked.connect(lambda: self.command_requested.emit(FindLocalServers()))
        self.head.addWidget(self.look)
        self._column = QVBoxLayout()
        self._column.setSpacing(0)
        self.body.addLayout(self._column)

    def show_state(self, state: AppState) -> None:
        """Show what was found."""
        if state.local_servers == self._shown:
            return
        self._shown = state.local_servers
        empty(self._column)
        if not state.local_servers:
            none = Label(self.tr("No Ollama, LM Studio, llama.cpp or vLLM answers here."), "body", "muted", wrap=True)
            none.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
            self._column.addWidget(none)
        for number, server in enumerate(state.local_servers):
            if number:
                self._column.addWidget(line())
            self._column.addWidget(self._row(server))

    def _row(self, server: LocalServerView) -> QWidget:
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        row.setSpacing(GAP_16)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(ElidedLabel(server.name, "strong"))
        words.addWidget(ElidedLabel(place_of(server.base_url), "small", "muted"))
        row.addLayout(words, 3)
        names = ", ".join(model.partition("/")[2] for model in server.models)
        right = QHBoxLayout()  # in line with the fields of the providers above
        right.setSpacing(GAP_16)
        right.addWidget(ElidedLabel(names or self.tr("It offers no model."), "body", "muted"), 1)
        use = QuietButton(self._theme, self.tr("Use"), f"use-{server.provider}")
        use.setAccessibleName(self.tr("Let {0} play every role").format(server.name))
        use.setToolTip(self.tr("BIG, SMALL and THINKER get its first model."))
        use.setEnabled(bool(server.models))
        use.clicked.connect(lambda: self._use(server))
        right.addWidget(use)
        row.addLayout(right, 8)
        return whole

    def _use(self, server: LocalServerView) -> None:
        for role in DEFAULT_ROLES:
            self.command_requested.emit(SetRole(role, server.models[0]))
