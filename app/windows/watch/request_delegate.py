"""How a request's cells are painted: chips, numbers at the right, the model before its provider."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.models.request_entry import Column, Entry, input_words, output_words, status
from app.models.requests import DISPLAY, ENTRY, NUMBERS
from app.theme import Theme
from app.widgets.chip import chip_font, paint_chip
from app.widgets.labels import one_line

EDGE = 8.0
FIRST_EDGE = 16.0
MUTED = frozenset({Column.TIME, Column.FIRST})
FLAGS = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)


class RequestDelegate(QStyledItemDelegate):
    """Paints without asking the style: one rectangle, one line, one text a cell."""

    def __init__(self, theme: Theme, columns: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme, self._last = theme, columns - 1
        self.names: Mapping[str, str] = {}
        self._fonts()
        theme.changed.connect(self._fonts)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        return QSize(40, self._theme.row_height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens, column = self._theme.tokens, index.column()
        place = QRectF(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(place, QColor(tokens.accent_tint))
        painter.fillRect(QRectF(place.left(), place.bottom() - 1, place.width(), 1), QColor(tokens.line))
        if chosen and column == Column.TIME:
            painter.fillRect(QRectF(place.left(), place.top(), 3, place.height() - 1), QColor(tokens.accent))
        left = FIRST_EDGE if column == Column.TIME else EDGE
        right = FIRST_EDGE if column == self._last else EDGE
        inner = place.adjusted(left, 0, -right, -1)
        entry = index.data(ENTRY)
        if column == Column.STATUS:
            told = status(entry.story)
            painter.save()
            paint_chip(painter, tokens, self._chip, inner, told.kind, told.word)
            painter.restore()
        elif column == Column.MODEL:
            self._paint_model(painter, inner, entry, str(index.data(DISPLAY)))
        elif column == Column.TOKENS:
            self._paint_tokens(painter, inner, entry)
        else:
            said = str(index.data(DISPLAY))
            painter.setPen(QColor(tokens.muted if column in MUTED else tokens.text))
            painter.setFont(self._strong if column == Column.ROLE else self._body)
            side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
            metrics = self._strong_metrics if column == Column.ROLE else self._metrics
            said = metrics.elidedText(said, Qt.TextElideMode.ElideRight, inner.width() + 1)
            painter.drawText(inner, FLAGS | int(side), said)

    def _paint_tokens(self, painter: QPainter, place: QRectF, entry: Entry) -> None:
        painter.setFont(self._body)
        painter.setPen(QColor(self._theme.tokens.text))
        side = int(Qt.AlignmentFlag.AlignRight)
        painter.drawText(place, FLAGS | side, output_words(entry.story))
        painter.setPen(QColor(self._theme.tokens.muted))
        room = place.adjusted(0, 0, -self._metrics.horizontalAdvance("~00.0k") - 2, 0)
        painter.drawText(room, FLAGS | side, f"{input_words(entry.story)} →")

    def _paint_model(self, painter: QPainter, place: QRectF, entry: Entry, name: str) -> None:
        tokens = self._theme.tokens
        painter.setFont(self._body)
        painter.setPen(QColor(tokens.text))
        wide = self._metrics.horizontalAdvance(name)
        if wide > place.width():
            name = self._metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, place.width())
        painter.drawText(place, FLAGS, name)
        provider = one_line(self.names.get(entry.story.provider, entry.story.provider))
        rest = place.adjusted(wide + 8, 0, 0, 0)
        if provider and self._small_metrics.horizontalAdvance(provider) <= rest.width():
            painter.setFont(self._small)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(rest, FLAGS, provider)

    def _fonts(self) -> None:
        self._body, self._small = self._theme.font("body"), self._theme.font("small")
        self._chip = chip_font(self._theme)
        self._strong = self._theme.font("body")
        self._strong.setWeight(QFont.Weight.Medium)
        self._metrics, self._small_metrics = QFontMetricsF(self._body), QFontMetricsF(self._small)
        self._strong_metrics = QFontMetricsF(self._strong)
