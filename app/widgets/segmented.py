"""A choice among a few options, side by side."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets.labels import plain_tip
from app.widgets.theme import Theme

EDGE = 12
INSET = 3


def head_height(theme: Theme) -> int:
    """Return the height in pixels of a page's header that contains such a choice, for headers without one."""
    return round(QFontMetricsF(theme.font("body")).height()) + 18


class Segmented(QWidget):
    """One of ``choices`` (id and word) is chosen; emits ``chosen`` with its id when the user changes it.

    Left and Right move the choice.
    """

    chosen = Signal(str)

    def __init__(
        self,
        theme: Theme,
        name: str,
        accessible: str,
        choices: tuple[tuple[str, str], ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._said = accessible
        self._theme, self._choices, self._at = theme, choices, 0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolTip(plain_tip(accessible))
        self._tell()
        theme.changed.connect(self.update)

    @property
    def current(self) -> str:
        """Return the id of the current choice."""
        return self._choices[self._at][0]

    def choose(self, choice: str) -> None:
        """Set the choice without emitting; an unknown id changes nothing."""
        for at, (own, _) in enumerate(self._choices):
            if own == choice:
                self._at = at
                self._tell()
                self.update()

    def place_of(self, choice: str) -> QRectF:
        """Return the rectangle of a choice, for a click."""
        for (own, _), place in zip(self._choices, self._places(), strict=True):
            if own == choice:
                return place
        return QRectF()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._font())
        width = sum(round(metrics.horizontalAdvance(word)) + 2 * EDGE for _, word in self._choices)
        return QSize(width + 2 * INSET, head_height(self._theme))

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._theme.tokens
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.side))
        painter.drawRoundedRect(whole, 8, 8)
        painter.setFont(self._font())
        for at, ((_, word), place) in enumerate(zip(self._choices, self._places(), strict=True)):
            if at == self._at:
                ring = self.hasFocus()
                painter.setPen(QPen(QColor(tokens.accent if ring else tokens.line), 2 if ring else 1))
                painter.setBrush(QColor(tokens.raised))
                painter.drawRoundedRect(place, 6, 6)
            painter.setPen(QColor(tokens.text if at == self._at else tokens.muted))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), word)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for at, place in enumerate(self._places()):
            if place.contains(event.position()):
                self._choose(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._choose(min(max(self._at + step, 0), len(self._choices) - 1))

    def _choose(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self._tell()
            self.update()
            self.chosen.emit(self.current)

    def _tell(self) -> None:
        self.setAccessibleName(f"{self._said}: {self._choices[self._at][1]}")

    def _places(self) -> tuple[QRectF, ...]:
        metrics = QFontMetricsF(self._font())
        left, places = float(INSET), []
        for _, word in self._choices:
            width = round(metrics.horizontalAdvance(word)) + 2 * EDGE
            places.append(QRectF(left, INSET + 0.5, width, self.height() - 2 * INSET - 1))
            left += width
        return tuple(places)

    def _font(self) -> QFont:
        font = self._theme.font("body")
        font.setWeight(QFont.Weight.Medium)
        return font
