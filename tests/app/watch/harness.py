"""A watch window with somebody who answers its wishes as the app does, from values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QApplication

from app.answers import BodiesRead, NamesRead, PageRead, SessionsRead, UsageRead
from app.catalogue_port import Catalogue
from app.state import AppState
from app.theme import Theme
from app.windows.watch.window import WatchWindow
from app.wishes import ReadBodies, ReadNames, ReadPage, ReadSessions, ReadUsage, Wish
from proxy_core.ledger.journal import Story
from proxy_core.ledger.rows import Kept, Part, Row, Session, Sum
from tests.app.watch import scenes


class Watched:
    """The window, every wish it said, and a ledger of values that answers.

    ``rows`` are the ledger's, newest first. With ``answering`` off wishes are only kept.
    """

    def __init__(
        self,
        theme: Theme,
        rows: tuple[Row, ...] = (),
        sessions: tuple[Session, ...] = (),
        catalogue: Catalogue | None = None,
    ) -> None:
        self.rows, self.sessions = rows, sessions
        self.days: tuple[tuple[Sum, ...], tuple[Sum, ...], Sum] = ((), (), Sum())
        self.bodies = {
            Part.REQUEST: scenes.request_body(),
            Part.UPSTREAM: b'{"model":"gpt-4.1","messages":[]}',
            Part.ANSWER: scenes.answer_body(),
        }
        self.kept: tuple[Kept, ...] = ()
        self.names = NamesRead(("openai/gpt-4.1",), ("/home/ada/work/atlas-api",), ("Default",), ("0000-aa",))
        self.wishes: list[Wish] = []
        self.answering = True
        self.window = WatchWindow(theme, catalogue, lambda: scenes.NOW)
        self.window.wished.connect(self._hear)

    def show(self, state: AppState | None = None, size: tuple[int, int] = (1300, 800)) -> WatchWindow:
        """The window on the screen, with a state."""
        self.window.resize(*size)
        self.window.show()
        self.window.show_state(state or scenes.state())
        settle()
        return self.window

    def said(self, kind: type) -> list[Wish]:
        """The wishes of a kind."""
        return [wish for wish in self.wishes if isinstance(wish, kind)]

    def _hear(self, wish: Wish) -> None:
        self.wishes.append(wish)
        if self.answering:
            self._answer(wish)

    def _answer(self, wish: Wish) -> None:
        match wish:
            case ReadPage():
                found = [row for row in self.rows if wish.before is None or row.number < wish.before]
                wanted = wish.wanted
                found = [row for row in found if not wanted.states or row.story.state in wanted.states]
                found = [row for row in found if wanted.text.lower() in f"{row.story.model} {row.story.role}".lower()]
                self.window.hear(PageRead(wish, tuple(found[: wish.limit])))
            case ReadBodies():
                row = next((row for row in self.rows if row.story.id == wish.id), None)
                self.window.hear(BodiesRead(wish.id, row, self.bodies, self.kept))
            case ReadSessions():
                self.window.hear(SessionsRead(wish, self.sessions if wish.before is None else ()))
            case ReadUsage():
                per_day, by_key, total = self.days
                self.window.hear(UsageRead(wish, per_day, by_key, total))
            case ReadNames():
                self.window.hear(self.names)
            case _:
                pass


def settle() -> None:
    """Let everything that was posted happen."""
    for _ in range(5):
        QApplication.sendPostedEvents()
        QApplication.processEvents()


def state_with(live: tuple[Story, ...], **changes: Any) -> AppState:
    """A state with these stories alive."""
    return replace(scenes.state(**changes), live={story.id: story for story in live})
