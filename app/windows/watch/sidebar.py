"""The sidebar of the watch window: how the proxy stands, the places, the project folder and Launch."""

from __future__ import annotations

from pathlib import PurePath

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from app import assets
from app.state.app_state import AppState, Phase, ProxyView
from app.state.commands import (
    ChooseFolder,
    CopyAddress,
    LaunchClaudeCode,
    ShowSettings,
    StartProxy,
    StopProxy,
    SwitchProfile,
)
from app.widgets.buttons import IconButton, PrimaryButton, QuietButton
from app.widgets.card import Card
from app.widgets.chip import Chip, ChipKind
from app.widgets.folders import ask_folder, from_home
from app.widgets.labels import ElidedLabel, Label, one_line, plain_tip
from app.widgets.nav_list import NavList, Place
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_12, GAP_16

WIDTH = 220


class Sidebar(QWidget):
    """``command_requested`` says wishes, ``went`` the id of a page."""

    command_requested = Signal(object)
    went = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setProperty("role", "side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme, self._state = theme, AppState()
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_12, GAP_16, GAP_12 + 1, GAP_12)
        column.setSpacing(GAP_8)
        column.addLayout(self._mark())
        column.addSpacing(GAP_4)
        column.addWidget(self._standing())
        column.addSpacing(GAP_8)
        self.nav = NavList(
            theme,
            (
                Place("requests", self.tr("Requests"), "requests", "Ctrl+1"),
                Place("sessions", self.tr("Sessions"), "sessions", "Ctrl+2"),
                Place("usage", self.tr("Usage"), "usage", "Ctrl+3"),
                Place("settings", self.tr("Settings"), "settings", "Ctrl+,", goes_elsewhere=True),
            ),
            self.tr("Pages"),
        )
        self.nav.went.connect(self._go)
        column.addWidget(self.nav)
        column.addStretch(1)
        column.addLayout(self._launching())
        theme.changed.connect(self._draw)
        self._draw()

    def show_state(self, state: AppState) -> None:
        """Draw what the app knows."""
        self._state = state
        proxy = state.proxy
        word, kind = self._phase(proxy)
        self.chip.tell(word, kind)
        address = proxy.address.removeprefix("http://").removesuffix("/")
        self.address.setText(address)
        self.copy.setEnabled(bool(address))
        goes = proxy.phase in {Phase.RUNNING, Phase.STARTING}
        self.toggle.set_icon("stop" if goes else "start")
        self.toggle.say(self.tr("Stop the proxy") if goes else self.tr("Start the proxy"))
        self.toggle.setEnabled(proxy.phase not in {Phase.STARTING, Phase.STOPPING})
        self.profile.setText(one_line(state.settings.profile))
        self.profile.setAccessibleName(self.tr("Profile: {0}").format(one_line(state.settings.profile)))
        opened = state.settings.proxy
        self.openness.tell(
            self.tr("Open to all") if opened.open else self.tr("On the network") if opened.lan else "", ChipKind.WARN
        )
        self.folder.setText(self._short(state.folder) if state.folder else self.tr("Choose a folder"))
        self.folder.setToolTip(plain_tip(state.folder))

    def launch(self) -> None:
        """Launch in the chosen folder; without one, in the one that a person chooses now."""
        if self._state.folder:
            self.command_requested.emit(LaunchClaudeCode())
        else:
            ask_folder(
                self,
                self.tr("Project folder"),
                "",
                lambda folder: self.command_requested.emit(LaunchClaudeCode(folder)),
            )

    def _mark(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(GAP_4, 0, 0, 0)
        row.setSpacing(GAP_12)
        self._logo = QLabel()
        row.addWidget(self._logo)
        row.addWidget(Label(self.tr("Understudy"), "heading"), 1)
        return row

    def _standing(self) -> Card:
        card = Card(name="standing", gap=GAP_4)
        card.body.setContentsMargins(GAP_12, GAP_8 + 2, GAP_8, GAP_8 + 2)
        first, second, third = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        self.chip = Chip(self._theme)
        self.chip.setObjectName("phase")
        self.toggle = IconButton(self._theme, "start", self.tr("Start the proxy"), "toggle-proxy")
        self.toggle.clicked.connect(self._toggle)
        first.addWidget(self.chip)
        first.addStretch(1)
        first.addWidget(self.toggle)
        self.address = ElidedLabel()
        self.address.setObjectName("address")
        self.address.setFont(self._theme.font("mono"))
        self.copy = IconButton(self._theme, "copy", self.tr("Copy the address"), "copy-address")
        self.copy.clicked.connect(lambda: self.command_requested.emit(CopyAddress()))
        second.addWidget(self.address, 1)
        second.addWidget(self.copy)
        self.profile = QuietButton(self._theme, "", "profile", "profiles", flat=True)
        self.profile.setToolTip(self.tr("The profile in force; press to switch"))
        self.profile.clicked.connect(self._profiles)
        self.openness = Chip(self._theme)
        self.openness.setObjectName("openness")
        third.setContentsMargins(0, 0, 0, 0)
        third.addWidget(self.profile, 1)
        card.body.addLayout(first)
        card.body.addWidget(self.openness)
        card.body.addLayout(second)
        card.body.addLayout(third)
        self.profile.setProperty("kind", "profile")
        return card

    def _launching(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(GAP_8)
        label = Label(self.tr("Project folder"), "small", "muted")
        self.folder = QuietButton(self._theme, "", "project-folder", "folder")
        self.folder.setProperty("kind", "folder")
        self.folder.setAccessibleName(self.tr("Project folder"))
        self.folder.clicked.connect(self._folders)
        label.setBuddy(self.folder)
        self.launcher = PrimaryButton(self._theme, self.tr("Launch Claude Code"), "launch", "terminal")
        self.launcher.setToolTip(self.tr("Opens your terminal in the project folder (Ctrl+L)"))
        self.launcher.clicked.connect(self.launch)
        for widget in (label, self.folder, self.launcher):
            column.addWidget(widget)
        return column

    def _phase(self, proxy: ProxyView) -> tuple[str, ChipKind]:
        match proxy.phase:
            case Phase.STOPPED:
                return self.tr("Stopped"), ChipKind.QUIET
            case Phase.STARTING:
                return self.tr("Starting"), ChipKind.INFO
            case Phase.RUNNING:
                return self.tr("Running"), ChipKind.GOOD
            case Phase.STOPPING:
                return self.tr("Stopping"), ChipKind.INFO
            case Phase.ATTENTION:
                return (self.tr("Port taken") if proxy.holder or proxy.next_port else self.tr("Failed")), ChipKind.BAD

    def _toggle(self) -> None:
        self.command_requested.emit(StopProxy() if self._state.proxy.phase is Phase.RUNNING else StartProxy())

    def _go(self, id_: str) -> None:
        if id_ == "settings":
            self.command_requested.emit(ShowSettings())
        else:
            self.went.emit(id_)

    def profile_menu(self) -> QMenu:
        """The profiles, the one in force checked."""
        menu = QMenu(self)
        menu.setObjectName("profile-menu")
        for name in self._state.settings.profiles:
            action = menu.addAction(one_line(name).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(name == self._state.settings.profile)
            action.triggered.connect(lambda _=False, own=name: self.command_requested.emit(SwitchProfile(own)))
        menu.addSeparator()
        menu.addAction(self.tr("Profiles…")).triggered.connect(
            lambda: self.command_requested.emit(ShowSettings("profiles"))
        )
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def folder_menu(self) -> QMenu:
        """The chosen folder and the recent ones."""
        menu = QMenu(self)
        menu.setObjectName("folder-menu")
        for folder in dict.fromkeys((self._state.folder, *self._state.recent_folders)):
            if folder:
                action = menu.addAction(one_line(self._short(folder)).replace("&", "&&"))
                action.setCheckable(True)
                action.setChecked(folder == self._state.folder)
                action.triggered.connect(lambda _=False, own=folder: self.command_requested.emit(ChooseFolder(own)))
        menu.addSeparator()
        menu.addAction(self.tr("Choose another…")).triggered.connect(self._choose_folder)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _profiles(self) -> None:
        self.profile_menu().popup(self.profile.mapToGlobal(self.profile.rect().bottomLeft()))

    def _folders(self) -> None:
        if not self._state.recent_folders and not self._state.folder:
            self._choose_folder()
            return
        menu = self.folder_menu()
        menu.popup(self.folder.mapToGlobal(QPoint(0, -menu.sizeHint().height())))

    def _choose_folder(self) -> None:
        title = self.tr("Project folder")
        ask_folder(self, title, self._state.folder, lambda folder: self.command_requested.emit(ChooseFolder(folder)))

    def _short(self, folder: str) -> str:
        """The end of a path, as long as there is room: a folder is known by its name."""
        shown = from_home(folder)
        parts = PurePath(shown).parts
        shown = str(PurePath("…", *parts[-2:])) if len(parts) > 4 else shown
        room = self.width() - 2 * GAP_12 - 66
        return self.fontMetrics().elidedText(one_line(shown), Qt.TextElideMode.ElideMiddle, room)

    def _draw(self) -> None:
        self.setFixedWidth(max(WIDTH, self.launcher.sizeHint().width() + 2 * GAP_12 + 1))
        tokens = self._theme.tokens
        self._logo.setPixmap(assets.pixmap("pulse", tokens.accent, 20, self.devicePixelRatioF()))
        self.address.setFont(self._theme.font("mono"))
