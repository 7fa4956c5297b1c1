"""The look of the windows: follows the system or the user's choice, and notifies widgets that paint themselves."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QIcon
from PySide6.QtWidgets import QApplication

from app import assets
from app.widgets.theme_sheet import SIZES, palette, sheet
from app.widgets.theme_tokens import DARK, LIGHT, ROW_HEIGHT, Tokens, Tone
from proxy_core.config.settings import Appearance

Type = Literal["title", "figure", "heading", "body", "strong", "small", "mono"]
"""The kind of a text, which determines its size and weight."""


class Theme(QObject):
    """The look of one application.

    Emits ``changed`` after colours or fonts have changed, when the application's style sheet and palette are up to
    date. Widgets that paint themselves read :attr:`tokens` when they paint.
    """

    changed = Signal()

    def __init__(self, application: QApplication, appearance: Appearance = Appearance.SYSTEM) -> None:
        super().__init__(application)
        self._application = application
        self._appearance = appearance
        self._tokens = LIGHT
        self._fonts: dict[Type, QFont] = {}
        application.setStyle("Fusion")
        own = QFont(application.font())
        if own.pointSizeF() <= 0:  # a font given in pixels
            own.setPointSizeF(10.0)
        own.setFeature(QFont.Tag("tnum"), 1)
        application.setFont(own)
        self._own = own
        application.styleHints().colorSchemeChanged.connect(self._follow)
        self._dress()

    @property
    def tokens(self) -> Tokens:
        """Return the current colours."""
        return self._tokens

    @property
    def dark(self) -> bool:
        """Return whether they are the dark ones."""
        return self._tokens is DARK

    def apply(self, appearance: Appearance) -> None:
        """Follow the system, or stay light or dark."""
        if appearance is self._appearance:
            return
        self._appearance = appearance
        hints = self._application.styleHints()
        # Title bars and the system's dialogs follow where the platform supports it.
        match appearance:
            case Appearance.SYSTEM:
                hints.unsetColorScheme()
            case Appearance.LIGHT:
                hints.setColorScheme(Qt.ColorScheme.Light)
            case Appearance.DARK:
                hints.setColorScheme(Qt.ColorScheme.Dark)
        self._follow()

    def font(self, kind: Type) -> QFont:
        """Return the font of a kind of text, based on the user's; ``mono`` is the system's fixed font at the small
        size.
        """
        if kind not in self._fonts:
            self._fonts[kind] = self._made(kind)
        return QFont(self._fonts[kind])

    def colour(self, tone: Tone) -> QColor:
        """Return the colour of text and icons of a tone."""
        return QColor(self._tokens.tone(tone))

    def icon(self, name: assets.IconName, tone: Tone = "muted", *, roomy: bool = False) -> QIcon:
        """Return an icon in a tone, grey when disabled; ``roomy`` for one beside a word."""
        return assets.icon(name, self._tokens.tone(tone), self._tokens.line_strong, roomy=roomy)

    @property
    def row_height(self) -> int:
        """Return the height of a table's row with the user's font."""
        return max(ROW_HEIGHT, round(QFontMetricsF(self.font("body")).height() + 20))

    def _made(self, kind: Type) -> QFont:
        if kind == "mono":
            font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
            font.setPointSizeF(self._own.pointSizeF() * SIZES["small"])
            return font
        font = QFont(self._own)
        font.setPointSizeF(self._own.pointSizeF() * SIZES.get(kind, 1.0))
        if kind in {"title", "figure", "heading", "strong"}:
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def _follow(self) -> None:
        tokens = self._wanted()
        if tokens is not self._tokens:
            self._dress()

    def _wanted(self) -> Tokens:
        match self._appearance:
            case Appearance.LIGHT:
                return LIGHT
            case Appearance.DARK:
                return DARK
            case Appearance.SYSTEM:
                # Unknown, as on a bare X11 display, counts as light.
                return DARK if self._application.styleHints().colorScheme() is Qt.ColorScheme.Dark else LIGHT

    def _dress(self) -> None:
        self._tokens = self._wanted()
        self._application.setPalette(palette(self._tokens))
        self._application.setStyleSheet(sheet(self._tokens, self._own.pointSizeF(), dark=self.dark))
        self.changed.emit()
