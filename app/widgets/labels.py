"""Text on the screen: always plain text, whatever its source."""

from __future__ import annotations

import re
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from app.widgets.styled import restyle

LabelType = Literal["title", "figure", "heading", "body", "strong", "small"]
LabelTone = Literal["text", "muted", "faint", "accent", "good", "warn", "bad", "info"]
MARKS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F), "\N{REPLACEMENT CHARACTER}")
"""Characters that change the direction of surrounding text, with their replacement."""
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    """Return foreign text for one line: line ends and control characters become spaces, direction marks are shown."""
    plain = text.translate(MARKS)
    return "".join(char if char.isprintable() else " " for char in plain)


def many_lines(text: str) -> str:
    """Return foreign text for several lines, without characters that would turn or hide surrounding text."""
    plain = text.translate(MARKS).replace("\r\n", "\n").replace("\r", "\n")
    if plain.isascii() and plain.replace("\n", "").replace("\t", "").isprintable():
        return plain
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", plain)


class Label(QLabel):
    """A line of text; ``wrap`` allows several lines. Never rich text."""

    def __init__(
        self,
        text: str = "",
        type_: LabelType = "body",
        tone: LabelTone = "text",
        *,
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("type", type_)
        self.setProperty("tone", tone)
        self.setWordWrap(wrap)
        self.setText(text)
        if wrap:
            self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            self.setMinimumWidth(80)

    def set_tone(self, tone: LabelTone) -> None:
        """Change the colour."""
        restyle(self, "tone", tone)

    # Layouts estimate a wrapped label's height before they know its width, and then cut it or leave a gap. So it claims
    # no height for width, and requests the height for the width that it got.

    def hasHeightForWidth(self) -> bool:
        return False

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width(), self._needed()) if self.wordWrap() else hint

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self._needed()) if self.wordWrap() else super().minimumSizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.wordWrap():
            self._stand()

    def setText(self, text: str) -> None:
        super().setText(many_lines(text))
        if self.wordWrap():
            self._stand()

    def _stand(self) -> None:
        needed = self._needed()
        if needed != self.minimumHeight():
            self.setMinimumHeight(needed)
            self.updateGeometry()

    def _needed(self) -> int:
        return max(0, self.heightForWidth(max(self.width(), self.minimumWidth())))


class ElidedLabel(QLabel):
    """One line of foreign text, shortened with an ellipsis where there is no room; the tool tip has all of it."""

    def __init__(
        self,
        text: str = "",
        type_: LabelType = "body",
        tone: LabelTone = "text",
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("type", type_)
        self.setProperty("tone", tone)
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:
        line = one_line(text)
        super().setText(line)
        self.setAccessibleName(line)

    def set_tone(self, tone: LabelTone) -> None:
        """Change the colour."""
        restyle(self, "tone", tone)

    def minimumSizeHint(self) -> QSize:
        wanted = super().minimumSizeHint()
        return QSize(min(wanted.width(), self.fontMetrics().horizontalAdvance("…") * 3), wanted.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        room = self.contentsRect()
        line = self.fontMetrics().elidedText(self.text(), self._mode, room.width())
        whole = self.text() if line != self.text() else ""
        if self.toolTip() != whole:
            self.setToolTip(plain_tip(whole))
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(room, int(self.alignment() | Qt.TextFlag.TextSingleLine), line)


def plain_tip(text: str) -> str:
    """Return a tool tip that Qt cannot mistake for rich text."""
    if not text:
        return ""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    return f"<qt>{safe}</qt>"


def width_of(font: QFont, *samples: str) -> int:
    """Return the width of the widest of these texts, in pixels rounded up."""
    metrics = QFontMetrics(font)
    return max(metrics.horizontalAdvance(sample) for sample in samples) + 1


def line() -> QFrame:
    """Return a thin separator line."""
    frame = QFrame()
    frame.setProperty("role", "line")
    return frame
