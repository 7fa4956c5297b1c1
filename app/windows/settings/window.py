"""The Settings window: places at the left, a page at the right, and below it what was just saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.commands import ChangeSettings
from app.state.query_results import QueryResult
from app.widgets.buttons import QuietButton
from app.widgets.confirm_dialog import ask
from app.widgets.labels import Label, line
from app.widgets.layouts import scrolling
from app.widgets.nav_list import NavList, Place
from app.widgets.notice import Notice
from app.widgets.said_line import SaidLine
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_12, GAP_16, GAP_24
from app.windows.settings import questions
from app.windows.settings.about_page import AboutPage
from app.windows.settings.general_page import GeneralPage
from app.windows.settings.log_page import LogPage
from app.windows.settings.models_page import ModelsPage
from app.windows.settings.page import Page
from app.windows.settings.profiles_page import ProfilesPage
from app.windows.settings.proxy_page import ProxyPage
from app.windows.settings.terminal_page import TerminalPage

_SMALLEST = QSize(760, 480)
_USUAL = QSize(1040, 760)


class SettingsWindow(QMainWindow):
    """Shows a state while it is visible; says every wish of its pages through ``command_requested``."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme, catalogue: Catalogue) -> None:
        super().__init__()
        self.setObjectName("settings-window")
        self.setWindowTitle(self.tr("Understudy settings"))
        self.setMinimumSize(_SMALLEST)
        self.resize(_USUAL)
        self._state = AppState()
        self._drawn: tuple[Any, ...] = ()
        self._told = self._state.configuration
        self._makers: dict[str, Callable[[], Page]] = {
            "models": lambda: ModelsPage(theme, catalogue),
            "profiles": lambda: ProfilesPage(theme),
            "general": lambda: GeneralPage(theme),
            "proxy": lambda: ProxyPage(theme),
            "log": lambda: LogPage(theme, catalogue),
            "terminal": lambda: TerminalPage(theme),
            "about": lambda: AboutPage(theme),
        }
        self._made: dict[str, Page] = {}
        self._areas: dict[str, QScrollArea] = {}
        self._stack = QStackedWidget()
        whole = QWidget()
        whole.setProperty("role", "window")
        across = QHBoxLayout(whole)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self._side(theme))
        right = QVBoxLayout()
        right.setSpacing(0)
        self.troubles = Notice("settings-troubles")
        above = QVBoxLayout()
        above.setContentsMargins(GAP_24, 0, GAP_24, 0)
        above.addWidget(self.troubles)
        right.addLayout(above)
        right.addWidget(self._stack, 1)
        right.addWidget(line())
        right.addLayout(self._foot(theme))
        across.addLayout(right, 1)
        self.setCentralWidget(whole)
        QShortcut(QKeySequence("Ctrl+W"), self, self.close)
        for number, id_ in enumerate(self._makers, start=1):
            QShortcut(QKeySequence(f"Ctrl+{number}"), self, lambda own=id_: self.open_page(own))
        self.open_page("models")

    @property
    def place(self) -> str:
        """The name of the page that is open."""
        return next(name for name, area in self._areas.items() if area is self._stack.currentWidget())

    def page(self, name: str) -> Page:
        """A page by its name; it is made when it is wanted for the first time."""
        if name not in self._made:
            page = self._makers[name]()
            page.command_requested.connect(self.command_requested)
            self._made[name] = page
            self._areas[name] = scrolling(page)
            self._stack.addWidget(self._areas[name])
        return self._made[name]

    def open_page(self, name: str) -> None:
        """Go to a page by its name; an unknown name changes nothing."""
        if name in self._makers:
            page = self.page(name)
            self._draw(name)  # first, since the focus may come into a field: nothing is written into that
            self._stack.setCurrentWidget(self._areas[name])
            self.places.choose(name)
            self.restore.setVisible(bool(page.resets))

    def show_state(self, state: AppState) -> None:
        """Show what is in force."""
        self._state = state
        if self.isVisible():
            self._draw()

    def on_result(self, answer: QueryResult) -> None:
        """Pass an answer on."""
        for page in self._made.values():
            page.on_result(answer)

    def showEvent(self, event: QShowEvent) -> None:
        self._draw()
        super().showEvent(event)
        if self.focusWidget() is None:  # else Qt rings the first place, though nobody used the keyboard
            self.page(self.place).setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes the window, where no field took it for itself."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _draw(self, place: str = "") -> None:
        """Draw a page, or the open one, unless nothing that it shows is new: requests come in ten times a second."""
        state = self._state
        place = place or self.place
        now = (place, *(getattr(state, name) for name in _SHOWN))
        if now == self._drawn:
            return
        self._drawn = now
        page = self.page(place)
        page.show_state(state)
        may_restore = bool(page.changes())
        self.restore.setEnabled(may_restore)
        self.restore.setToolTip("" if may_restore else self.tr("This page has its default settings."))
        self.troubles.say("\n".join((*state.configuration.warnings, *state.troubles)))
        self.said.show_said(state.said)
        if state.configuration is not self._told:  # another change is told again, though in the same words
            self._told = state.configuration
            self.said.say(state.said)

    def _side(self, theme: Theme) -> QWidget:
        side = QWidget()
        side.setProperty("role", "side")
        side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(side)
        column.setContentsMargins(GAP_12, GAP_24, GAP_12, GAP_16)
        column.setSpacing(GAP_16)
        title = Label(self.tr("Settings"), "heading")
        title.setContentsMargins(GAP_12, 0, 0, 0)
        column.addWidget(title)
        places = (
            Place("models", self.tr("Models and keys"), "key", "Ctrl+1"),
            Place("profiles", self.tr("Profiles"), "profiles", "Ctrl+2"),
            Place("general", self.tr("General"), "settings", "Ctrl+3"),
            Place("proxy", self.tr("Proxy"), "proxy", "Ctrl+4"),
            Place("log", self.tr("Log and budget"), "log", "Ctrl+5"),
            Place("terminal", self.tr("Terminal"), "terminal", "Ctrl+6"),
            Place("about", self.tr("About"), "info", "Ctrl+7"),
        )
        self.places = NavList(theme, places, self.tr("Pages of the settings"))
        self.places.went.connect(self.open_page)
        column.addWidget(self.places)
        column.addStretch(1)
        return side

    def _foot(self, theme: Theme) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setContentsMargins(GAP_24, GAP_12, GAP_24, GAP_12)
        foot.setSpacing(GAP_8)
        self.said = SaidLine()
        self.restore = QuietButton(theme, self.tr("Restore defaults…"), "restore-defaults", flat=True)
        self.restore.clicked.connect(lambda: self._ask_to_restore(theme))
        self.close_window = QuietButton(theme, self.tr("Close"), "close-settings")
        self.close_window.clicked.connect(self.close)
        foot.addWidget(self.said, 1)
        foot.addWidget(self.restore)
        foot.addWidget(self.close_window)
        return foot

    def _ask_to_restore(self, theme: Theme) -> None:
        page = self.page(self.place)
        question = questions.restore_defaults(page.title, page.changes())
        ask(theme, self.restore, question, lambda: self.command_requested.emit(ChangeSettings(page.restored())))


_SHOWN = (
    "configuration",
    "providers",
    "keys",
    "keys_kept_in",
    "token",
    "checks",
    "trials",
    "roles",
    "reached",
    "local_servers",
    "folder",
    "recent_folders",
    "claude_installed",
    "install_command",
    "terminals",
    "troubles",
    "report",
    "said",
    "version",
    "newer_version",
)
"""The parts of the state that the pages show."""
