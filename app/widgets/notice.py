"""A tinted line with something to know before going on."""

from __future__ import annotations

from typing import Literal

from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app.i18n.said import said
from app.widgets.labels import Label
from app.widgets.theme_tokens import GAP_8, GAP_12

NoticeTone = Literal["info", "warn", "bad"]


class Notice(QFrame):
    """A sentence on a tint, hidden while it is empty. ``row`` takes a button after the words."""

    def __init__(self, name: str, tone: NoticeTone = "warn", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("role", "notice")
        self.setProperty("tone", tone)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(GAP_12, GAP_8, GAP_12, GAP_8)
        self.row.setSpacing(GAP_12)
        self.words = Label("", "body", tone, wrap=True)
        self.row.addWidget(self.words, 1)
        self.hide()

    def say(self, sentence: str) -> None:
        """Show this sentence; hide if it is empty."""
        self.words.setText(said(sentence))
        self.setAccessibleName(self.words.text())
        self.setVisible(bool(sentence))
