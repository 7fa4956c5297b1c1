"""A watch window with somebody who answers its wishes as the app does, from values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QApplication

from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.commands import Command, ReadBodies, ReadNames, ReadPage, ReadSessions, ReadUsage
from app.state.query_results import BodiesRead, NamesRead, PageRead, SessionsRead, UsageRead
from app.widgets.theme import Theme
from app.windows.watch.window import WatchWindow
from proxy_core.ledger.request_events import RequestRecord
from proxy_core.ledger.rows import BodyKind, Kept, RequestRow, SessionRow, Sum
from tests.app.watch import scenes


class Watched:
    """The window, every wish it said, and a ledger of values that answers.

    ``rows`` are the ledger's, newest first. With ``answering`` off wishes are only kept.
    """

    def __init__(
        self,
        theme: Theme,
        rows: tuple[RequestRow, ...] = (),
        sessions: tuple[SessionRow, ...] = (),
        catalogue: Catalogue | None = None,
    ) -> None:
        self.rows, self.sessions = rows, sessions
        self.days: tuple[tuple[Sum, ...], tuple[Sum, ...], Sum] = ((), (), Sum())
        self.bodies = {
            BodyKind.REQUEST: scenes.request_body(),
            BodyKind.UPSTREAM: b'{"model":"gpt-4.1","messages":[]}',
            BodyKind.ANSWER: scenes.answer_body(),
        }
        self.kept: tuple[Kept, ...] = ()
        self.names = NamesRead(("openai/gpt-4.1",), ("/home/ada/work/atlas-api",), ("Default",), ("0000-aa",))
        self.commands: list[Command] = []
        self.answering = True
        self.window = WatchWindow(theme, catalogue, lambda: scenes.NOW)
        self.window.command_requested.connect(self._on_event)

    def show(self, state: AppState | None = None, size: tuple[int, int] = (1300, 800)) -> WatchWindow:
        """The window on the screen, with a state."""
        self.window.resize(*size)
        self.window.show()
        self.window.show_state(state or scenes.state())
        settle()
        return self.window

    def said(self, kind: type) -> list[Command]:
        """The wishes of a kind."""
        return [command for command in self.commands if isinstance(command, kind)]

    def _on_event(self, command: Command) -> None:
        self.commands.append(command)
        if self.answering:
            self._answer(command)

    def _answer(self, command: Command) -> None:
        match command:
            case ReadPage():
                found = [row for row in self.rows if command.before is None or row.number < command.before]
                wanted = command.wanted
                found = [row for row in found if not wanted.states or row.record.state in wanted.states]
                found = [row for row in found if wanted.text.lower() in f"{row.record.model} {row.record.role}".lower()]
                self.window.on_result(PageRead(command, tuple(found[: command.limit])))
            case ReadBodies():
                row = next((row for row in self.rows if row.record.id == command.id), None)
                self.window.on_result(BodiesRead(command.id, row, self.bodies, self.kept))
            case ReadSessions():
                self.window.on_result(SessionsRead(command, self.sessions if command.before is None else ()))
            case ReadUsage():
                per_day, by_key, total = self.days
                self.window.on_result(UsageRead(command, per_day, by_key, total))
            case ReadNames():
                self.window.on_result(self.names)
            case _:
                pass


def settle() -> None:
    """Let everything that was posted happen."""
    for _ in range(5):
        QApplication.sendPostedEvents()
        QApplication.processEvents()


def state_with(live: tuple[RequestRecord, ...], **changes: Any) -> AppState:
    """A state with these stories alive."""
    return replace(scenes.state(**changes), live={record.id: record for record in live})
