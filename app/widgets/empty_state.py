"""The placeholder of an empty list: what is missing, how to fill it, and the button for it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app import assets
from app.assets import IconName
from app.widgets.buttons import PrimaryButton
from app.widgets.labels import Label
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16, GAP_24


class EmptyState(QWidget):
    """One icon, two lines, one button; emits ``pressed`` for the button."""

    pressed = Signal()

    def __init__(
        self,
        theme: Theme,
        name: str,
        icon: IconName,
        title: str,
        words: str,
        button: str = "",
        button_icon: IconName | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._theme, self._icon = theme, icon
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_24, GAP_24, GAP_24, GAP_24)
        column.setSpacing(GAP_8)
        column.addStretch(1)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = Label(title, "heading")
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words = Label(words, "body", "muted", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        column.addWidget(self._picture)
        column.addWidget(self.title)
        column.addWidget(self.words)
        self.button = PrimaryButton(theme, button, f"{name}-button", button_icon)
        self.button.clicked.connect(self.pressed)
        self.button.setVisible(bool(button))
        column.addSpacing(GAP_16 - GAP_8)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        theme.changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        tokens = self._theme.tokens
        self._picture.setPixmap(assets.pixmap(self._icon, tokens.faint, 36, self.devicePixelRatioF()))
