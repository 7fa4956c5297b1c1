"""Choosing one more provider: any that is known, or an endpoint of one's own."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QStackedWidget, QVBoxLayout, QWidget

from app.widgets.buttons import IconButton, QuietButton
from app.widgets.labels import Label
from app.widgets.search_field import SearchField
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_12, GAP_16
from app.windows.settings.custom_endpoint import CustomEndpoint
from proxy_core.catalogue.values import Provider

_ID: Final = int(Qt.ItemDataRole.UserRole)
_ROWS: Final = 6


class AddProvider(QWidget):
    """``picked`` says the id of a known provider, ``made`` a custom one's id, its settings and its key or None."""

    picked = Signal(str)
    made = Signal(str, object, object)
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("add-provider-panel")
        self._theme = theme
        self._providers: tuple[Provider, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        column.setSpacing(GAP_12)
        head = QHBoxLayout()
        head.setSpacing(GAP_8)
        self.search = SearchField(theme, "search-providers", self.tr("Search providers"))
        self.search.textChanged.connect(self._list)
        self.search.returnPressed.connect(self._pick_first)
        self.own = QuietButton(theme, self.tr("Custom endpoint"), "custom-endpoint", "link")
        self.own.setCheckable(True)
        self.own.toggled.connect(self._show_own)
        self.close_panel = IconButton(theme, "close", self.tr("Close"), "close-add-provider")
        self.close_panel.clicked.connect(self.closed)
        head.addWidget(self.search, 1)
        head.addWidget(self.own)
        head.addWidget(self.close_panel)
        column.addLayout(head)
        self.list = QListWidget()
        self.list.setObjectName("known-providers")
        self.list.setAccessibleName(self.tr("Known providers"))
        self.list.setUniformItemSizes(True)
        self.list.itemActivated.connect(lambda item: self.picked.emit(item.data(_ID)))
        self.list.itemClicked.connect(lambda item: self.picked.emit(item.data(_ID)))
        self.list.setFixedHeight(_ROWS * theme.row_height)
        self.endpoint = CustomEndpoint(theme)
        self.endpoint.made.connect(self.made)
        self._nothing = Label(self.tr("No provider of this name is known. Add it as a custom endpoint."), tone="muted")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._nothing.setWordWrap(True)
        self._stack = QStackedWidget()
        for page in (self.list, self._nothing, self.endpoint):
            self._stack.addWidget(page)
        column.addWidget(self._stack)

    def offer(self, providers: tuple[Provider, ...], taken: frozenset[str]) -> None:
        """Offer these; ids in ``taken`` cannot be a custom endpoint's."""
        self._providers = providers
        self.endpoint.avoid(taken)
        self._list()

    def begin(self) -> None:
        """Start anew."""
        self.search.clear()
        self.own.setChecked(False)
        self.endpoint.clear()
        self._list()
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def _list(self) -> None:
        wanted = self.search.text().lower().split()
        self.list.clear()
        for provider in self._providers:
            if all(word in f"{provider.name} {provider.id}".lower() for word in wanted):
                told = provider.name if provider.name.lower() == provider.id else f"{provider.name}  ·  {provider.id}"
                item = QListWidgetItem(told)
                item.setData(_ID, provider.id)
                self.list.addItem(item)
        if not self.own.isChecked():
            self._stack.setCurrentWidget(self.list if self.list.count() else self._nothing)

    def _pick_first(self) -> None:
        if self.list.count():
            self.picked.emit(self.list.item(0).data(_ID))

    def _show_own(self, on: bool) -> None:
        self.search.setEnabled(not on)
        self._stack.setCurrentWidget(self.endpoint if on else self.list)
        if on:
            self.endpoint.begin()
        else:
            self._list()
