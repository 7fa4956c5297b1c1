"""The filters of the Requests page: all, running or failed; words; a menu of roles, models, projects and sessions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from app.state.query_results import NamesRead
from app.widgets.buttons import IconButton
from app.widgets.labels import one_line
from app.widgets.search_field import SearchField
from app.widgets.segmented import Segmented
from app.widgets.styled import restyle
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8
from proxy_core.config.settings import Role
from proxy_core.ledger.request_events import State
from proxy_core.ledger.rows import Filter

SHOWN_NAMES = 30
"""How many names a menu holds; there is a search field for the rest."""
STATES = {
    "all": frozenset[State](),
    "running": frozenset({State.RUNNING}),
    "failed": frozenset({State.FAILED}),
}


class RequestFilters(QWidget):
    """``changed`` says the :class:`Filter` that a person made; ``opening`` that the menu's names are wanted."""

    changed = Signal(object)
    opening = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted = Filter()
        self._names = NamesRead((), (), (), ())
        self._in_bodies = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_8)
        choices = (("all", self.tr("All")), ("running", self.tr("Running")), ("failed", self.tr("Failed")))
        self.states = Segmented(theme, "states", self.tr("Which requests"), choices)
        self.states.chosen.connect(lambda choice: self._say(replace(self._wanted, states=STATES[choice])))
        self.search = SearchField(
            theme, "search", self.tr("Filter by model, role or status"), keys="Ctrl+F", short=self.tr("Filter")
        )
        self.search.setMinimumWidth(120)
        self.search.setMaximumWidth(270)
        self.search.searched.connect(self._searched)
        self.more = IconButton(theme, "filter", self.tr("More filters"), "more-filters")
        self.more.clicked.connect(self._open)
        row.addStretch(1)
        row.addWidget(self.states)
        row.addWidget(self.search, 4)
        row.addWidget(self.more)

    @property
    def wanted(self) -> Filter:
        """The filter as it stands."""
        return self._wanted

    def show_filter(self, wanted: Filter) -> None:
        """Show a filter that came from elsewhere, without saying it again."""
        self._wanted = wanted
        self._in_bodies = bool(wanted.body)
        self.search.set_quietly(wanted.body or wanted.text)
        self.states.choose(next((name for name, states in STATES.items() if states == wanted.states), "all"))
        self._draw()

    def show_names(self, names: NamesRead) -> None:
        """What the menu offers."""
        self._names = names

    def menu(self) -> QMenu:
        """The menu of filters, as it would open now."""
        menu = QMenu(self)
        menu.setObjectName("filter-menu")
        names, wanted = self._names, self._wanted
        roles = ((role.value, role.value.upper()) for role in Role)
        self._part(menu, self.tr("Role"), "role", wanted.role, roles)
        self._part(menu, self.tr("Model"), "model", wanted.model, ((name, name) for name in names.models))
        self._part(menu, self.tr("Project"), "project", wanted.project, ((name, name) for name in names.projects))
        self._part(menu, self.tr("Profile"), "profile", wanted.profile, ((name, name) for name in names.profiles))
        self._part(menu, self.tr("Session"), "session", wanted.session, ((name, name) for name in names.sessions))
        menu.addSeparator()
        bodies = menu.addAction(self.tr("Search in bodies"))
        bodies.setObjectName("in-bodies")
        bodies.setCheckable(True)
        bodies.setChecked(self._in_bodies)
        bodies.toggled.connect(self._search_in_bodies)
        clear = menu.addAction(self.tr("Clear all filters"))
        clear.setObjectName("clear-filters")
        clear.setEnabled(wanted != Filter())
        clear.triggered.connect(self.clear)
        return menu

    def clear(self) -> None:
        """Every request again."""
        self.show_filter(Filter())
        self.changed.emit(self._wanted)

    def _open(self) -> None:
        self.opening.emit()
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _part(self, menu: QMenu, title: str, field: str, chosen: str, offered: Iterable[tuple[str, str]]) -> None:
        part = menu.addMenu(title)
        part.setObjectName(f"filter-{field}")
        group = QActionGroup(part)
        listed = list(offered)[:SHOWN_NAMES]
        if chosen and chosen not in {own for own, _ in listed}:
            listed.insert(0, (chosen, chosen))
        for own, word in (("", self.tr("Any")), *listed):
            action = part.addAction(one_line(word)[:80].replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(own == chosen)
            action.setActionGroup(group)
            action.triggered.connect(lambda _=False, value=own: self._set(field, value))

    def _set(self, field: str, value: str) -> None:
        self._say(replace(self._wanted, **{field: value}))  # type: ignore[arg-type]  # its text fields alone

    def _searched(self, typed: str) -> None:
        words = typed.strip()
        if self._in_bodies:
            self._say(replace(self._wanted, body=words, text=""))
        else:
            self._say(replace(self._wanted, text=words, body=""))

    def _search_in_bodies(self, on: bool) -> None:
        self._in_bodies = on
        self._draw()
        self._searched(self.search.text())

    def _say(self, wanted: Filter) -> None:
        if wanted != self._wanted:
            self._wanted = wanted
            self._draw()
            self.changed.emit(wanted)

    def _draw(self) -> None:
        words = self.tr("Search in bodies") if self._in_bodies else self.tr("Filter by model, role or status")
        self.search.set_hint(words)
        others = replace(self._wanted, text="", body="", states=frozenset()) != Filter()
        restyle(self.more, "on", "true" if others or self._in_bodies else "false")
        self.more.say(self.tr("More filters: some are on") if others else self.tr("More filters"))
