"""The requests, newest first: those that run and those the ledger has, as one table."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.widgets.labels import plain_tip
from app.windows.models.request_entry import Column, RequestEntry, status, tip, words
from app.windows.models.request_filter import accepts
from proxy_core.ledger.request_events import RequestRecord, State
from proxy_core.ledger.rows import Filter, RequestRow

# As plain numbers: making an enum member of each role that is asked for triples the time of a repaint.
DISPLAY: Final = int(Qt.ItemDataRole.DisplayRole)
ALIGN: Final = int(Qt.ItemDataRole.TextAlignmentRole)
SAID: Final = int(Qt.ItemDataRole.AccessibleTextRole)
TIP: Final = int(Qt.ItemDataRole.ToolTipRole)
ENTRY: Final = int(Qt.ItemDataRole.UserRole)
RIGHT: Final = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
LEFT: Final = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
NUMBERS: Final = frozenset({Column.TOKENS, Column.FIRST, Column.DURATION, Column.COST})

Index = QModelIndex | QPersistentModelIndex
NO_INDEX: Final = QModelIndex()


class RequestsModel(QAbstractTableModel):
    """Rows are :class:`RequestEntry`, sorted by when they began, the newest first; each request stands there once.

    ``clock`` gives Unix time in seconds, for what counts up.
    """

    def __init__(self, clock: Callable[[], float] = time.time, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._entries: list[RequestEntry] = []
        self._keys: list[tuple[float, str]] = []  # ascending, as bisect wants it: the last one is row 0
        self._known: dict[str, RequestEntry] = {}
        self._running: dict[str, RequestEntry] = {}
        self._live: Mapping[str, RequestRecord] = {}
        self._wanted = Filter()
        self._ledger: dict[int, str] = {}
        self._headers: tuple[str, ...] = ()

    # What it holds

    @property
    def wanted(self) -> Filter:
        """The filter in force."""
        return self._wanted

    @property
    def oldest(self) -> int | None:
        """The number of the ledger's oldest row that is here; None without any."""
        return min(self._ledger, default=None)

    @property
    def running(self) -> tuple[int, ...]:
        """The rows of requests under way."""
        return tuple(self.row_of(id_) for id_ in self._running)

    def entry(self, row: int) -> RequestEntry:
        """What stands in a row."""
        return self._entries[len(self._entries) - 1 - row]

    def said(self, entry: RequestEntry, column: int) -> str:
        """What a cell of it says now."""
        return words(entry, column, self._clock())

    def known(self, id_: str) -> RequestEntry | None:
        """What is here of a request."""
        return self._known.get(id_)

    def row_of(self, id_: str) -> int:
        """Where a request stands; -1 if it does not."""
        entry = self._known.get(id_)
        if entry is None:
            return -1
        return len(self._keys) - 1 - bisect_left(self._keys, entry.key)

    # What it is told

    def start(self, wanted: Filter) -> None:
        """Empty, with another filter; the live requests that pass it are there at once."""
        self.beginResetModel()
        self._wanted = wanted
        self._ledger.clear()
        self._known = {id_: RequestEntry(record) for id_, record in self._live.items() if accepts(wanted, record)}
        self._sort()
        self.endResetModel()

    def take_live(self, live: Mapping[str, RequestRecord]) -> None:
        """The requests under way, and those that ended of late."""
        fresh: list[RequestEntry] = []
        gone: list[str] = []
        for id_, record in live.items():
            if self._live.get(id_) is record:
                continue
            entry = self._known.get(id_)
            passes = accepts(self._wanted, record)
            if entry is None:
                if passes:
                    fresh.append(RequestEntry(record))
            elif not passes and not self._wanted.body:
                gone.append(id_)
            elif entry.take(record, None):
                self._changed(entry)
        self._live = live
        # A request that ran and is told of no more, as after the proxy's thread died, runs no more for all we know.
        lost = (id_ for id_, entry in self._running.items() if id_ not in live and entry.row is None)
        for id_ in (*gone, *lost):
            self._remove(id_)
        self._insert(fresh)

    def take_rows(self, rows: Iterable[RequestRow]) -> None:
        """Rows of the ledger: new ones, older ones, or what became of those that are here."""
        fresh: list[RequestEntry] = []
        for row in rows:
            self._ledger[row.number] = row.record.id
            entry = self._known.get(row.record.id)
            if entry is None:
                fresh.append(RequestEntry(self._live.get(row.record.id, row.record), row))
            elif entry.take(row.record, row):
                self._changed(entry)
        self._insert(fresh)

    def replace_rows(self, rows: tuple[RequestRow, ...]) -> None:
        """The newest rows of the ledger where they do not join those that are here: the others are forgotten."""
        self.beginResetModel()
        self._ledger = {row.number: row.record.id for row in rows}
        self._known = {id_: RequestEntry(record) for id_, record in self._live.items() if accepts(self._wanted, record)}
        for row in rows:
            held = self._known.get(row.record.id)
            if held is None:
                self._known[row.record.id] = RequestEntry(row.record, row)
            else:
                held.take(row.record, row)
        self._sort()
        self.endResetModel()

    def joins(self, rows: tuple[RequestRow, ...]) -> bool:
        """Whether the newest rows overlap those that are here, or there are none here."""
        return not self._ledger or any(row.number in self._ledger for row in rows)

    def count_up(self, rows: Iterable[int]) -> None:
        """What counts up while a request runs is to be drawn again in these rows."""
        for row in rows:
            self.dataChanged.emit(self.index(row, Column.TOKENS), self.index(row, Column.DURATION), [DISPLAY])

    # What Qt asks

    def rowCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if not index.isValid():
            return None
        if role == ENTRY:
            return self.entry(index.row())
        if role == DISPLAY:
            return self.said(self.entry(index.row()), index.column())
        if role == ALIGN:
            return RIGHT if index.column() in NUMBERS else LEFT
        if role == TIP:
            return plain_tip(tip(self.entry(index.row()), index.column())) or None
        if role == SAID:
            return self._said(self.entry(index.row()), index.column())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return self._header(section)
        if role == ALIGN:
            return RIGHT if section in NUMBERS else LEFT
        return None

    # Within

    def _header(self, section: int) -> str:
        if not self._headers:
            self._headers = (
                self.tr("Time"), self.tr("Role"), self.tr("Model"), self.tr("Status"), self.tr("Tokens in → out"),
                self.tr("First"), self.tr("Duration"), self.tr("Cost"),
            )  # fmt: skip
        return self._headers[section]

    def _said(self, entry: RequestEntry, column: int) -> str:
        if column != Column.TIME:
            return f"{self._header(column)}: {words(entry, column, self._clock())}"
        parts = (words(entry, at, self._clock()) for at in (Column.TIME, Column.ROLE, Column.MODEL))
        return ", ".join((*parts, status(entry.record).word))

    def _sort(self) -> None:
        self._entries = sorted(self._known.values(), key=lambda entry: entry.key)
        self._keys = [entry.key for entry in self._entries]
        self._running = {id_: one for id_, one in self._known.items() if one.record.state is State.RUNNING}

    def _changed(self, entry: RequestEntry) -> None:
        if entry.record.state is not State.RUNNING:
            self._running.pop(entry.record.id, None)
        row = self.row_of(entry.record.id)
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1), [DISPLAY, ENTRY])

    def _insert(self, fresh: list[RequestEntry]) -> None:
        """In runs that stay together, so that a page is one insertion and not two hundred."""
        fresh.sort(key=lambda entry: entry.key)
        start = 0
        while start < len(fresh):
            place = bisect_left(self._keys, fresh[start].key)
            end = start + 1
            above = self._keys[place] if place < len(self._keys) else None
            while end < len(fresh) and (above is None or fresh[end].key < above):
                end += 1
            self._insert_run(fresh[start:end], place)
            start = end

    def _insert_run(self, run: list[RequestEntry], place: int) -> None:
        first = len(self._entries) - place
        self.beginInsertRows(NO_INDEX, first, first + len(run) - 1)
        self._entries[place:place] = run
        self._keys[place:place] = [entry.key for entry in run]
        for entry in run:
            self._known[entry.record.id] = entry
            if entry.record.state is State.RUNNING:
                self._running[entry.record.id] = entry
        self.endInsertRows()

    def _remove(self, id_: str) -> None:
        row = self.row_of(id_)
        if row < 0:
            return
        self.beginRemoveRows(NO_INDEX, row, row)
        place = len(self._entries) - 1 - row
        del self._entries[place], self._keys[place]
        entry = self._known.pop(id_)
        self._running.pop(id_, None)
        if entry.row is not None:
            self._ledger.pop(entry.row.number, None)
        self.endRemoveRows()
