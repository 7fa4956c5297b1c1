"""A table of words and figures that were made beforehand, each row with the id that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.widgets.labels import plain_tip

DISPLAY: Final = int(Qt.ItemDataRole.DisplayRole)
ALIGN: Final = int(Qt.ItemDataRole.TextAlignmentRole)
TIP: Final = int(Qt.ItemDataRole.ToolTipRole)
SAID: Final = int(Qt.ItemDataRole.AccessibleTextRole)
LINE: Final = int(Qt.ItemDataRole.UserRole)
RIGHT: Final = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
LEFT: Final = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
Index = QModelIndex | QPersistentModelIndex
NO_INDEX: Final = QModelIndex()


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A row: its id, its cells, and the word of a chip before the first cell (empty: none)."""

    id: str
    cells: tuple[str, ...]
    tip: str = ""
    live: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """A column: its title, a text as wide as what it holds (empty: it takes the room that is left), and its side.

    The higher ``spare``, the sooner it is left out where there is no room; 0 never is.
    """

    title: str
    sample: str = ""
    number: bool = True
    spare: int = 0


class FiguresModel(QAbstractTableModel):
    """Rows in the order they were given."""

    def __init__(self, heads: tuple[Head, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.heads = heads
        self._lines: tuple[FigureRow, ...] = ()

    def line(self, row: int) -> FigureRow:
        """What stands in a row."""
        return self._lines[row]

    def show_lines(self, lines: tuple[FigureRow, ...]) -> None:
        """Other rows. Where ids stay in their places only what changed is drawn again, so that a choice is kept."""
        if lines == self._lines:
            return
        same = min(len(lines), len(self._lines))
        if any(old.id != new.id for old, new in zip(self._lines[:same], lines[:same], strict=True)):
            self.beginResetModel()
            self._lines = lines
            self.endResetModel()
            return
        if len(lines) < len(self._lines):
            self.beginRemoveRows(NO_INDEX, len(lines), len(self._lines) - 1)
            self._lines = self._lines[: len(lines)]
            self.endRemoveRows()
        elif len(lines) > len(self._lines):
            self.beginInsertRows(NO_INDEX, len(self._lines), len(lines) - 1)
            self._lines = (*self._lines, *lines[len(self._lines) :])
            self.endInsertRows()
        self._lines = lines
        if lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(self.heads) - 1))

    def rowCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.heads)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == DISPLAY:
            return line.cells[index.column()]
        if role == LINE:
            return line
        if role == ALIGN:
            return RIGHT if self.heads[index.column()].number else LEFT
        if role == SAID:
            return f"{self.heads[index.column()].title}: {line.cells[index.column()]}"
        if role == TIP:
            return plain_tip(line.tip) or None
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return self.heads[section].title
        if role == ALIGN:
            return RIGHT if self.heads[section].number else LEFT
        return None
