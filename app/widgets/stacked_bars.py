"""A chart of stacked bars: an axis, one bar per day, and a bar's content under the pointer or the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.widgets.figures import axis
from app.widgets.labels import one_line, plain_tip
from app.widgets.theme import Theme


@dataclass(frozen=True, slots=True)
class Bars:
    """``names`` of the series; for each bar its ``id``, its word on the axis and one value per series."""

    names: tuple[str, ...]
    ids: tuple[str, ...]
    words: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    def total(self, at: int) -> float:
        """Return the height of a bar."""
        return sum(self.values[at])


class StackedBars(QWidget):
    """Draws :class:`Bars`; emits ``chosen`` with the id of a clicked bar and the index of the series (-1: none).

    With the keyboard: Left and Right move, Return chooses.
    """

    chosen = Signal(str, int)

    def __init__(self, theme: Theme, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._theme, self._said = theme, accessible
        self._bars = Bars((), (), (), ())
        self._write: Callable[[float], str] = str
        self._at: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(accessible)
        theme.changed.connect(self.update)

    def show_bars(self, bars: Bars, write: Callable[[float], str]) -> None:
        """Draw these; ``write`` formats a value."""
        self._bars, self._write = bars, write
        self._at = None if self._at is None or self._at >= len(bars.ids) else self._at
        told = "; ".join(f"{word}: {write(bars.total(at))}" for at, word in enumerate(bars.words) if bars.total(at))
        self.setAccessibleDescription(told)
        self.update()

    def told(self, at: int) -> str:
        """Return a bar's content as lines."""
        bars = self._bars
        parts = [
            f"{one_line(name)}: {self._write(value)}"
            for name, value in zip(bars.names, bars.values[at], strict=True)
            if value
        ]
        return "\n".join((f"{bars.words[at]}: {self._write(bars.total(at))}", *reversed(parts)))

    def sizeHint(self) -> QSize:
        return QSize(480, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 140)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("small"))
        room, (top, steps) = self._room(), self._axis()
        tokens = self._theme.tokens
        for line in range(steps + 1):
            value = top * line / steps
            y = round(room.bottom() - room.height() * line / steps) + 0.5
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(QColor(tokens.muted))
            place = QRectF(0, y - 10, room.left() - 8, 20)
            painter.drawText(
                place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), self._write(value)
            )
        for at in range(len(self._bars.ids)):
            self._paint_bar(painter, at, room, top)
        self._paint_words(painter, room)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self._bar_at(event.position())
        if at != self._at:
            self._at = at
            self.update()
        if at is None:
            QToolTip.hideText()
        else:
            QToolTip.showText(event.globalPosition().toPoint(), plain_tip(self.told(at)), self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._bar_at(event.position())
        if at is not None:
            self.chosen.emit(self._bars.ids[at], self._series_at(at, event.position().y()))

    def leaveEvent(self, event: object) -> None:  # noqa: ARG002
        if not self.hasFocus():
            self._at = None
            self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._at = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, count = Qt.Key(event.key()), len(self._bars.ids)
        if not count or key not in {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            super().keyPressEvent(event)
            return
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if self._at is not None:
                self.chosen.emit(self._bars.ids[self._at], -1)
            return
        step = 1 if key is Qt.Key.Key_Right else -1
        self._at = count - 1 if self._at is None else min(max(self._at + step, 0), count - 1)
        self.setAccessibleName(f"{self._said}. {self.told(self._at)}")
        place = self._place(self._at, self._room())
        spot = self.mapToGlobal(QPoint(round(place.center().x()), round(self._room().top())))
        QToolTip.showText(spot, plain_tip(self.told(self._at)), self)
        self.update()

    def _paint_bar(self, painter: QPainter, at: int, room: QRectF, top: float) -> None:
        tokens = self._theme.tokens
        if at == self._at:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.hover))
            pitch = room.width() / len(self._bars.ids)
            painter.drawRoundedRect(QRectF(room.left() + at * pitch, room.top(), pitch, room.height()), 4, 4)
        place, tall = self._place(at, room), room.height() * self._bars.total(at) / top
        if tall <= 0:
            return
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(place.left(), room.bottom() - tall, place.width(), tall + 4), 3, 3)
        painter.save()
        painter.setClipRect(QRectF(place.left(), room.top() - 4, place.width(), room.height() + 4))
        painter.setClipPath(shape, Qt.ClipOperation.IntersectClip)
        painter.setPen(Qt.PenStyle.NoPen)
        foot = room.bottom()
        for series, value in enumerate(self._bars.values[at]):
            height = room.height() * value / top
            painter.setBrush(QColor(tokens.series[series % len(tokens.series)]))
            painter.drawRect(QRectF(place.left(), foot - height, place.width(), height))
            foot -= height
        painter.restore()

    def _paint_words(self, painter: QPainter, room: QRectF) -> None:
        painter.setPen(QColor(self._theme.tokens.muted))
        metrics = QFontMetricsF(self._theme.font("small"))
        widest = max((metrics.horizontalAdvance(word) for word in self._bars.words), default=0.0) + 8
        count = len(self._bars.words)
        each = max(1, -(-round(widest) * count // max(round(room.width()), 1)))
        for at, word in enumerate(self._bars.words):
            if (count - 1 - at) % each:
                continue
            middle = self._place(at, room).center().x()
            left = min(max(middle - widest / 2, 0.0), self.width() - widest)
            place = QRectF(left, room.bottom() + 6, widest, metrics.height())
            painter.drawText(place, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop), word)

    def _room(self) -> QRectF:
        metrics = QFontMetricsF(self._theme.font("small"))
        top, steps = self._axis()
        left = max(metrics.horizontalAdvance(self._write(top * line / steps)) for line in range(steps + 1)) + 12
        return QRectF(left, 8, max(self.width() - left - 4, 10.0), max(self.height() - metrics.height() - 20, 10.0))

    def _axis(self) -> tuple[float, int]:
        return axis(max((self._bars.total(at) for at in range(len(self._bars.ids))), default=0.0))

    def _place(self, at: int, room: QRectF) -> QRectF:
        pitch = room.width() / max(len(self._bars.ids), 1)
        width = min(max(pitch * 0.42, 2.0), 36.0)
        return QRectF(room.left() + at * pitch + (pitch - width) / 2, room.top(), width, room.height())

    def _bar_at(self, spot: QPointF) -> int | None:
        room = self._room()
        if not self._bars.ids or not room.adjusted(0, -8, 0, 24).contains(spot):
            return None
        return min(int((spot.x() - room.left()) / (room.width() / len(self._bars.ids))), len(self._bars.ids) - 1)

    def _series_at(self, at: int, y: float) -> int:
        room, (top, _) = self._room(), self._axis()
        foot = room.bottom()
        for series, value in enumerate(self._bars.values[at]):
            head = foot - room.height() * value / top
            if head <= y < foot:
                return series
            foot = head
        return -1
