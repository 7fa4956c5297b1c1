"""The tray icon and its menu, which show the state and emit commands; the same on every kind of tray."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Final

from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.i18n.said import said
from app.platform.notifications import Note
from app.state.app_state import AppState, Phase
from app.state.commands import (
    Command,
    CopyAddress,
    LaunchClaudeCode,
    Quit,
    ShowRequests,
    ShowSettings,
    ShowWatch,
    StartProxy,
    StopProxy,
    SwitchProfile,
)
from app.tray.tray_icon import shape_of, tray_icon
from app.widgets import figures, labels
from app.widgets.folders import ask_folder, from_home
from app.widgets.spending_text import spend

translate = QCoreApplication.translate

_MESSAGE_FOR: Final = 8_000
"""Milliseconds that a notification stays, where the system lets the app decide."""

_WATCHER: Final = "org.kde.StatusNotifierWatcher"

_LONGEST: Final = 60
"""Characters of a menu entry; trays do not limit a menu's width."""

_LONGEST_NOTE: Final = 300
"""Characters of a notification's text: more than desktops show, fewer than a provider's error page."""


class Tray(QObject):
    """Emits ``command_requested`` for chosen entries. :meth:`join` shows the icon, and may be called repeatedly."""

    command_requested = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._icon: QSystemTrayIcon | None = None
        self._state = AppState()
        self._noted: Note | None = None
        self._speaks_dbus = False
        self._underscore = "_"
        self.menu = QMenu()
        self.menu.setObjectName("tray_menu")
        self._status = self._entry(self.menu, "tray_status", CopyAddress)
        self._toggle = self._entry(self.menu, "tray_toggle", self._toggling)
        self._next = self._entry(self.menu, "tray_next_port", lambda: StartProxy(self._state.free_port))
        self.menu.addSeparator()
        self._profiles = self.menu.addMenu(translate("Tray", "Profiles"))
        self._profiles.menuAction().setObjectName("tray_profiles")
        self._launch = self.menu.addMenu(translate("Tray", "Launch Claude Code"))
        self._launch.menuAction().setObjectName("tray_launch")
        self.menu.addSeparator()
        self._today = self._entry(self.menu, "tray_today", lambda: ShowWatch("usage"))
        self._trouble = self._entry(self.menu, "tray_trouble", self._about_trouble)
        self.menu.addSeparator()
        self._open = self._entry(self.menu, "tray_open", ShowWatch, translate("Tray", "Open Understudy"))
        self._settings = self._entry(self.menu, "tray_settings", ShowSettings, translate("Tray", "Settings…"))
        self.menu.addSeparator()
        self._quit = self._entry(self.menu, "tray_quit", Quit, translate("Tray", "Quit"))
        self._fill_profiles(self._state)
        self._fill_launch(self._state)
        self.show_state(self._state)

    @property
    def is_there(self) -> bool:
        """Return whether the icon is in a tray."""
        return self._icon is not None

    def join(self) -> bool:
        """Show the icon if the desktop has a tray; return True if it has. An icon created before the tray would
        never appear.
        """
        if self._icon is None and QSystemTrayIcon.isSystemTrayAvailable():
            self._speaks_dbus = _tray_speaks_dbus()
            self._underscore = "__" if self._speaks_dbus else "_"
            self._fill_profiles(self._state)
            self._fill_launch(self._state)
            self._icon = QSystemTrayIcon(tray_icon(shape_of(self._state)), self)
            self._icon.setContextMenu(self.menu)
            self._icon.activated.connect(self._activate)
            self._icon.messageClicked.connect(self._open_noted)
            self._dress(self._state)
            self._icon.show()
        return self._icon is not None

    def leave(self) -> None:
        """Remove the icon."""
        if self._icon is not None:
            self._icon.hide()

    def show_state(self, state: AppState) -> None:
        """Show a state in the icon and the menu."""
        before, self._state = self._state, state
        self._status.setText(self._label(one_line(status_line(state))))
        self._toggle.setText(translate("Tray", "Stop") if _can_stop(state.proxy.phase) else translate("Tray", "Start"))
        self._next.setVisible(state.free_port is not None)
        self._next.setText(translate("Tray", "Start on port {0}").format(state.free_port))
        self._toggle.setEnabled(state.proxy.phase is not Phase.STOPPING)
        self._today.setText(self._label(one_line(today_line(state))))
        self._trouble.setVisible(state.trouble is not None)
        if state.trouble is not None:
            told = translate("Tray", "Last error: {0}").format(said(state.trouble.sentence))
            self._trouble.setText(self._label(one_line(told)))
        if (before.settings.profiles, before.settings.profile) != (state.settings.profiles, state.settings.profile):
            self._fill_profiles(state)
        if (before.folder, before.recent_folders) != (state.folder, state.recent_folders):
            self._fill_launch(state)
        self._dress(state)

    def notify(self, note: Note) -> None:
        """Show a notification of the system; a click on it opens its subject."""
        if self._icon is not None and QSystemTrayIcon.supportsMessages():
            self._noted = note
            kind = QSystemTrayIcon.MessageIcon
            self._icon.showMessage(
                one_line(note.title),
                note_body(note.text, markup=self._speaks_dbus),
                kind.Critical if note.urgent else kind.Information,
                _MESSAGE_FOR,
            )

    def _dress(self, state: AppState) -> None:
        if self._icon is None:
            return
        icon = tray_icon(shape_of(state))
        if self._icon.icon().cacheKey() != icon.cacheKey():
            self._icon.setIcon(icon)
        tip = f"Understudy: {status_line(state)}\n{today_line(state)}"
        if self._icon.toolTip() != tip:
            self._icon.setToolTip(tip)

    def _entry(self, menu: QMenu, name: str, command: Callable[[], Command], text: str = "") -> QAction:
        action = menu.addAction(text)
        action.setObjectName(name)
        action.triggered.connect(lambda: self.command_requested.emit(command()))
        return action

    def _fill_profiles(self, state: AppState) -> None:
        self._profiles.clear()
        for name in state.settings.profiles:
            action = self._entry(self._profiles, f"tray_profile_{name}", partial(SwitchProfile, name))
            action.setText(self._label(one_line(name)))
            action.setCheckable(True)
            action.triggered.connect(self._check_profile)
        self._check_profile()

    def _check_profile(self) -> None:
        """Check the active profile, as the settings have it: a click only asks for a change."""
        for action, name in zip(self._profiles.actions(), self._state.settings.profiles, strict=True):
            action.setChecked(name == self._state.settings.profile)

    def _fill_launch(self, state: AppState) -> None:
        self._launch.clear()
        for folder in dict.fromkeys((state.folder, *state.recent_folders)):
            if folder:
                action = self._entry(self._launch, "tray_launch_folder", partial(LaunchClaudeCode, folder))
                action.setText(self._label(short_folder(folder)))
        if not self._launch.isEmpty():
            self._launch.addSeparator()
        choose = self._launch.addAction(translate("Tray", "Choose a folder…"))
        choose.setObjectName("tray_launch_choose")
        choose.triggered.connect(self._choose)

    def _choose(self) -> None:
        title = translate("Tray", "Launch Claude Code in")
        ask_folder(
            None, title, self._state.folder, lambda folder: self.command_requested.emit(LaunchClaudeCode(folder))
        )

    def _label(self, text: str) -> str:
        """Return a text in a form in which a menu takes no character of it for a mnemonic.

        In a menu over D-Bus an underscore is one (com.canonical.dbusmenu), and Qt does not escape it.
        """
        return text.replace("&", "&&").replace("_", self._underscore)

    def _toggling(self) -> Command:
        return StopProxy() if _can_stop(self._state.proxy.phase) else StartProxy()

    def _about_trouble(self) -> Command:
        trouble = self._state.trouble
        return ShowRequests(id=trouble.request) if trouble and trouble.request else ShowWatch()

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """Open the window on a click, except on macOS, where a click opens the menu. XEMBED trays report a right
        click, too.
        """
        kinds = QSystemTrayIcon.ActivationReason
        if sys.platform != "darwin" and reason in (kinds.Trigger, kinds.DoubleClick, kinds.MiddleClick):
            self.command_requested.emit(ShowWatch())

    def _open_noted(self) -> None:
        if self._noted is not None:
            self.command_requested.emit(self._noted.opens)


def status_line(state: AppState) -> str:
    """Return the state of the proxy and its address."""
    address = state.proxy.address.partition("//")[2]
    match state.proxy.phase:
        case Phase.RUNNING:
            return translate("Tray", "Running on {0}").format(address)
        case Phase.STARTING:
            return translate("Tray", "Starting on {0}…").format(address)
        case Phase.STOPPING:
            return translate("Tray", "Stopping…")
        case Phase.STOPPED:
            return translate("Tray", "Stopped")
        case Phase.ATTENTION:
            return said(state.proxy.sentence)


def today_line(state: AppState) -> str:
    """Return today's requests and spend."""
    requests = figures.requests(state.today.requests)
    if not state.today.priced:
        return translate("Tray", "Today: {0}").format(requests)
    return translate("Tray", "Today: {0}, {1}").format(requests, spend(state.today))


def _can_stop(phase: Phase) -> bool:
    return phase in (Phase.RUNNING, Phase.STARTING, Phase.STOPPING)


def note_body(text: str, *, markup: bool) -> str:
    """Return a notification's text, shortened, without control characters.

    It may contain a provider's words. Over D-Bus the body is ``markup`` (freedesktop.org's Desktop Notifications, 1.2,
    Markup): links and images of a provider must not get into it.
    """
    plain = labels.many_lines(text).strip()
    cut = plain if len(plain) <= _LONGEST_NOTE else f"{plain[: _LONGEST_NOTE - 1]}…"
    return escape(cut, quote=False) if markup else cut


def one_line(text: str) -> str:
    """Return a text on one line, not longer than a menu should be wide."""
    one = " ".join(labels.one_line(text).split())
    return one if len(one) <= _LONGEST else f"{one[: _LONGEST - 1]}…"


def short_folder(folder: str) -> str:
    """Return a folder relative to home; of a long one the end, which distinguishes it."""
    one = " ".join(from_home(folder).split())
    return one if len(one) <= _LONGEST else f"…{one[1 - _LONGEST :]}"


def _tray_speaks_dbus() -> bool:
    """Return whether the tray is a StatusNotifier host, not an XEMBED window or another system's."""
    if sys.platform in ("win32", "darwin"):
        return False
    from PySide6.QtDBus import QDBusConnection  # noqa: PLC0415 - of Linux only

    bus = QDBusConnection.sessionBus()
    return bus.isConnected() and bool(bus.interface().isServiceRegistered(_WATCHER).value())
