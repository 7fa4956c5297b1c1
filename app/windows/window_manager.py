"""The windows, made when they are first wanted: each shows the state, says wishes and stands where it stood."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol, cast

from PySide6.QtCore import QByteArray, QEvent, QObject, QUrl, Signal, SignalInstance
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.query_results import QueryResult
from app.state.ui_state import UiStateStore
from app.widgets.theme import Theme
from proxy_core.ledger.rows import Filter

if TYPE_CHECKING:
    from app.windows.settings.window import SettingsWindow
    from app.windows.watch.window import WatchWindow

WATCH: Final = "watch"
SETTINGS: Final = "settings"
FIRST_RUN: Final = "first_run"


class ManagedWindow(Protocol):
    """What all of them can."""

    command_requested: SignalInstance

    def show_state(self, state: AppState) -> None:
        """Draw a state."""
        ...

    def on_result(self, answer: QueryResult) -> None:
        """Take an answer that was asked for."""
        ...


class WindowManager(QObject):
    """``command_requested`` carries what every window wishes. ``memory`` knows where they stood."""

    command_requested = Signal(object)

    def __init__(
        self,
        theme: Theme,
        catalogue: Catalogue,
        state: AppState,
        memory: UiStateStore,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._catalogue = catalogue
        self._state = state
        self._memory = memory
        self._windows: dict[str, QWidget] = {}

    @property
    def any_visible(self) -> bool:
        """Whether a person sees one of them."""
        return any(window.isVisible() for window in self._windows.values())

    def show_state(self, state: AppState) -> None:
        """The state to every window that is there."""
        self._state = state
        self._theme.apply(state.settings.general.appearance)
        for window in self._windows.values():
            cast(ManagedWindow, window).show_state(state)

    def on_result(self, answer: QueryResult) -> None:
        """An answer to every window that is there: each takes what it asked for."""
        for window in self._windows.values():
            cast(ManagedWindow, window).on_result(answer)

    def add(self, name: str, window: QWidget) -> None:
        """Another window: it is shown the state, it hears answers, and its wishes are taken."""
        cast(ManagedWindow, window).command_requested.connect(self.command_requested)
        self._windows[name] = window
        cast(ManagedWindow, window).show_state(self._state)

    def show_watch(self, page: str = "") -> None:
        """The watch window to the front; while first run is due, that one."""
        if self._state.first_run:
            _to_front(self._window(FIRST_RUN))
            return
        window = self._watch()
        if page:
            window.open_page(page)
        _to_front(window)

    def read_newest(self) -> None:
        """Another process has written to the ledger: who looks at it is shown that too."""
        watch = self._windows.get(WATCH)
        if watch is not None and watch.isVisible():
            cast("WatchWindow", watch).read_newest()

    def show_requests(self, wanted: Filter, id_: str) -> None:
        """The watch window to the front, at these requests."""
        window = self._watch()
        window.show_requests(wanted, id_)
        _to_front(window)

    def show_settings(self, page: str = "") -> None:
        """The Settings window to the front."""
        window = cast("SettingsWindow", self._window(SETTINGS))
        if page:
            window.open_page(page)
        _to_front(window)

    def end_first_run(self) -> None:
        """First run's window away, the watch window in its place."""
        self._state = replace(self._state, first_run=False)
        _to_front(self._watch())
        first_run = self._windows.pop(FIRST_RUN, None)
        if first_run is not None:
            first_run.removeEventFilter(self)
            first_run.close()
            first_run.deleteLater()

    def copy(self, text: str) -> None:
        """A text to the clipboard."""
        QGuiApplication.clipboard().setText(text)

    def open_link(self, url: str) -> None:
        """A page or a folder in what the system opens it with."""
        QDesktopServices.openUrl(QUrl(url))

    def quit(self) -> None:
        """End the application."""
        QApplication.quit()

    def close(self) -> None:
        """Every window away, and where it stood kept."""
        self._keep_geometry()
        for window in self._windows.values():
            window.removeEventFilter(self)
            window.hide()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Keep where a window stood when it is closed."""
        if event.type() is QEvent.Type.Close:
            self._keep_geometry()
        return False

    def _watch(self) -> WatchWindow:
        return cast("WatchWindow", self._window(WATCH))

    def _window(self, name: str) -> QWidget:
        if name not in self._windows:
            window = self._made(name)
            window.installEventFilter(self)
            stood = self._memory.now.geometry.get(name, "")
            if stood:
                window.restoreGeometry(QByteArray(base64.b64decode(stood)))
            self.add(name, window)
        return self._windows[name]

    def _made(self, name: str) -> QWidget:
        match name:
            case "watch":
                from app.windows.watch.window import WatchWindow  # noqa: PLC0415 - when it is first wanted

                return WatchWindow(self._theme, self._catalogue)
            case "settings":
                from app.windows.settings.window import SettingsWindow  # noqa: PLC0415

                return SettingsWindow(self._theme, self._catalogue)
            case _:
                from app.windows.first_run.window import FirstRunWindow  # noqa: PLC0415

                return FirstRunWindow(self._theme, self._catalogue)

    def _keep_geometry(self) -> None:
        now = {name: _text(window.saveGeometry()) for name, window in self._windows.items() if name != FIRST_RUN}
        self._memory.change(lambda known: replace(known, geometry={**known.geometry, **now}))


def _text(geometry: QByteArray) -> str:
    return base64.b64encode(geometry.data()).decode()


def _to_front(window: QWidget) -> None:
    if window.isMinimized():
        window.showNormal()
    else:
        window.show()
    window.raise_()
    window.activateWindow()
