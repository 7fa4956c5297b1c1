"""A layout that places widgets side by side and wraps to the next line."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from app.widgets.theme_tokens import GAP_4, GAP_8


class Flow(QLayout):
    """Lines of widgets in their own sizes, each vertically centred in its line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._lay(QRect(0, 0, width, 0), move=False)

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._shown():
            size = size.expandedTo(item.minimumSize())
        return size

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._lay(rect, move=True)

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _lay(self, room: QRect, *, move: bool) -> int:
        """The height that everything takes in the width of ``room``."""
        line: list[tuple[QLayoutItem, QRect]] = []
        top, left = room.top(), room.left()
        for item in self._shown():
            size = self._size(item, room.width())
            if line and left + size.width() > room.right() + 1:
                top += self._set(line, top, move=move) + GAP_4
                line, left = [], room.left()
            line.append((item, QRect(QPoint(left, top), size)))
            left += size.width() + GAP_8
        return top + self._set(line, top, move=move) - room.top()

    @staticmethod
    def _size(item: QLayoutItem, width: int) -> QSize:
        wanted = item.sizeHint()
        return QSize(min(wanted.width(), max(width, item.minimumSize().width())), wanted.height())

    @staticmethod
    def _set(line: list[tuple[QLayoutItem, QRect]], top: int, *, move: bool) -> int:
        height = max((place.height() for _, place in line), default=0)
        if move:
            for item, place in line:
                place.moveTop(top + (height - place.height()) // 2)
                item.setGeometry(place)
        return height
