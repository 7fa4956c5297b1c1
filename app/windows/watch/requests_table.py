"""The table of requests: columns as wide as their words, what is chosen and seen kept while rows arrive."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from app.widgets import figures
from app.widgets.chip import widest_chip
from app.widgets.labels import width_of
from app.widgets.theme import Theme
from app.windows.models.request_entry import Column, chip_samples
from app.windows.models.requests import RequestsModel
from app.windows.watch.request_delegate import EDGE, FIRST_EDGE, RequestDelegate

SPARED = (Column.FIRST, Column.ROLE)
NARROWEST_MODEL = 108
CHOOSING = frozenset({Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space})
TICK = 100
"""Milliseconds between two redrawings of what counts up."""


class RequestsTable(QTableView):
    """``chose`` says the id of a request that a person chose; ``near_end`` that older ones are wanted."""

    chose = Signal(str)
    near_end = Signal()

    def __init__(self, theme: Theme, model: RequestsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("requests-table")
        self.setAccessibleName(self.tr("Requests, newest first"))
        self._theme, self._requests = theme, model
        self._chosen = ""
        self.setModel(model)
        self._delegate = RequestDelegate(theme, model, self)
        self.setItemDelegate(self._delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setSectionsClickable(False)
        head.setHighlightSections(False)
        head.setMinimumSectionSize(24)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(Column.MODEL, QHeaderView.ResizeMode.Stretch)
        self._counting = QTimer(self)
        self._counting.setInterval(TICK)
        self._counting.timeout.connect(self._count_up)
        model.rowsAboutToBeInserted.connect(self._hold)
        model.rowsInserted.connect(self._inserted)
        model.rowsRemoved.connect(self._look)
        model.dataChanged.connect(self._look)
        model.modelReset.connect(self._restored)
        self.selectionModel().selectionChanged.connect(self._went)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        theme.changed.connect(self._measure)
        self._steady: int | None = None
        self._measure()

    def show_providers(self, names: Mapping[str, str]) -> None:
        """How providers are called, by id."""
        self._delegate.names = names

    @property
    def counting(self) -> bool:
        """Whether something on the screen counts up."""
        return self._counting.isActive()

    def choose(self, id_: str) -> None:
        """Choose a request, or none, without saying so."""
        self._chosen = id_
        row = self._requests.row_of(id_) if id_ else -1
        if row < 0:
            self.selectionModel().clear()
            return
        index = self._requests.index(row, 0)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        self._look()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._look()

    def hideEvent(self, event: object) -> None:
        super().hideEvent(event)  # type: ignore[arg-type]
        self._counting.stop()

    def _measure(self) -> None:
        body = self._theme.font("body")
        heads = [str(self._requests.headerData(at, self.horizontalHeader().orientation())) for at in Column]
        samples = {
            Column.TIME: ("00:00:00", figures.day("2000-12-28")),
            Column.ROLE: ("THINKER", "SUBAGENT"),
            Column.TOKENS: ("000.0k → ~00.0k",),
            Column.FIRST: ("000 ms",),
            Column.DURATION: ("000 ms…", "00m 00s"),
            Column.COST: ("$0.0000",),
        }
        self._widths = {
            column: round(width_of(body, *texts, heads[column]) + 2 * EDGE) for column, texts in samples.items()
        }
        self._widths[Column.TIME] += round(FIRST_EDGE - EDGE)
        self._widths[Column.COST] += round(FIRST_EDGE - EDGE)
        chip = widest_chip(self._theme, chip_samples())
        self._widths[Column.STATUS] = round(chip + 2 * EDGE)
        self.verticalHeader().setDefaultSectionSize(self._theme.row_height)
        self.horizontalHeader().setFixedHeight(self._theme.row_height)
        self._fit()
        self.viewport().update()

    def _fit(self) -> None:
        """Leave out what there is no room for: the time to first token, then the role, then the duration."""
        room = self.viewport().width() - NARROWEST_MODEL
        needed = sum(self._widths.values())
        for column in (*SPARED, Column.DURATION):
            self.setColumnHidden(column, needed > room)
            if needed > room:
                needed -= self._widths[column]
        for column, width in self._widths.items():
            self.setColumnWidth(column, width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # With the focus comes a current row that is not chosen; the first key chooses it.
        if not self.selectionModel().hasSelection() and event.key() in CHOOSING:
            self.selectRow(max(self.currentIndex().row(), 0))
        else:
            super().keyPressEvent(event)

    def least_width(self) -> int:
        """The width below which even what cannot be left out has no room."""
        kept = sum(width for column, width in self._widths.items() if column not in SPARED)
        return kept + NARROWEST_MODEL + self.verticalScrollBar().sizeHint().width() + 4

    def _went(self) -> None:
        chosen = self.selectionModel().selectedRows()
        if chosen:
            id_ = self._requests.entry(chosen[0].row()).record.id
            if id_ != self._chosen:
                self._chosen = id_
                self.chose.emit(id_)

    def _hold(self, _: QModelIndex, first: int, last: int) -> None:
        """Rows that come in above what is seen push it down; so the view goes down with it, unless it is at the top."""
        bar, height = self.verticalScrollBar(), self.verticalHeader().defaultSectionSize()
        above = first * height < bar.value()
        self._steady = bar.value() + (last - first + 1) * height if above and bar.value() > 0 else None

    def _inserted(self) -> None:
        if self._steady is not None:
            self.updateGeometries()
            self.verticalScrollBar().setValue(self._steady)
            self._steady = None
        self._look()

    def _restored(self) -> None:
        if self._chosen:
            row = self._requests.row_of(self._chosen)
            if row >= 0:
                flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
                self.selectionModel().setCurrentIndex(self._requests.index(row, 0), flags)
        self._look()

    def _scrolled(self, value: int) -> None:
        self._look()
        if value >= self.verticalScrollBar().maximum() - 20 * self._theme.row_height:
            self.near_end.emit()

    def _seen(self) -> tuple[int, int]:
        first = self.rowAt(0)
        last = self.rowAt(self.viewport().height() - 1)
        return max(first, 0), last if last >= 0 else self._requests.rowCount() - 1

    def _running_seen(self) -> list[int]:
        first, last = self._seen()
        return [row for row in self._requests.running if first <= row <= last]

    def _look(self) -> None:
        """The timer ticks only while a running request is on the screen."""
        wanted = self.isVisible() and bool(self._running_seen())
        if wanted and not self._counting.isActive():
            self._counting.start()
        elif not wanted and self._counting.isActive():
            self._counting.stop()

    def _count_up(self) -> None:
        rows = self._running_seen()
        if not rows:
            self._counting.stop()
        self._requests.count_up(rows)
