"""The second step: who plays BIG, SMALL and THINKER."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QTimer

from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.commands import SetRole
from app.widgets.card import Card
from app.widgets.labels import Label, line
from app.widgets.model_choices import ModelOffer
from app.widgets.theme import Theme
from app.windows.first_run.source import proposal
from app.windows.first_run.step import FirstRunStep, Readiness
from app.windows.settings.role_row import RoleRow, RoleView
from proxy_core.config.settings import DEFAULT_ROLES, Role

_PATIENCE: Final = 3_000
"""Milliseconds for the roles to be kept. If they are not by then, the request that comes next tells what is wrong."""


class RolesStep(FirstRunStep):
    """Proposes models of the source and takes others. It passes once they are kept: the request goes to them."""

    def __init__(self, theme: Theme, catalogue: Catalogue) -> None:
        super().__init__(
            theme,
            "roles",
            self.tr("Who plays which part?"),
            self.tr("Claude Code asks for large and small models. These stand in; you can change them at any time."),
        )
        self._catalogue = catalogue
        self._source = ""
        self._is_proposed = True
        self._waiting: dict[Role, str] = {}
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE)
        self._patience.timeout.connect(self._pass)
        self.chosen: dict[Role, str] = {}
        card = Card(self.tr("Roles"), padded=False, gap=0)
        card.head.addWidget(Label(self.tr("In / out, per million tokens"), "small", "muted"))
        self.rows = {role: RoleRow(theme, catalogue, role) for role in DEFAULT_ROLES}
        for number, row in enumerate(self.rows.values()):
            if number:
                card.body.addWidget(line())
            row.test.hide()
            row.cast.connect(self._cast)
            card.body.addWidget(row)
        self.column.addWidget(card)
        self.column.addStretch(1)

    @property
    def readiness(self) -> Readiness:
        if self._waiting:
            return Readiness.WORKING
        return Readiness.READY if all(self.chosen.get(role) for role in self.rows) else Readiness.NOT_YET

    def propose(self, source: str) -> None:
        """Propose models of ``source``; what was chosen for it before stays."""
        if source != self._source:
            self._source, self._is_proposed = source, True
        self._draw()

    def show_state(self, state: AppState) -> None:
        super().show_state(state)
        self._draw()
        kept = state.settings.active.roles
        if self._waiting and all(kept.get(role) == model for role, model in self._waiting.items()):
            self._pass()

    def enter(self) -> None:
        self.rows[Role.BIG].picker.setFocus(Qt.FocusReason.OtherFocusReason)

    def go_on(self) -> None:
        fixed, kept = self.state.configuration.fixed, self.state.settings.active.roles
        self._waiting = {
            role: model
            for role, model in self.chosen.items()
            if f"roles.{role}" not in fixed and kept.get(role) != model
        }
        if not self._waiting:
            self._pass()
            return
        self._patience.start()
        self.changed.emit()
        for role, model in tuple(self._waiting.items()):
            self.command_requested.emit(SetRole(role, model))

    def _pass(self) -> None:
        self._patience.stop()
        self._waiting = {}
        self.passed.emit()

    def _cast(self, role: Role, model: str) -> None:
        self._is_proposed = False
        self.chosen[role] = model
        self._draw()

    def _draw(self) -> None:
        if not self._source:
            return
        state = self.state
        if self._is_proposed and not self._waiting:  # what the key reaches may come after the key was found good
            self.chosen = dict(proposal(self._source, state, self._catalogue))
        local = tuple(model for server in state.local_servers for model in server.models)
        for role, row in self.rows.items():
            variable = state.configuration.fixed.get(f"roles.{role}", "")
            if variable:
                self.chosen[role] = state.roles.get(role, "")
            row.show_casting(RoleView(self.chosen.get(role, ""), ModelOffer(state.reached, local), variable))
        self.changed.emit()
