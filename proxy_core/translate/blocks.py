"""Which block is open, and what has to wait for it: the only place where indices live.

An Anthropic stream has one open block at a time, while chat-completions chunks may interleave calls, text and
reasoning. Every block to be is a unit in a queue. The first one is open and its pieces go out as they come; pieces of
later units wait in them. A unit of text or thinking is complete as soon as another begins; a call is complete when its
arguments are one JSON object, or when the answer ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, assert_never

from proxy_core.anthropic_api.events import (
    BlockStart,
    BlockStop,
    Event,
    InputDelta,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
)
from proxy_core.anthropic_api.json_text import is_object, mend_surrogates
from proxy_core.errors import StreamBroken
from proxy_core.translate.deltas import Keepsake, Text, Thinking, ToolPart
from proxy_core.translate.keepsake import Keepsakes


class _Kind(Enum):
    TEXT = auto()
    THINKING = auto()
    CALL = auto()


# Looked up for every chunk, which takes Python 3.11 longer than all else that is done with it.
_TEXT: Final = _Kind.TEXT
_THINKING: Final = _Kind.THINKING
_CALL: Final = _Kind.CALL


@dataclass(slots=True, eq=False)
class _Unit:
    """A block to be: ``waiting`` are pieces that have not gone out."""

    kind: _Kind
    waiting: list[str] = field(default_factory=list)
    keepsakes: Keepsakes | None = None
    carry: str = ""
    # of a call
    key: int | None = None
    ids: set[str] = field(default_factory=set)
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    @property
    def whole_arguments(self) -> str:
        return "".join(self.arguments) + self.carry

    @property
    def is_without_arguments(self) -> bool:
        """Whether there are none: servers say so with nothing, or with ``null``."""
        return self.whole_arguments.strip() in {"", "null"}

    @property
    def is_whole(self) -> bool:
        """Whether the arguments so far are one object; looks at the last character first, since parsing costs."""
        return bool(self.arguments) and self.arguments[-1].rstrip().endswith("}") and is_object(self.whole_arguments)


class Blocks:
    """Takes deltas of content, gives block events whose grammar always holds.

    ``id_prefix`` makes the ids of calls that the provider gave none; ``names`` maps a function's name upstream to the
    tool's name where they differ; ``provider`` is whose keepsakes they are.
    """

    def __init__(self, id_prefix: str, names: Mapping[str, str] | None = None, provider: str = "") -> None:
        self._id_prefix = id_prefix
        self._provider = provider
        self._names = names or {}
        self._queue: deque[_Unit] = deque()
        self._calls: list[_Unit] = []
        self._used_ids: set[str] = set()
        self._index = -1
        self._is_open = False

    @property
    def open_block(self) -> tuple[int, type[TextDelta | ThinkingDelta | InputDelta]] | None:
        """The open block's index and the kind of its deltas: where a keep-alive delta may go."""
        if not self._is_open:
            return None
        match self._queue[0].kind:
            case _Kind.TEXT:
                return self._index, TextDelta
            case _Kind.THINKING:
                return self._index, ThinkingDelta
            case _Kind.CALL:
                return self._index, InputDelta

    @property
    def is_empty(self) -> bool:
        """Whether nothing was taken yet: no text, no thinking, no call."""
        return self._index < 0 and not self._queue

    @property
    def has_calls(self) -> bool:
        """Whether the model called a tool."""
        return bool(self._calls)

    @property
    def cut_call(self) -> str | None:
        """The name of the first call whose arguments are not one JSON object (yet), or None."""
        for call in self._calls:
            if not call.name or not (call.is_without_arguments or is_object(call.whole_arguments)):
                return self._names.get(call.name, call.name) or "without a name"
        return None

    def say(self, text: str) -> None:
        """More text: what :meth:`take` does with :class:`Text`."""
        if text:
            _append(self._last(_TEXT), text)

    def take(self, delta: Text | Thinking | Keepsake | ToolPart) -> None:
        """Put a piece where it belongs. Raises :class:`StreamBroken` for one that fits nowhere."""
        match delta:
            case Text(text):
                self.say(text)
            case Thinking(text):
                if text:
                    _append(self._last(_THINKING), text)
            case Keepsake(name, pieces):
                self._thoughts().add(name, pieces)
            case ToolPart():
                self._call(delta)
            case _:
                assert_never(delta)

    def advance(self) -> list[Event]:
        """The events that what was taken allows: one delta for a block's pieces, the next block once it can open."""
        events = self._flush()
        while len(self._queue) > 1 and self._may_close(self._queue[0]):
            events += self._close()
            events += self._flush()
        return events

    def finish(self) -> list[Event]:
        """The answer is over: all that waits goes out, every block is closed. Not to be called with a cut call."""
        events: list[Event] = []
        while self._queue:
            events += self._flush()
            events += self._close()
        return events

    def abandon(self) -> list[Event]:
        """The answer broke off: the open block is closed, unless it is a call whose arguments are incomplete.

        Closing that one would hand the client a call the model never finished; Anthropic leaves it open as well, and
        Claude Code then asks again instead of running it. What waits is not sent: it would be content after the break.
        """
        events: list[Event] = []
        if self._is_open:
            head = self._queue[0]
            events = self._flush()
            sent = "" if head.waiting else "".join(head.arguments)  # what is held has not gone out
            if head.kind is not _CALL:
                events += self._close()
            elif is_object(sent):
                head.carry = ""
                events += self._close()
        self._queue.clear()
        self._is_open = False
        return events

    def _thoughts(self) -> Keepsakes:
        """Where keepsakes go: to the reasoning at this place, or to an empty block where it is over already."""
        unit = self._last(_THINKING)
        unit.keepsakes = unit.keepsakes or Keepsakes()
        return unit.keepsakes

    def _last(self, kind: _Kind) -> _Unit:
        """The last unit if it is of this kind, else a new one behind it."""
        if not self._queue or self._queue[-1].kind is not kind:
            self._queue.append(_Unit(kind))
        return self._queue[-1]

    def _call(self, part: ToolPart) -> None:
        call = self._known_call(part)
        if call is None:
            call = _Unit(_Kind.CALL, key=part.index)
            self._calls.append(call)
            self._queue.append(call)
        elif call not in self._queue:
            if part.arguments.strip():
                raise StreamBroken(f"The provider sent more arguments for the finished call of {call.name}.")
            return
        if part.id:
            call.ids.add(part.id)
            call.id = call.id or self._unique(part.id)
        if part.name and not call.name:
            call.name = part.name
        if part.arguments:
            if _is_held(call) and part.arguments.lstrip().startswith("{"):
                call.waiting.clear()  # some servers send an empty object ahead of the real arguments
                call.arguments.clear()
            _append(call, part.arguments)

    def _known_call(self, part: ToolPart) -> _Unit | None:
        """The call this piece belongs to: by its id first, by its index second, else the latest one."""
        if part.id:
            for call in reversed(self._calls):
                if part.id in call.ids:
                    return None if _is_a_repeat(call, part) else call
        same = [call for call in self._calls if part.index is None or call.key == part.index]
        if not same:
            return None
        latest = same[-1]
        if part.id and latest.ids:
            return None
        if part.name and latest.name and (part.name != latest.name or is_object(latest.whole_arguments)):
            return None
        return latest

    def _unique(self, wanted: str) -> str:
        """An id that no other call of this answer has: clients drop the second of two."""
        number, unique = 1, wanted
        while unique in self._used_ids:
            number += 1
            unique = f"{wanted}_{number}"
        self._used_ids.add(unique)
        return unique

    def _may_close(self, unit: _Unit) -> bool:
        if unit.kind is not _CALL:
            return True
        return self._is_open and not unit.waiting and unit.is_whole

    def _flush(self) -> list[Event]:
        """Open the first unit if it can be, and send its pieces."""
        if not self._queue:
            return []
        unit = self._queue[0]
        events: list[Event] = []
        if not self._is_open:
            if unit.kind is _CALL and not unit.name:
                return []
            events.append(self._start(unit))
        if unit.waiting and not _is_held(unit):
            text = "".join(unit.waiting)
            unit.waiting.clear()
            events.append(self._piece(unit, text))
        return events

    def _start(self, unit: _Unit) -> BlockStart:
        self._index += 1
        self._is_open = True
        match unit.kind:
            case _Kind.TEXT:
                return BlockStart(self._index, {"type": "text", "text": ""})
            case _Kind.THINKING:
                return BlockStart(self._index, {"type": "thinking", "thinking": "", "signature": ""})
            case _Kind.CALL:
                unit.id = unit.id or self._unique(f"{self._id_prefix}_{self._index}")
                name = self._names.get(unit.name, unit.name)
                return BlockStart(self._index, {"type": "tool_use", "id": unit.id, "name": name, "input": {}})

    def _piece(self, unit: _Unit, text: str) -> Event:
        match unit.kind:
            case _Kind.TEXT:
                return TextDelta(self._index, text)
            case _Kind.THINKING:
                return ThinkingDelta(self._index, text)
            case _Kind.CALL:
                return InputDelta(self._index, text)

    def _close(self) -> list[Event]:
        """Close the first unit, with the pieces that were held for it."""
        unit = self._queue.popleft()
        events: list[Event] = []
        if unit.carry:
            unit.waiting.append(mend_surrogates(unit.carry))
        if unit.kind is _CALL and unit.is_without_arguments:
            unit.waiting = ["{}"]
        if unit.waiting:
            events.append(self._piece(unit, "".join(unit.waiting)))
        if unit.keepsakes and (signature := unit.keepsakes.signature(self._provider)):
            events.append(SignatureDelta(self._index, signature))
        events.append(BlockStop(self._index))
        self._is_open = False
        return events


def _append(unit: _Unit, text: str) -> None:
    """Add a piece; half a character at its end (a high surrogate) is kept back until its other half comes."""
    if unit.carry or "\ud800" <= text[-1] <= "\udbff":
        text = unit.carry + text
        unit.carry = ""
        if "\ud800" <= text[-1] <= "\udbff":
            unit.carry, text = text[-1], text[:-1]
        text = mend_surrogates(text)
    if text:
        unit.waiting.append(text)
        if unit.kind is _CALL:
            unit.arguments.append(text)


def _is_held(unit: _Unit) -> bool:
    """Whether all that a call has says that there are no arguments, which may be a placeholder."""
    is_first = unit.kind is _CALL and len(unit.waiting) == len(unit.arguments) == 1
    return is_first and unit.waiting[0].strip() in {"{}", "null"}


def _is_a_repeat(call: _Unit, part: ToolPart) -> bool:
    """Whether a known id starts a second call: it comes with a name, at another index, after the first one is whole."""
    return bool(part.name) and part.index is not None and part.index != call.key and is_object(call.whole_arguments)
