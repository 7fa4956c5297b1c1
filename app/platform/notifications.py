"""Notifications, derived from the state before and after a change, each once. No Qt except for translation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication

from app.i18n.said import said
from app.state.app_state import AppState, CheckVerdict, Phase
from app.state.commands import Command, ShowRequests, ShowSettings, ShowWatch
from proxy_core.ledger.budget import Crossing, Level
from proxy_core.ledger.request_events import RequestRecord, State

translate = QCoreApplication.translate

_AGAIN: Final = 600.0
"""Seconds before the same notification is shown again: a session sends a request with a rejected key every few
seconds.
"""

_REJECTED: Final = frozenset({401, 403})
_GONE: Final = 404


@dataclass(frozen=True, slots=True)
class Note:
    """``key`` is its subject, so that it is shown once; a click on it dispatches ``opens``."""

    key: str
    title: str
    text: str
    opens: Command
    urgent: bool = False


class NotificationFilter:
    """Suppresses notifications that were shown within the last ten minutes."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._told: dict[str, float] = {}

    def due(self, found: Iterable[Note]) -> tuple[Note, ...]:
        """Return those of ``found`` to show now."""
        now = self._monotonic()
        found = [note for note in found if now - self._told.get(note.key, float("-inf")) >= _AGAIN]
        self._told |= {note.key: now for note in found}
        return tuple({note.key: note for note in found}.values())


def notes(before: AppState, after: AppState, *, seen: bool = True) -> Iterator[Note]:
    """Yield what happened between two states that concerns a user who is looking elsewhere.

    ``seen`` is whether a window is open, which shows the result of a command itself.
    """
    yield from _proxy(before, after)
    if not seen:
        yield from _wish(before, after)
    yield from _checks(before, after)
    for id_, record in after.live.items():
        if record.ended is not None and record is not before.live.get(id_):
            yield from _request(record)


def of_budget(crossing: Crossing) -> Note:
    """Return the notification of a limit of the budget that was reached."""
    over = crossing.level is Level.SPENT
    title = translate("Notes", "A budget is used up") if over else translate("Notes", "A budget is nearly used up")
    key = f"budget-{crossing.period}-{crossing.level}"
    return Note(key, title, said(crossing.sentence), ShowWatch("usage"), urgent=over)


def _proxy(before: AppState, after: AppState) -> Iterator[Note]:
    was, now = before.proxy, after.proxy
    if now.phase is Phase.ATTENTION and was.phase is not Phase.ATTENTION:
        yield Note("proxy", translate("Notes", "The proxy does not run"), said(now.sentence), ShowWatch(), urgent=True)
    elif was.phase is Phase.RUNNING and now.phase is Phase.STARTING and now.sentence:
        # After a crash: the sentence gives the reason.
        yield Note("restart", translate("Notes", "The proxy was restarted"), said(now.sentence), ShowWatch())


def _wish(before: AppState, after: AppState) -> Iterator[Note]:
    """Yield the failure of a command from the tray."""
    trouble = after.trouble
    if trouble is None or trouble == before.trouble or trouble.request:
        return
    if trouble.sentence != after.proxy.sentence:  # which has its own notification
        yield Note(f"wish-{trouble.sentence}", translate("Notes", "That failed"), said(trouble.sentence), ShowWatch())


def _checks(before: AppState, after: AppState) -> Iterator[Note]:
    """Yield a role's model that its provider no longer lists."""
    if after.reached == before.reached:
        return
    listed = {model.partition("/")[0] for model in after.reached}
    for role, model in after.roles.items():
        provider = model.partition("/")[0]
        check = after.checks.get(provider)
        asked = check is not None and check.verdict is CheckVerdict.GOOD and check.models
        if asked and provider in listed and model not in after.reached:
            title = translate("Notes", "A model may be gone")
            text = translate("Notes", "{0} plays {1} and is not in its provider's list.").format(model, role.name)
            yield Note(f"gone-{model}", title, text, ShowSettings("models"))


def _request(record: RequestRecord) -> Iterator[Note]:
    if record.state is not State.FAILED:
        return
    statuses = {attempt.status for attempt in record.attempts}
    if statuses & _REJECTED:
        title = translate("Notes", "A key was rejected")
        yield Note(f"key-{record.provider}", title, said(record.error), ShowSettings("models"), urgent=True)
    elif _GONE in statuses:
        title = translate("Notes", "A model was not found")
        yield Note(f"gone-{record.provider}/{record.model}", title, said(record.error), ShowRequests(id=record.id))
