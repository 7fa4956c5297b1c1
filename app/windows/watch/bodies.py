"""A request's bodies as sheets: small ones at once, large ones read in a thread of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from app.conversation.reading import conversation, laid_out
from app.windows.watch.spans import Sheet, conversation_sheet, text_sheet
from proxy_core.ledger.rows import BodyKind

AT_ONCE: Final = 200_000
"""Bytes that are read in Qt's thread: a few milliseconds; more are read in another one."""
CONVERSATION: Final = "conversation"

Bodies = Mapping[BodyKind, bytes]


def sheet_of(view: str, bodies: Bodies) -> Sheet:
    """What a view (``conversation`` or a part's name) shows of the bodies."""
    if view == CONVERSATION:
        return conversation_sheet(conversation(bodies.get(BodyKind.REQUEST, b""), bodies.get(BodyKind.ANSWER, b"")))
    return text_sheet(laid_out(bodies.get(BodyKind(view), b"")))


def size_of(view: str, bodies: Bodies) -> int:
    """How many bytes that takes to read."""
    if view == CONVERSATION:
        return len(bodies.get(BodyKind.REQUEST, b"")) + len(bodies.get(BodyKind.ANSWER, b""))
    return len(bodies.get(BodyKind(view), b""))


class _SheetReady(QObject):
    read = Signal(int, object)


class _Reading(QRunnable):
    def __init__(self, ticket: int, read: Callable[[], Sheet], said: _SheetReady) -> None:
        super().__init__()
        self._ticket, self._read, self._said = ticket, read, said

    def run(self) -> None:
        self._said.read.emit(self._ticket, self._read())


class BodyReader(QObject):
    """``read`` says the sheet of the last view that was asked for; answers to earlier ones are dropped."""

    read = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ticket = 0
        self._said = _SheetReady()
        self._said.read.connect(self._take)

    def ask(self, view: str, bodies: Bodies) -> bool:
        """Read; True when it was said at once, False when it will be."""
        self._ticket += 1
        if size_of(view, bodies) <= AT_ONCE:
            self.read.emit(sheet_of(view, bodies))
            return True
        job = _Reading(self._ticket, lambda: sheet_of(view, bodies), self._said)
        QThreadPool.globalInstance().start(job)
        return False

    def _take(self, ticket: int, sheet: Sheet) -> None:
        if ticket == self._ticket:
            self.read.emit(sheet)
