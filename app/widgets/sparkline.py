"""Small charts in a card: a line or stacked bars without axes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets.theme import Theme

WIDTH = 108
HEIGHT = 40


class Sparkline(QWidget):
    """A line through values; None is a gap. Needs at least two values."""

    def __init__(self, theme: Theme, name: str, series: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._theme, self._series = theme, series
        self._values: tuple[float | None, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_values(self, values: tuple[float | None, ...], said: str) -> None:
        """Draw these; ``said`` describes them to a screen reader."""
        self.setAccessibleName(said)
        if values != self._values:
            self._values = values
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        known = [(at, value) for at, value in enumerate(self._values) if value is not None]
        if len(known) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        low, high = min(value for _, value in known), max(value for _, value in known)
        room = QRectF(self.rect()).adjusted(2, 5, -6, -3)
        step = room.width() / max(known[-1][0] - known[0][0], 1)
        span = (high - low) or 1.0
        points = [
            QPointF(room.left() + (at - known[0][0]) * step, room.bottom() - (value - low) / span * room.height())
            for at, value in known
        ]
        colour = QColor(self._theme.tokens.series[self._series])
        below = QPainterPath(QPointF(points[0].x(), room.bottom()))
        for point in points:
            below.lineTo(point)
        below.lineTo(points[-1].x(), room.bottom())
        fade = QLinearGradient(0, room.top(), 0, room.bottom())
        for at, alpha in ((0.0, 50), (1.0, 0)):
            shade = QColor(colour)
            shade.setAlpha(alpha)
            fade.setColorAt(at, shade)
        painter.fillPath(below, fade)
        painter.setPen(QPen(colour, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(points[-1], 2.6, 2.6)


class SparkBars(QWidget):
    """Small stacked bars; each is a tuple of the values of its parts, in the order of the series."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._theme = theme
        self._bars: tuple[tuple[float, ...], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_bars(self, bars: tuple[tuple[float, ...], ...], said: str) -> None:
        """Draw these; ``said`` describes them to a screen reader."""
        self.setAccessibleName(said)
        if bars != self._bars:
            self._bars = bars
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        highest = max((sum(bar) for bar in self._bars), default=0.0)
        if highest <= 0:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        colours = self._theme.tokens.series
        room = QRectF(self.rect()).adjusted(0, 4, 0, -2)
        pitch = room.width() / max(len(self._bars), 8)
        width = min(max(pitch - 3, 1.5), 9.0)
        for at, bar in enumerate(self._bars):
            left, foot = room.right() - (len(self._bars) - at) * pitch + (pitch - width), room.bottom()
            shape = QPainterPath()
            tall = room.height() * sum(bar) / highest
            shape.addRoundedRect(QRectF(left, foot - tall, width, tall), 1.5, 1.5)
            painter.save()
            painter.setClipPath(shape)
            for series, value in enumerate(bar):
                height = room.height() * value / highest
                painter.setBrush(QColor(colours[series % len(colours)]))
                painter.drawRect(QRectF(left, foot - height, width, height))
                foot -= height
            painter.restore()
