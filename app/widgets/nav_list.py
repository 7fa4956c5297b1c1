"""The entries of a window's sidebar."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from app import assets
from app.assets import IconName
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_12


@dataclass(frozen=True, slots=True)
class Place:
    """An entry: id, word and icon; ``keys`` is its shortcut. ``goes_elsewhere`` is never shown as the current one."""

    id: str
    word: str
    icon: IconName
    keys: str = ""
    goes_elsewhere: bool = False


class NavEntry(QAbstractButton):
    """One entry with its icon and word."""

    def __init__(self, theme: Theme, place: Place, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place = place
        self._theme = theme
        self.setObjectName(f"nav-{place.id}")
        self.setText(place.word)
        self.setAccessibleName(place.word)
        if place.keys:
            self.setToolTip(f"{place.word} ({place.keys})")
        self.setCheckable(not place.goes_elsewhere)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._font())
        return QSize(round(metrics.horizontalAdvance(self.text())) + 20 + 4 * GAP_12, round(metrics.height()) + 18)

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._theme.tokens
        pill = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked():
            painter.setBrush(QColor(tokens.accent_tint))
            painter.drawRoundedRect(pill, 6, 6)
        elif self.underMouse():
            painter.setBrush(QColor(tokens.hover))
            painter.drawRoundedRect(pill, 6, 6)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(pill, 6, 6)
        ink = tokens.accent_on_tint if self.isChecked() else tokens.muted
        picture = assets.pixmap(self.place.icon, ink, 20, self.devicePixelRatioF())
        painter.drawPixmap(GAP_12, round((self.height() - 20) / 2), picture)
        painter.setPen(QColor(ink))
        painter.setFont(self._font())
        words = QRectF(self.rect()).adjusted(20 + 2 * GAP_12 - 2, 0, -GAP_4, 0)
        painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter), self.text())

    def _font(self) -> QFont:
        font = self._theme.font("body")
        font.setWeight(QFont.Weight.Medium)
        return font


class NavList(QWidget):
    """Entries one below the other; emits ``went`` with the id of a clicked one. Up and Down move the focus."""

    went = Signal(str)

    def __init__(self, theme: Theme, places: tuple[Place, ...], accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(accessible)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_4)
        self._entries = tuple(NavEntry(theme, place, self) for place in places)
        for entry in self._entries:
            column.addWidget(entry)
            entry.clicked.connect(lambda _=False, own=entry: self._clicked(own))

    def choose(self, id_: str) -> None:
        """Show an entry as current, without emitting ``went``."""
        for entry in self._entries:
            entry.setChecked(entry.isCheckable() and entry.place.id == id_)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        at = next((n for n, entry in enumerate(self._entries) if entry.hasFocus()), None)
        if step is None or at is None:
            super().keyPressEvent(event)
        else:
            self._entries[(at + step) % len(self._entries)].setFocus(Qt.FocusReason.TabFocusReason)

    def _clicked(self, entry: NavEntry) -> None:
        if entry.isCheckable():
            self.choose(entry.place.id)
        self.went.emit(entry.place.id)
