"""Buttons: one primary button per view, quiet buttons, links, and icon buttons."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QToolButton, QWidget

from app.assets import IconName
from app.widgets.labels import one_line, plain_tip
from app.widgets.theme import Theme
from app.widgets.theme_tokens import Tone


class _Button(QPushButton):
    def __init__(
        self, theme: Theme, text: str, name: str, icon: IconName | None, tone: Tone, parent: QWidget | None
    ) -> None:
        super().__init__(text, parent)
        self.setObjectName(name)
        # No focus ring after a click, only for the keyboard.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAutoDefault(False)
        self._theme, self._icon, self._tone = theme, icon, tone
        self.setIconSize(QSize(24, 18))  # icons beside a word are a third wider
        self._draw()
        theme.changed.connect(self._draw)

    def set_icon(self, icon: IconName) -> None:
        """Change the icon."""
        self._icon = icon
        self._draw()

    def _draw(self) -> None:
        if self._icon is not None:
            self.setIcon(self._theme.icon(self._icon, self._tone, roomy=True))


class PrimaryButton(_Button):
    """The main action of a view."""

    def __init__(
        self, theme: Theme, text: str, name: str, icon: IconName | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, text, name, icon, "on_accent", parent)
        self.setProperty("kind", "primary")


class QuietButton(_Button):
    """Any other button; ``flat`` has no border, ``danger`` is for what cannot be undone."""

    def __init__(
        self,
        theme: Theme,
        text: str,
        name: str,
        icon: IconName | None = None,
        *,
        flat: bool = False,
        danger: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, text, name, icon, "bad" if danger else "muted", parent)
        self.setProperty("kind", "flat" if flat else "danger" if danger else "quiet")


class LinkButton(QPushButton):
    """A value that leads somewhere; shortened where there is no room, with the full text as tool tip."""

    def __init__(self, text: str, name: str, leads_to: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("kind", "link")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._whole = one_line(text)
        self.setAccessibleName(f"{self._whole}. {leads_to}")
        self.setToolTip(plain_tip(f"{self._whole}\n{leads_to}"))

    def sizeHint(self) -> QSize:
        return QSize(60, self.fontMetrics().height())

    minimumSizeHint = sizeHint

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, self.width() - 4)
        self.setText(shown.replace("&", "&&"))


class IconButton(QToolButton):
    """A button with an icon only; ``text`` is its tool tip and its accessible name, ``keys`` the shortcut shown."""

    def __init__(
        self, theme: Theme, icon: IconName, text: str, name: str, *, keys: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIconSize(QSize(18, 18))
        self._theme, self._icon, self._keys = theme, icon, keys
        self.say(text)
        self._draw()
        theme.changed.connect(self._draw)

    def say(self, text: str) -> None:
        """Change the description of what it does."""
        self.setAccessibleName(text)
        self.setToolTip(f"{text} ({self._keys})" if self._keys else text)

    def set_icon(self, icon: IconName) -> None:
        """Change the icon."""
        if icon != self._icon:
            self._icon = icon
            self._draw()

    def _draw(self) -> None:
        self.setIcon(self._theme.icon(self._icon))
