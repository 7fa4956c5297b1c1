"""The table of roles, and the two rules that say when THINKER and LONG come in."""

from __future__ import annotations

from PySide6.QtCore import Signal

from app.state.app_state import AppState, CheckVerdict, KeyPlace
from app.state.catalogue_port import Catalogue
from app.state.commands import ProbeRole, SetRole
from app.widgets.buttons import QuietButton
from app.widgets.card import Card
from app.widgets.labels import Label, line
from app.widgets.model_choices import ModelOffer
from app.widgets.theme import Theme
from app.windows.models.prices import tariff
from app.windows.settings.fields import Field, ListField, TextField
from app.windows.settings.reading import count
from app.windows.settings.role_row import RoleRow, RoleView
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Role, ThinkingRule


class RolesCard(Card):
    """A row for each role; ``fields`` are the two rules."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme, catalogue: Catalogue) -> None:
        super().__init__(self.tr("Roles"), name="roles", padded=False, gap=0)
        self._catalogue = catalogue
        self.head.addWidget(Label(self.tr("In / out, per million tokens"), "small", "muted"))
        self.test_all = QuietButton(theme, self.tr("Test all"), "test-all", "start")
        self.test_all.clicked.connect(lambda: self.command_requested.emit(ProbeRole(None)))
        self.head.addWidget(self.test_all)
        self.rows = {role: RoleRow(theme, catalogue, role) for role in Role}
        for row in self.rows.values():
            row.cast.connect(lambda role, model: self.command_requested.emit(SetRole(role, model)))
            row.tried.connect(lambda role: self.command_requested.emit(ProbeRole(role)))
            self.body.addWidget(row)
            self.body.addWidget(line())
        rules = (
            (ThinkingRule.NEVER, self.tr("Never")),
            (ThinkingRule.ON_PURPOSE, self.tr("On purpose")),
            (ThinkingRule.HIGH_EFFORT, self.tr("At high effort and above")),
            (ThinkingRule.WHENEVER_ON, self.tr("Whenever thinking is on")),
        )
        self.fields: tuple[Field, ...] = (
            ListField(
                "routing.thinking_rule",
                self.tr("THINKER plays"),
                self.tr("On purpose: a thinking budget, or an effort above high."),
                rules,
            ),
            TextField(
                theme,
                "routing.long_threshold",
                self.tr("LONG plays above"),
                self.tr("Counted in the tokens of the input."),
                count,
                unit=self.tr("tokens"),
                sample="8888888888",
            ),
        )
        for number, field in enumerate(self.fields):
            if number:
                self.body.addWidget(line())
            self.body.addWidget(field)

    def show_state(self, state: AppState) -> None:
        """Show who plays what."""
        local = tuple(model for server in state.local_servers for model in server.models)
        own = state.settings.active.roles
        trying = [trial.verdict is CheckVerdict.RUNNING for trial in state.trials.values()]
        self.test_all.setEnabled(not any(trying))
        for role, row in self.rows.items():
            played = state.roles.get(role, DEFAULT_ROLES.get(role, "")) if role in DEFAULT_ROLES or role in own else ""
            can_follow = row.is_optional or (role is not Role.BIG and Role.BIG in own)
            row.show_casting(
                RoleView(
                    "" if can_follow and role not in own else played,
                    ModelOffer(state.reached, local, self._following(role) if can_follow else ""),
                    state.configuration.fixed.get(f"roles.{role}", ""),
                    self._lack(state, played),
                    state.trials.get(role),
                    tariff(played, self._catalogue, state.settings) if "/" in played else None,
                    followed=played,
                    uses_big=can_follow and played in ("", state.roles.get(Role.BIG)),
                )
            )

    def _following(self, role: Role) -> str:
        """What a role is called that has no model of its own."""
        return self.tr("Matches BIG") if role is Role.SMALL else self.tr("Same as BIG")

    def _lack(self, state: AppState, model: str) -> str:
        """What is missing for ``model`` to be reached; empty when nothing is known to be."""
        if not model or model == PASSTHROUGH:
            return ""
        id_ = model.partition("/")[0]
        provider = self._catalogue.provider(id_)
        if provider is None:
            return self.tr("There is no provider called {0}.").format(id_)
        key = state.keys.get(id_)
        if provider.needs_key and (key is None or key.place is KeyPlace.NONE):
            return self.tr("{0} has no key yet.").format(provider.name)
        return ""
