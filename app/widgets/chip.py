"""Status chips: a tinted pill with a dot and a word, so that colour is never the only sign."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets.theme import Theme
from app.widgets.theme_tokens import Tokens

DOT = 6.0
EDGE = 8.0
BETWEEN = 4.0


class ChipKind(StrEnum):
    """The meaning of a chip's colour."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    INFO = "info"
    QUIET = "quiet"


def colours(tokens: Tokens, kind: ChipKind) -> tuple[str, str]:
    """Return the colours of a chip's word and of its background."""
    return {
        ChipKind.GOOD: (tokens.good, tokens.good_tint),
        ChipKind.WARN: (tokens.warn, tokens.warn_tint),
        ChipKind.BAD: (tokens.bad, tokens.bad_tint),
        ChipKind.INFO: (tokens.info, tokens.info_tint),
        ChipKind.QUIET: (tokens.muted, tokens.hover),
    }[kind]


def chip_size(font: QFont, word: str) -> QSize:
    """Return the size of a chip with this word."""
    metrics = QFontMetricsF(font)
    return QSize(round(metrics.horizontalAdvance(word) + DOT + BETWEEN + 2 * EDGE + 1), round(metrics.height() + 5))


def widest_chip(theme: Theme, words: tuple[str, ...]) -> int:
    """Return the width of a chip with the longest of these words."""
    return max(chip_size(chip_font(theme), word).width() for word in words)


def paint_chip(painter: QPainter, tokens: Tokens, font: QFont, place: QRectF, kind: ChipKind, word: str) -> None:
    """Paint a chip at the left of ``place``, vertically centred; its word is shortened where there is no room."""
    ink, tint = (QColor(colour) for colour in colours(tokens, kind))
    wanted = chip_size(font, word)
    pill = QRectF(place.left(), 0, min(wanted.width(), place.width()), wanted.height())
    pill.moveTop(place.center().y() - pill.height() / 2)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tint)
    painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
    painter.setBrush(ink)
    painter.drawEllipse(QRectF(pill.left() + EDGE, pill.center().y() - DOT / 2, DOT, DOT))
    painter.setPen(ink)
    painter.setFont(font)
    words = pill.adjusted(EDGE + DOT + BETWEEN, 0, -EDGE + 1, 0)
    shown = QFontMetricsF(font).elidedText(word, Qt.TextElideMode.ElideRight, words.width() + 1)
    painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine), shown)


class Chip(QWidget):
    """A chip as a widget."""

    def __init__(
        self, theme: Theme, word: str = "", kind: ChipKind = ChipKind.QUIET, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme, self._word, self._kind = theme, "", kind
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.tell(word, kind)
        theme.changed.connect(self.update)

    @property
    def word(self) -> str:
        """Return the word."""
        return self._word

    @property
    def kind(self) -> ChipKind:
        """Return the kind."""
        return self._kind

    def tell(self, word: str, kind: ChipKind) -> None:
        """Change word and kind."""
        if (word, kind) == (self._word, self._kind):
            return
        self._word, self._kind = word, kind
        self.setAccessibleName(word)
        if self.parentWidget() is not None or not word:  # without a parent it would become a window
            self.setVisible(bool(word))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return chip_size(self._font(), self._word)

    def minimumSizeHint(self) -> QSize:
        return chip_size(self._font(), self._word if len(self._word) < 16 else self._word[:12] + "…")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        paint_chip(painter, self._theme.tokens, self._font(), QRectF(self.rect()), self._kind, self._word)

    def _font(self) -> QFont:
        return chip_font(self._theme)


def chip_font(theme: Theme) -> QFont:
    """Return the font of a chip's word."""
    font = theme.font("small")
    font.setWeight(QFont.Weight.Medium)
    return font
