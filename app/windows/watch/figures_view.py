"""The view of a table of figures: a row is pressed to see what is behind it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.widgets.chip import ChipKind, chip_font, chip_size, paint_chip
from app.widgets.labels import width_of
from app.widgets.theme import Theme
from app.windows.models.figures_table import DISPLAY, LINE, FiguresModel

EDGE = 8.0
FIRST_EDGE = 16.0
NARROWEST = 130
FLAGS = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine)


class FiguresDelegate(QStyledItemDelegate):
    """Paints a cell; ``live_word`` is the chip of a row that is alive."""

    def __init__(self, theme: Theme, heads: FiguresModel, live_word: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme, self._heads, self._live = theme, heads.heads, live_word

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        return QSize(40, self._theme.row_height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens, column = self._theme.tokens, index.column()
        place = QRectF(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(place, QColor(tokens.accent_tint))
        painter.fillRect(QRectF(place.left(), place.bottom() - 1, place.width(), 1), QColor(tokens.line))
        left = FIRST_EDGE if column == 0 else EDGE
        right = FIRST_EDGE if column == len(self._heads) - 1 else EDGE
        inner = place.adjusted(left, 0, -right, -1)
        head = self._heads[column]
        if column == 0 and index.data(LINE).live:
            font = chip_font(self._theme)
            painter.save()
            paint_chip(painter, tokens, font, inner, ChipKind.GOOD, self._live)
            painter.restore()
            inner.setLeft(inner.left() + chip_size(font, self._live).width() + EDGE)
        font = self._theme.font("body")
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted if not head.number and column else tokens.text))
        mode = Qt.TextElideMode.ElideRight if head.number else Qt.TextElideMode.ElideMiddle
        said = QFontMetricsF(font).elidedText(str(index.data(DISPLAY)), mode, inner.width() + 1)
        side = Qt.AlignmentFlag.AlignRight if head.number else Qt.AlignmentFlag.AlignLeft
        painter.drawText(inner, FLAGS | int(side), said)


class FiguresView(QTableView):
    """``pressed_row`` says the id of a row that was clicked, or chosen with Return."""

    pressed_row = Signal(str)

    def __init__(
        self,
        theme: Theme,
        model: FiguresModel,
        name: str,
        accessible: str,
        *,
        live_word: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self._theme, self._figures = theme, model
        self.setModel(model)
        self.setItemDelegate(FiguresDelegate(theme, model, live_word, self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setSectionsClickable(False)
        head.setHighlightSections(False)
        head.setMinimumSectionSize(24)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for at, column in enumerate(model.heads):
            if not column.sample:
                head.setSectionResizeMode(at, QHeaderView.ResizeMode.Stretch)
        self.clicked.connect(lambda index: self.pressed_row.emit(model.line(index.row()).id))
        theme.changed.connect(self._measure)
        self._measure()

    def whole_height(self) -> int:
        """How high it is with all its rows and its head."""
        return (self._figures.rowCount() + 1) * self._theme.row_height + 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.pressed_row.emit(self._figures.line(self.currentIndex().row()).id)
        else:
            super().keyPressEvent(event)

    def _measure(self) -> None:
        font, last = self._theme.font("body"), len(self._figures.heads) - 1
        self._widths = {
            at: round(width_of(font, head.sample, head.title) + 2 * EDGE + (FIRST_EDGE - EDGE) * (at == last))
            for at, head in enumerate(self._figures.heads)
            if head.sample
        }
        self.verticalHeader().setDefaultSectionSize(self._theme.row_height)
        self.horizontalHeader().setFixedHeight(self._theme.row_height)
        self._fit()

    def _fit(self) -> None:
        """Leave out the columns that can be spared until the rest has room."""
        needed = sum(self._widths.values())
        stretched = sum(1 for head in self._figures.heads if not head.sample)
        room = self.viewport().width() - NARROWEST * stretched
        for at in sorted(self._widths, key=lambda at: -self._figures.heads[at].spare):
            hidden = needed > room and self._figures.heads[at].spare > 0
            self.setColumnHidden(at, hidden)
            if hidden:
                needed -= self._widths[at]
            else:
                self.setColumnWidth(at, self._widths[at])
