"""A card: a surface with a thin border."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.widgets.labels import Label, line
from app.widgets.theme_tokens import GAP_8, GAP_12, GAP_16


class Card(QFrame):
    """A card; widgets are added to its column ``body``. A ``title`` is above a line, like a table's header.

    ``head`` is the title's row, for widgets at its right.
    """

    def __init__(
        self, title: str = "", *, name: str = "", padded: bool = True, gap: int = GAP_12, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        if name:
            self.setObjectName(name)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.setSpacing(0)
        self.head = QHBoxLayout()
        self.title = Label(title, "heading")
        if title:
            self.head.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
            self.head.setSpacing(GAP_8)
            self.head.addWidget(self.title)
            self.head.addStretch(1)
            self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            whole.addLayout(self.head)
            whole.addWidget(line())
        else:
            self.title.setParent(None)
        self.body = QVBoxLayout()
        edge = GAP_16 if padded else 0
        self.body.setContentsMargins(edge, GAP_16 - 2 if padded else 0, edge, GAP_16 - 2 if padded else 0)
        self.body.setSpacing(gap)
        whole.addLayout(self.body, 1)
