"""The Requests page: the live list joined with the ledger's pages, its filters, and the details beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.i18n.said import said
from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.commands import ReadBodies, ReadNames, ReadPage
from app.state.query_results import BodiesRead, NamesRead, PageRead, QueryResult, ReplayProgress
from app.widgets.labels import Label
from app.widgets.model_choices import ModelOffer
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_16, GAP_24
from app.windows.models.requests import RequestsModel
from app.windows.watch.details import Details
from app.windows.watch.request_filters import RequestFilters
from app.windows.watch.requests_list import RequestsList
from app.windows.watch.today_cards import TodayCards
from proxy_core.catalogue.values import Provider
from proxy_core.ledger.rows import Filter

PAGE: Final = 200
"""Rows that are read at a time: several screens, and a few milliseconds of the ledger."""

SETTLE: Final = 1000
"""Milliseconds after a request has ended until the ledger is asked what it cost."""
DETAILS: Final = 318
"""Device-independent pixels of the details beside the list, at the usual font size."""


class RequestsPage(QWidget):
    """``command_requested`` says wishes; ``launch`` that the empty state's button was pressed."""

    command_requested = Signal(object)
    launch = Signal()

    def __init__(
        self,
        theme: Theme,
        catalogue: Catalogue | None = None,
        clock: Callable[[], float] = time.time,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("requests-page")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._theme, self._clock, self._catalogue = theme, clock, catalogue
        self._state = AppState()
        self._providers: tuple[Provider, ...] | None = None
        self._begun = False
        self._paused = False
        self._asked: ReadPage | None = None
        self._at_end = False
        self._divided = False
        self._wanted_id = ""
        self._half_read = False  # the bodies were read while the request ran
        self.model = RequestsModel(clock, self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE)
        self._settle.timeout.connect(self._read_newest)
        self._settled: frozenset[str] = frozenset()
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_24, GAP_24 - 4, GAP_24, GAP_16)
        column.setSpacing(GAP_16)
        head = QHBoxLayout()
        head.setSpacing(GAP_16)
        head.addWidget(Label(self.tr("Requests"), "title"))
        self.filters = RequestFilters(theme)
        self.filters.changed.connect(self._filter)
        self.filters.opening.connect(lambda: self.command_requested.emit(ReadNames()))
        head.addWidget(self.filters, 1)
        column.addLayout(head)
        self.cards = TodayCards(theme)
        column.addWidget(self.cards)
        self._parts = self._made_parts()
        column.addWidget(self._parts, 1)
        self._tell_count()

    def show_state(self, state: AppState) -> None:
        """Draw what the app knows."""
        self._state = state
        self.cards.show_state(state)
        self._name_providers(state.providers)
        local = tuple(model for server in state.local_servers for model in server.models)
        self.details.again.offer(ModelOffer(state.reached, local, passthrough=False))
        if not self._begun:
            self._begun = True
            self._begin(self.filters.wanted)
        if not self._paused:
            self._take_live()

    def on_result(self, answer: QueryResult) -> None:
        """Take what was asked for."""
        match answer:
            case PageRead():
                self._take_page(answer)
            case BodiesRead():
                self._take_bodies(answer)
            case NamesRead():
                self.filters.show_names(answer)
            case ReplayProgress():
                self.details.show_again(answer)
            case _:
                pass

    def show_requests(self, wanted: Filter, id_: str = "") -> None:
        """This filter, and one request chosen: what a click elsewhere leads to."""
        self.filters.show_filter(wanted)
        self._wanted_id = id_
        self._begun = True
        self._begin(wanted)
        if id_:
            self._open(id_)
            self._show_again()

    def focus_search(self) -> None:
        """The cursor into the search field."""
        self.filters.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.search.selectAll()

    def step_back(self) -> None:
        """Esc: out of the choice of a model, then out of the details."""
        if not self.details.again.isHidden():
            self.details.again.hide()
            self.details.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self.details.isVisible():
            self.close_details()

    def close_details(self) -> None:
        """The list alone."""
        self._wanted_id = ""
        self.details.hide()
        self.table.choose("")
        self._arrange()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def read_newest(self) -> None:
        """Look what is new on disk: other programs write there too."""
        if self._begun and not self._paused:
            self._read_newest()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(620, 480)

    def _made_parts(self) -> QSplitter:
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setHandleWidth(GAP_16)
        parts.setChildrenCollapsible(False)
        parts.splitterMoved.connect(self._divide)
        self.list = RequestsList(self._theme, self.model)
        self.table, self.count, self.pause = self.list.table, self.list.count, self.list.pause
        self.table.chose.connect(self._open)
        self.table.near_end.connect(self._read_older)
        self.list.launch.connect(self.launch)
        self.list.cleared.connect(self.filters.clear)
        self.list.paused.connect(self._pause)
        for signal in (self.model.rowsInserted, self.model.rowsRemoved, self.model.modelReset):
            signal.connect(self._tell_count)
        parts.addWidget(self.list)
        self.details = Details(self._theme, self._catalogue, self._clock)
        self.details.command_requested.connect(self.command_requested)
        self.details.closed.connect(self.close_details)
        self.details.hide()
        parts.addWidget(self.details)
        parts.setStretchFactor(0, 1)
        parts.setStretchFactor(1, 0)
        return parts

    def _name_providers(self, providers: tuple[Provider, ...]) -> None:
        """Rows may be of providers that are in use no more: the catalogue knows what those are called."""
        if providers != self._providers:
            self._providers = providers
            known = () if self._catalogue is None else self._catalogue.providers()
            self.table.show_providers({provider.id: provider.name for provider in (*known, *providers)})

    # The list

    def _begin(self, wanted: Filter) -> None:
        self._at_end = False
        self._asked = ReadPage(wanted, None, PAGE)
        self.model.start(wanted)
        self.command_requested.emit(self._asked)
        self._tell_count()

    def _filter(self, wanted: Filter) -> None:
        self._begin(wanted)

    def _take_live(self) -> None:
        live = self._state.live
        self.model.take_live(live)
        ended = frozenset(id_ for id_, record in live.items() if record.ended is not None)
        if ended - self._settled and not self._settle.isActive():
            self._settle.start()
        self._settled = ended
        if self.details.isVisible() and (entry := self.model.known(self.details.id)) is not None:
            self.details.show_entry(entry)

    def _read_newest(self) -> None:
        entry = self.model.known(self.details.id)
        if self._half_read and entry is not None and entry.record.ended is not None:
            self._half_read = False
            self.command_requested.emit(ReadBodies(self.details.id))
        self.command_requested.emit(ReadPage(self.model.wanted, None, PAGE))

    def _read_older(self) -> None:
        oldest = self.model.oldest
        if self._asked is None and not self._at_end and oldest is not None:
            self._asked = ReadPage(self.model.wanted, oldest, PAGE)
            self.command_requested.emit(self._asked)

    def _take_page(self, page: PageRead) -> None:
        if page.asked.wanted != self.model.wanted:
            return
        if self._asked == page.asked:
            self._asked = None
        short = len(page.rows) < page.asked.limit
        if page.asked.before is not None:
            self._at_end = short
            self.model.take_rows(page.rows)
        elif self.model.joins(page.rows):
            self._at_end = self._at_end or short
            self.model.take_rows(page.rows)
        else:
            self._at_end = short
            self.model.replace_rows(page.rows)
        if page.trouble:
            self.count.setText(said(page.trouble))
        else:
            self._tell_count()
        self._show_again()

    def _show_again(self) -> None:
        if self._wanted_id and self.model.row_of(self._wanted_id) >= 0:
            self.table.choose(self._wanted_id)
            entry = self.model.known(self._wanted_id)
            if entry is not None and self.details.isVisible():
                self.details.show_entry(entry)

    def _pause(self, paused: bool) -> None:
        self._paused = paused
        if not paused:
            self._take_live()
            self._read_newest()
        self._tell_count()

    def _tell_count(self) -> None:
        self.list.tell(waiting=self._asked is not None, complete=self._at_end)

    # The details

    def _open(self, id_: str) -> None:
        self._wanted_id = id_
        entry = self.model.known(id_)
        if entry is not None:
            self.details.show_entry(entry)
        else:
            self.details.show_wanted(id_)
        self._half_read = entry is not None and entry.record.ended is None
        self.command_requested.emit(ReadBodies(id_))
        if not self.details.isVisible():
            self.details.show()
            self._arrange()

    def _take_bodies(self, answer: BodiesRead) -> None:
        if answer.id != self.details.id:
            return
        if answer.row is not None and self.model.known(answer.id) is not None:
            self.model.take_rows((answer.row,))
        self.details.show_bodies(answer)

    def _divide(self) -> None:
        """From now on a person has said how wide the details are."""
        self._divided = True

    def _arrange(self) -> None:
        """Beside each other where there is room for both; else the details take the list's place."""
        whole = self.width() - 2 * GAP_24 - GAP_16
        least = max(DETAILS, self.details.least_width())
        beside = whole >= self.table.least_width() + least
        chosen = not self.details.isHidden()
        self.list.setVisible(beside or not chosen)
        self.cards.setVisible(beside or not chosen)
        self.details.set_alone(alone=not beside)
        if beside and chosen:
            details = max(least, round(whole * 0.31))
            if not self._divided or min(self._parts.sizes()) < least:
                self._parts.setSizes([whole - details, details])
