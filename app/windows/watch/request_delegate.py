"""How a request's cells are painted: chips, numbers at the right, the model before its provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.widgets.chip import chip_font, paint_chip
from app.widgets.labels import one_line
from app.widgets.theme import Theme
from app.windows.models.request_entry import Column, RequestEntry, input_words, output_words, status
from app.windows.models.requests import NUMBERS, RequestsModel

EDGE = 8
FIRST_EDGE = 16
MUTED = frozenset({Column.TIME, Column.FIRST})
LAST: Final = max(Column)
LEFT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)
RIGHT: Final = LEFT | int(Qt.AlignmentFlag.AlignRight)
CHOSEN: Final = QStyle.StateFlag.State_Selected
REMEMBERED: Final = 2_000
"""Texts of which each font's measure is remembered: those of some screens."""

Measure = Callable[[str], float]


class RequestDelegate(QStyledItemDelegate):
    """Paints without asking the style: one rectangle, one line, one text a cell.

    While requests come in, all that is seen is painted again and again, in a thread that shares Python's lock with the
    streams: so it asks the model itself, and nothing is made or measured twice.
    """

    def __init__(self, theme: Theme, model: RequestsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._model = theme, model
        self.names: Mapping[str, str] = {}
        self._dress()
        theme.changed.connect(self._dress)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        return QSize(40, self._theme.row_height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        column, entry = index.column(), self._model.entry(index.row())
        cell = option.rect
        left, top, width, height = cell.x(), cell.y(), cell.width(), cell.height()
        chosen = CHOSEN in option.state
        if chosen:
            painter.fillRect(left, top, width, height, self._tint)
        painter.fillRect(left, top + height - 1, width, 1, self._line)
        if chosen and column == Column.TIME:
            painter.fillRect(left, top, 3, height - 1, self._accent)
        before = FIRST_EDGE if column == Column.TIME else EDGE
        after = FIRST_EDGE if column == LAST else EDGE
        place = QRect(left + before, top, width - before - after, height - 1)
        if column == Column.STATUS:
            told = status(entry.record)
            painter.save()
            paint_chip(painter, self._theme.tokens, self._chip, QRectF(place), told.kind, told.word)
            painter.restore()
        elif column == Column.MODEL:
            self._paint_model(painter, place, entry)
        elif column == Column.TOKENS:
            self._paint_tokens(painter, place, entry)
        else:
            font, measure = (self._strong, self._strong_width) if column == Column.ROLE else (self._body, self._width)
            said = self._model.said(entry, column)
            if measure(said) > place.width() + 1:
                said = QFontMetricsF(font).elidedText(said, Qt.TextElideMode.ElideRight, place.width() + 1)
            painter.setFont(font)
            painter.setPen(self._muted if column in MUTED else self._text)
            painter.drawText(place, RIGHT if column in NUMBERS else LEFT, said)

    def _paint_tokens(self, painter: QPainter, place: QRect, entry: RequestEntry) -> None:
        painter.setFont(self._body)
        painter.setPen(self._text)
        painter.drawText(place, RIGHT, output_words(entry.record))
        painter.setPen(self._muted)
        room = place.adjusted(0, 0, -round(self._width("~00.0k") + 2), 0)
        painter.drawText(room, RIGHT, f"{input_words(entry.record)} →")

    def _paint_model(self, painter: QPainter, place: QRect, entry: RequestEntry) -> None:
        name = self._model.said(entry, Column.MODEL)
        painter.setFont(self._body)
        painter.setPen(self._text)
        wide = self._width(name)
        if wide > place.width():
            name = QFontMetricsF(self._body).elidedText(name, Qt.TextElideMode.ElideMiddle, place.width())
        painter.drawText(place, LEFT, name)
        provider = one_line(self.names.get(entry.record.provider, entry.record.provider))
        rest = place.adjusted(round(wide) + 8, 0, 0, 0)
        if provider and self._small_width(provider) <= rest.width():
            painter.setFont(self._small)
            painter.setPen(self._muted)
            painter.drawText(rest, LEFT, provider)

    def _dress(self) -> None:
        tokens = self._theme.tokens
        self._text, self._muted, self._line = QColor(tokens.text), QColor(tokens.muted), QColor(tokens.line)
        self._tint, self._accent = QColor(tokens.accent_tint), QColor(tokens.accent)
        self._body, self._small = self._theme.font("body"), self._theme.font("small")
        self._chip = chip_font(self._theme)
        self._strong = self._theme.font("body")
        self._strong.setWeight(QFont.Weight.Medium)
        self._width, self._small_width = _measure(self._body), _measure(self._small)
        self._strong_width = _measure(self._strong)


def _measure(font: QFont) -> Measure:
    """How wide a text is, asked of the font once."""
    return lru_cache(REMEMBERED)(QFontMetricsF(font).horizontalAdvance)
