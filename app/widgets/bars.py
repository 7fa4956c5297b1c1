"""Bars that show shares of a whole: tokens by kind, time by phase, money against a limit."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets.theme import Theme

HEIGHT = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a bar: its size, and the index of its colour in the series."""

    size: float
    series: int


def paint_shares(painter: QPainter, place: QRectF, colours: tuple[str, ...], shares: tuple[Share, ...]) -> None:
    """Paint shares side by side in a pill. A share above zero is at least two pixels wide."""
    total = sum(share.size for share in shares)
    if total <= 0:
        return
    pill = QPainterPath()
    pill.addRoundedRect(place, place.height() / 2, place.height() / 2)
    painter.save()
    painter.setClipPath(pill)
    painter.setPen(Qt.PenStyle.NoPen)
    left = place.left()
    for share in (share for share in shares if share.size > 0):
        width = max(2.0, place.width() * share.size / total)
        painter.setBrush(QColor(colours[share.series % len(colours)]))
        painter.drawRect(QRectF(left, place.top(), width, place.height()))
        left += width
    painter.restore()


class TokenBar(QWidget):
    """Tokens side by side: cached input, input, output."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._theme = theme
        self._shares: tuple[Share, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_shares(self, shares: tuple[Share, ...], said: str) -> None:
        """Draw these; ``said`` describes them to a screen reader."""
        self._shares = shares
        self.setAccessibleName(said)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QRectF(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tokens.hover))
        painter.drawRoundedRect(place, HEIGHT / 2, HEIGHT / 2)
        paint_shares(painter, place, self._theme.tokens.series, self._shares)


class SpanBar(QWidget):
    """A span of time within a longer one."""

    def __init__(self, theme: Theme, series: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._series = theme, series
        self._from, self._to = 0.0, 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_span(self, from_: float, to: float) -> None:
        """Draw the span between two parts of the whole, each from 0 to 1."""
        self._from, self._to = min(max(from_, 0.0), 1.0), min(max(to, 0.0), 1.0)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(60, 8)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        place = QRectF(self.rect())
        painter.setBrush(QColor(self._theme.tokens.hover))
        painter.drawRoundedRect(place, 4, 4)
        if self._to > self._from:
            left = min(place.width() * self._from, place.width() - 3)
            width = max(3.0, place.width() * (self._to - self._from))
            painter.setBrush(QColor(self._theme.tokens.series[self._series]))
            painter.drawRoundedRect(QRectF(left, 0, min(width, place.width() - left), place.height()), 4, 4)


class MoneyBar(QWidget):
    """The spent part of a limit: accent below 80 %, then the warning colour, above 100 % the error colour."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._theme, self._part = theme, 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_part(self, part: float, said: str) -> None:
        """Draw ``part``, the spent share of the limit, 1 for all of it."""
        self._part = max(part, 0.0)
        self.setAccessibleName(said)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        tokens = self._theme.tokens
        place = QRectF(self.rect())
        painter.setBrush(QColor(tokens.hover))
        painter.drawRoundedRect(place, HEIGHT / 2, HEIGHT / 2)
        if self._part > 0:
            painter.setBrush(
                QColor(tokens.bad if self._part >= 1 else tokens.warn if self._part >= 0.8 else tokens.accent)
            )
            width = max(float(HEIGHT), place.width() * min(self._part, 1.0))
            painter.drawRoundedRect(QRectF(0, 0, width, place.height()), HEIGHT / 2, HEIGHT / 2)
