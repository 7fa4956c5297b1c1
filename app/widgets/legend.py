"""A legend: coloured squares with their words, on as many lines as needed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets.labels import one_line
from app.widgets.theme import Theme

SQUARE = 10.0
BETWEEN = 5.0
APART = 12.0


@dataclass(frozen=True, slots=True)
class Item:
    """A word, and the index of its colour in the series."""

    word: str
    series: int


class Legend(QWidget):
    """Draws items from the left; a word that is wider than the legend is shortened."""

    def __init__(self, theme: Theme, name: str, *, right: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._theme, self._right = theme, right
        self._items: tuple[Item, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.update)

    def show_items(self, items: tuple[Item, ...]) -> None:
        """Draw these."""
        if items != self._items:
            self._items = items
            self.setAccessibleName(", ".join(item.word for item in items))
            self._stand()
            self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        lines = self._lines(width)
        return round(len(lines) * self._line_height()) if lines else 0

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(self.width(), 200)))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, round(self._line_height()) if self._items else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._stand()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, font = self._theme.tokens, self._theme.font("small")
        metrics, top = QFontMetricsF(font), 0.0
        painter.setFont(font)
        for line in self._lines(self.width()):
            wide = sum(self._wide(item, metrics) for item in line) + APART * (len(line) - 1)
            left = self.width() - wide if self._right else 0.0
            for item in line:
                middle = top + self._line_height() / 2
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(tokens.series[item.series % len(tokens.series)]))
                painter.drawRoundedRect(QRectF(left, middle - SQUARE / 2, SQUARE, SQUARE), 3, 3)
                painter.setPen(QColor(tokens.muted))
                room = QRectF(left + SQUARE + BETWEEN, top, self.width() - left, self._line_height())
                said = metrics.elidedText(one_line(item.word), Qt.TextElideMode.ElideMiddle, room.width())
                painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), said)
                left += self._wide(item, metrics) + APART
            top += self._line_height()

    def _stand(self) -> None:
        wanted = self.heightForWidth(self.width())
        if self.minimumHeight() != wanted:
            self.setFixedHeight(wanted)

    def _lines(self, width: int) -> list[list[Item]]:
        metrics = QFontMetricsF(self._theme.font("small"))
        lines: list[list[Item]] = []
        left = 0.0
        for item in self._items:
            wide = self._wide(item, metrics)
            if not lines or left + wide > width:
                lines.append([])
                left = 0.0
            lines[-1].append(item)
            left += wide + APART
        return lines

    def _wide(self, item: Item, metrics: QFontMetricsF) -> float:
        return SQUARE + BETWEEN + metrics.horizontalAdvance(one_line(item.word))

    def _line_height(self) -> float:
        return QFontMetricsF(self._theme.font("small")).height() + 5
