"""What wants attention, above the pages: a sentence each, and the button that does something about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import assets
from app.i18n.said import said
from app.state.app_state import AppState, KeyStorage, Phase
from app.state.commands import Command, CopyInstallCommand, ForgetReport, LaunchClaudeCode, ShowSettings, StartProxy
from app.widgets import figures
from app.widgets.buttons import IconButton, QuietButton
from app.widgets.labels import Label
from app.widgets.layouts import empty
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_12

translate = QCoreApplication.translate

AT_ONCE: Final = 2
"""How many are shown; the others wait their turn."""

Weight = Literal["bad", "warn", "info"]


@dataclass(frozen=True, slots=True)
class NoticeItem:
    """``id`` names it for whoever puts it away; a sentence of others is plain text."""

    id: str
    weight: Weight
    sentence: str
    button: str = ""
    command: Command | None = None
    can_go: bool = True
    goes_with: Command | None = None


def notices(state: AppState) -> tuple[NoticeItem, ...]:
    """What there is to tell, the most urgent first."""
    return tuple(notice for tell in _TELLERS for notice in tell(state))


def _proxy(state: AppState) -> list[NoticeItem]:
    proxy = state.proxy
    if proxy.phase is not Phase.ATTENTION:
        return []
    if state.free_port is not None:
        sentence = proxy.sentence or translate("NoticeStrip", "The port is taken by {0}.").format(
            proxy.holder or translate("NoticeStrip", "another program")
        )
        button = translate("NoticeStrip", "Use port {0}").format(state.free_port)
        return [NoticeItem("proxy", "bad", sentence, button, StartProxy(state.free_port), can_go=False)]
    sentence = proxy.sentence or translate("NoticeStrip", "The proxy failed.")
    return [NoticeItem("proxy", "bad", sentence, translate("NoticeStrip", "Start"), StartProxy(), can_go=False)]


def _launch(state: AppState) -> list[NoticeItem]:
    told = []
    if state.claude_installed is False:
        sentence = translate("NoticeStrip", "Claude Code is not installed here.")
        told.append(
            NoticeItem(
                "claude", "warn", sentence, translate("NoticeStrip", "Copy the install command"), CopyInstallCommand()
            )
        )
    if state.obstacles:
        sentence = "\n".join(state.obstacles)
        told.append(
            NoticeItem(
                f"obstacles {sentence}",
                "warn",
                sentence,
                translate("NoticeStrip", "Launch anyway"),
                LaunchClaudeCode(anyway=True),
            )
        )
    return told


def _money(state: AppState) -> list[NoticeItem]:
    told = []
    budget = state.budget
    for name, spent, limit in (
        (translate("NoticeStrip", "today"), budget.today, budget.daily),
        (translate("NoticeStrip", "this month"), budget.month, budget.monthly),
    ):
        if limit > 0 and spent >= 0.8 * limit:
            over = spent >= limit
            sentence = translate("NoticeStrip", "{0} of {1} spent {2}.").format(
                figures.money(spent, fine=False), figures.money(limit), name
            )
            weight: Weight = "bad" if over else "warn"
            told.append(
                NoticeItem(
                    f"budget {name} {over}", weight, sentence, translate("NoticeStrip", "Budget"), ShowSettings("log")
                )
            )
    return told


def _keeping(state: AppState) -> list[NoticeItem]:
    told = []
    if state.ledger_sentence:
        told.append(NoticeItem(f"ledger {state.ledger_sentence}", "warn", state.ledger_sentence))
    if state.keys_kept_in is KeyStorage.LOCKED:
        sentence = translate(
            "NoticeStrip", "The keyring is locked. Unlock it, so that Understudy can read your keys and its token."
        )
        told.append(NoticeItem("locked", "warn", sentence))
    if state.keys_kept_in is KeyStorage.MEMORY:
        sentence = translate(
            "NoticeStrip", "No keyring was found: keys are kept in memory and gone when Understudy ends."
        )
        told.append(
            NoticeItem("memory", "warn", sentence, translate("NoticeStrip", "Models and keys"), ShowSettings("models"))
        )
    told.extend(NoticeItem(f"trouble {sentence}", "warn", sentence) for sentence in state.troubles)
    told.extend(NoticeItem(f"said {sentence}", "warn", sentence) for sentence in state.configuration.warnings)
    return told


def _rest(state: AppState) -> list[NoticeItem]:
    told = []
    if state.report:
        sentence = translate(
            "NoticeStrip", "Understudy ended unexpectedly last time and kept a report of it, without secrets."
        )
        about = ShowSettings("about")
        told.append(
            NoticeItem("report", "info", sentence, translate("NoticeStrip", "Show"), about, goes_with=ForgetReport())
        )
    if not state.has_tray:
        sentence = translate(
            "NoticeStrip", "There is no system tray here, so this window stays: closing it ends Understudy."
        )
        told.append(NoticeItem("tray", "info", sentence))
    return told


_TELLERS: Final[tuple[Callable[[AppState], list[NoticeItem]], ...]] = (_proxy, _launch, _money, _keeping, _rest)


class NoticeStrip(QWidget):
    """The strip of notices. What a person puts away stays away while it stays the same."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notices")
        self._theme = theme
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP_8)
        self._away: set[str] = set()
        self._all: tuple[NoticeItem, ...] = ()
        self._shown: tuple[NoticeItem, ...] = ()
        self.setVisible(False)
        theme.changed.connect(self._redraw)

    @property
    def shown(self) -> tuple[NoticeItem, ...]:
        """Those that stand there now."""
        return self._shown

    def show_state(self, state: AppState) -> None:
        """Draw what there is to tell."""
        self._all = notices(state)
        self._away &= {notice.id for notice in self._all}
        self._choose()

    def _choose(self) -> None:
        left = tuple(notice for notice in self._all if notice.id not in self._away)[:AT_ONCE]
        if left != self._shown:
            self._build(left)

    def _redraw(self) -> None:
        self._build(self._shown)

    def _build(self, left: tuple[NoticeItem, ...]) -> None:
        self._shown = left
        empty(self._column)
        for notice in left:
            self._column.addWidget(self._strip(notice))
        self.setVisible(bool(left))

    def _strip(self, notice: NoticeItem) -> QFrame:
        strip = QFrame()
        strip.setProperty("role", "notice")
        strip.setProperty("tone", notice.weight)
        row = QHBoxLayout(strip)
        row.setContentsMargins(GAP_12, GAP_4, GAP_4, GAP_4)
        row.setSpacing(GAP_12)
        picture = QLabel()
        name: assets.IconName = "info" if notice.weight == "info" else "alert"
        ink = self._theme.tokens.tone(notice.weight)
        picture.setPixmap(assets.pixmap(name, ink, 18, self.devicePixelRatioF()))
        row.addWidget(picture)
        words = Label(said(notice.sentence)[:600], "body", wrap=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(words, 1)
        if notice.button and notice.command is not None:
            button = QuietButton(self._theme, notice.button, f"notice-{notice.id.split(' ', maxsplit=1)[0]}")
            button.clicked.connect(lambda _=False, command=notice.command: self.command_requested.emit(command))
            row.addWidget(button)
        if notice.can_go:
            away = IconButton(self._theme, "close", self.tr("Put away"), "notice-away")
            away.clicked.connect(lambda _=False, own=notice: self._put_away(own))
            row.addWidget(away)
        return strip

    def _put_away(self, notice: NoticeItem) -> None:
        self._away.add(notice.id)
        if notice.goes_with is not None:
            self.command_requested.emit(notice.goes_with)
        self._choose()
