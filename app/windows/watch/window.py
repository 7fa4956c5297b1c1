"""The watch window: sidebar, notices and pages in one frame, reached by mouse and keyboard alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, assert_never

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.commands import ChooseFolder, Quit, ShowSettings
from app.state.query_results import (
    BodiesRead,
    FirstRequestProgress,
    LogMeasured,
    NamesRead,
    PageRead,
    QueryResult,
    ReplayProgress,
    SessionsRead,
    UsageRead,
)
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_16, GAP_24
from app.widgets.toast import Toast
from app.windows.watch.notices import NoticeStrip
from app.windows.watch.requests_page import RequestsPage
from app.windows.watch.sessions_page import SessionsPage
from app.windows.watch.sidebar import Sidebar
from app.windows.watch.usage_page import UsagePage
from proxy_core.ledger.rows import Filter

PAGES: Final = ("requests", "sessions", "usage")
SIZE: Final = (1300, 800)
SMALLEST: Final = (860, 560)
"""Device-independent pixels: half of a display of 1920 by 1080 is wide enough, and so is a small notebook's."""


class WatchWindow(QMainWindow):
    """Draws an :class:`AppState`, takes answers, says wishes.

    ``catalogue`` is what "Run again on…" searches; without one a model's name is typed. ``clock`` gives Unix time in
    seconds.
    """

    command_requested = Signal(object)

    def __init__(
        self, theme: Theme, catalogue: Catalogue | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self.setObjectName("watch")
        self.setWindowTitle("Understudy")
        self.resize(*SIZE)
        self.setMinimumSize(*SMALLEST)
        self.setAcceptDrops(True)
        middle = QWidget()
        middle.setProperty("role", "window")
        whole = QHBoxLayout(middle)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        self.sidebar = Sidebar(theme)
        whole.addWidget(self.sidebar)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        self.notices = NoticeStrip(theme)
        self.notices.setContentsMargins(GAP_24, GAP_16, GAP_24, 0)
        right.addWidget(self.notices)
        self.requests = RequestsPage(theme, catalogue, clock)
        self.sessions = SessionsPage(theme, clock)
        self.usage = UsagePage(theme, clock)
        self._pages = QStackedWidget()
        for page in (self.requests, self.sessions, self.usage):
            page.command_requested.connect(self.command_requested)
            page.launch.connect(self.sidebar.launch)
            self._pages.addWidget(page)
        right.addWidget(self._pages, 1)
        whole.addLayout(right, 1)
        self._middle = middle
        self.setCentralWidget(middle)
        self._toast = Toast(middle)
        self.sidebar.command_requested.connect(self.command_requested)
        self.sidebar.went.connect(self.open_page)
        self.notices.command_requested.connect(self.command_requested)
        self._keys()
        self.sidebar.nav.choose(PAGES[0])

    @property
    def page(self) -> str:
        """The id of the page that is shown."""
        return PAGES[self._pages.currentIndex()]

    def show_state(self, state: AppState) -> None:
        """Draw what the app knows."""
        self.sidebar.show_state(state)
        self.notices.show_state(state)
        self.requests.show_state(state)
        self.sessions.show_state(state)
        self.usage.show_state(state)
        self._toast.show_said(state.said)

    def on_result(self, answer: QueryResult) -> None:
        """Pass an answer on to the page that asked."""
        match answer:
            case PageRead() | BodiesRead() | ReplayProgress():
                self.requests.on_result(answer)
            case NamesRead():
                self.requests.on_result(answer)
            case SessionsRead():
                self.sessions.on_result(answer)
            case UsageRead():
                self.usage.on_result(answer)
            case FirstRequestProgress() | LogMeasured():
                pass
            case _:
                assert_never(answer)

    def open_page(self, name: str) -> None:
        """Go to a page; an unknown name stays where one is."""
        if name not in PAGES:
            return
        self._pages.setCurrentIndex(PAGES.index(name))
        self.sidebar.nav.choose(name)
        if name == "sessions":
            self.sessions.begin()
        elif name == "usage":
            self.usage.begin()
        else:
            self.requests.read_newest()
        self._shown().setFocus(Qt.FocusReason.OtherFocusReason)

    def show_requests(self, wanted: Filter, id_: str = "") -> None:
        """The Requests page with this filter; one request chosen if ``id_`` names one."""
        self._pages.setCurrentIndex(0)
        self.sidebar.nav.choose(PAGES[0])
        self.requests.show_requests(wanted, id_)

    def read_newest(self) -> None:
        """The page that is shown looks what is new on disk."""
        pages = {"sessions": self.sessions.begin, "usage": self.usage.begin, "requests": self.requests.read_newest}
        pages[self.page]()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        needed = self._middle.minimumSizeHint()
        self.setMinimumSize(max(SMALLEST[0], needed.width()), max(SMALLEST[1], needed.height()))
        if self.focusWidget() is None:  # else Qt chooses the first button, with a ring that nobody asked for
            self._shown().setFocus(Qt.FocusReason.OtherFocusReason)
        if self.page == PAGES[0]:
            self.requests.read_newest()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # No shortcut: a field that has its own use for Esc is asked first.
        if event.key() == Qt.Key.Key_Escape and self.page == PAGES[0]:
            self.requests.step_back()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        local = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if local:
            event.acceptProposedAction()
            self.command_requested.emit(ChooseFolder(local[0]))

    def _shown(self) -> QWidget:
        return (self.requests, self.sessions, self.usage)[self._pages.currentIndex()]

    def _keys(self) -> None:
        for at, name in enumerate(PAGES, 1):
            self._key(f"Ctrl+{at}").activated.connect(lambda page=name: self.open_page(page))
        self._key("Ctrl+L").activated.connect(self.sidebar.launch)
        self._key("Ctrl+,").activated.connect(lambda: self.command_requested.emit(ShowSettings()))
        self._key("Ctrl+F").activated.connect(self._search)
        self._key("Ctrl+W").activated.connect(self.close)
        self._key("Ctrl+Q").activated.connect(lambda: self.command_requested.emit(Quit()))

    def _key(self, keys: str) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        return shortcut

    def _search(self) -> None:
        self.open_page(PAGES[0])
        self.requests.focus_search()
