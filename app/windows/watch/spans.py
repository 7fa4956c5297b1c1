"""A conversation as runs of text, each with the look that it has: what a body view writes down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, assert_never

from PySide6.QtCore import QCoreApplication

from app.conversation.turns import (
    Call,
    DiffMark,
    Edit,
    Failure,
    Picture,
    Piece,
    Speaker,
    Thought,
    Tool,
    ToolResult,
    Turn,
    Unknown,
    Words,
)
from app.i18n.said import said as in_words
from app.widgets import figures
from app.widgets.labels import many_lines, one_line

translate = QCoreApplication.translate

FIRST_SHOWN: Final = 64_000
"""Characters of a body that are laid out at once; the rest comes when it is asked for."""
SYSTEM_SHOWN: Final = 400
"""Characters of a system prompt that stand before a conversation."""
RESULT_SHOWN: Final = 4_000
"""Characters of a tool's result that stand in a conversation until all of it is asked for."""
MOST_PICTURES: Final = 12
"""Images of a conversation that are shown: the latest of them."""
NAME_SHOWN: Final = 100
"""Characters of what a picture's kind and name were said to be."""
LONGEST_LINE: Final = 10_000
"""Characters after which a line is broken: laying out one line of a megabyte takes seconds."""


class Look(StrEnum):
    """How a run of text looks."""

    PLAIN = "plain"
    MONO = "mono"
    SPEAKER = "speaker"
    NAME = "name"
    MUTED = "muted"
    THOUGHT = "thought"
    GONE = "gone"
    NEW = "new"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A run of text."""

    text: str
    look: Look = Look.PLAIN


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a body view shows: ``first`` at once, ``whole`` where more is asked for (None: that was all).

    ``start`` is the index of the span in ``first`` that is to stand at the top. ``pictures`` are the images to show
    beside the words, in their order.
    """

    first: tuple[TextSpan, ...]
    whole: tuple[TextSpan, ...] | None = None
    start: int = 0
    pictures: tuple[Picture, ...] = ()


def text_sheet(text: str) -> Sheet:
    """A text in type of one width."""
    broken = broken_lines(many_lines(text))
    if len(broken) <= FIRST_SHOWN:
        return Sheet((TextSpan(broken, Look.MONO),))
    return Sheet((TextSpan(broken[:FIRST_SHOWN], Look.MONO),), (TextSpan(broken, Look.MONO),))


def conversation_sheet(turns: tuple[Turn, ...]) -> Sheet:
    """The last turns first, since they are what a person looks for; all of them where more is asked for."""
    whole = tuple(span for turn in turns for span in _turn(turn, short=False))
    kept: list[tuple[TextSpan, ...]] = []
    size, left = 0, len(turns)
    shortened = False
    for turn in reversed(turns):
        spans = tuple(_turn(turn, short=True))
        size += sum(len(span.text) for span in spans)
        if size > FIRST_SHOWN and kept:
            break
        shortened = shortened or sum(len(span.text) for span in spans) < sum(
            len(s.text) for s in _turn(turn, short=False)
        )
        kept.append(spans)
        left -= 1
    first: list[TextSpan] = []
    if left:
        many = translate("Conversation", "{0} earlier turns are left out here.").format(left)
        one = translate("Conversation", "An earlier turn is left out here.")
        first.append(TextSpan((one if left == 1 else many) + "\n\n", Look.MUTED))
    start = 0
    for at, spans in enumerate(reversed(kept)):
        if at == len(kept) - 1 and len(kept) > 1:
            start = len(first)
        first.extend(spans)
    if first:
        first[-1] = replace(first[-1], text=first[-1].text.rstrip("\n"))
    return Sheet(tuple(first), whole if left or shortened else None, start, _images(turns))


def _images(turns: tuple[Turn, ...]) -> tuple[Picture, ...]:
    """The latest of those whose data came along."""
    said = (piece for turn in turns for piece in turn.pieces)
    parts = (part for piece in said for part in (piece.pieces if isinstance(piece, ToolResult) else (piece,)))
    return tuple(part for part in parts if isinstance(part, Picture) and part.number)[-MOST_PICTURES:]


def broken_lines(text: str) -> str:
    """The text with its longest lines broken."""
    if len(text) <= LONGEST_LINE:
        return text
    lines = text.split("\n")
    if max(map(len, lines)) <= LONGEST_LINE:
        return text
    return "\n".join(
        line if len(line) <= LONGEST_LINE else "\n".join(
            line[at : at + LONGEST_LINE] for at in range(0, len(line), LONGEST_LINE)
        )
        for line in lines
    )  # fmt: skip


def _turn(turn: Turn, *, short: bool) -> Iterator[TextSpan]:
    yield TextSpan(f"{_speaker(turn)}\n", Look.SPEAKER)
    if turn.speaker is Speaker.TOOLS and short:
        names = ", ".join(one_line(piece.name) for piece in turn.pieces if isinstance(piece, Tool))
        yield TextSpan(f"{broken_lines(names)}\n\n", Look.MUTED)
        return
    cut = SYSTEM_SHOWN if turn.speaker is Speaker.SYSTEM else RESULT_SHOWN
    for piece in turn.pieces:
        yield from _piece(piece, cut if short else None, system=turn.speaker is Speaker.SYSTEM)
    yield TextSpan("\n", Look.PLAIN)


def _speaker(turn: Turn) -> str:
    match turn.speaker:
        case Speaker.SYSTEM:
            return translate("Conversation", "System prompt")
        case Speaker.TOOLS:
            return translate("Conversation", "Tools: {0}").format(len(turn.pieces))
        case Speaker.USER:
            return translate("Conversation", "User")
        case Speaker.ASSISTANT:
            return translate("Conversation", "Assistant")
        case Speaker.ANSWER:
            return translate("Conversation", "Answer")


def _piece(piece: Piece, cut: int | None, *, system: bool) -> Iterator[TextSpan]:
    match piece:
        case Words():
            yield from _words(piece.text, cut if system else None, Look.PLAIN)
        case Thought():
            said = (
                translate("Conversation", "The provider keeps this thinking to itself.") if piece.hidden else piece.text
            )
            yield TextSpan(translate("Conversation", "Thinking") + "\n", Look.NAME)
            yield from _words(said, None, Look.THOUGHT)
        case Picture():
            number, words = piece.number, picture_words(piece)
            picture = translate("Conversation", "Picture {0}: {1}").format(number, words)
            attached = translate("Conversation", "Attached: {0}").format(words)
            yield TextSpan((picture if number else attached) + "\n", Look.NAME)
        case Call():
            yield TextSpan(translate("Conversation", "Calls {0}").format(one_line(piece.name)) + "\n", Look.NAME)
            yield from _words(piece.arguments, cut, Look.MONO)
        case Edit():
            told = translate("Conversation", "{0} changes {1}").format(one_line(piece.name), one_line(piece.path))
            yield TextSpan(f"{told}\n", Look.NAME)
            yield from _changes(piece)
        case ToolResult():
            name = one_line(piece.name) or translate("Conversation", "a tool")
            failed = translate("Conversation", "{0} failed with").format(name)
            yield TextSpan(
                (failed if piece.failed else translate("Conversation", "{0} gave").format(name)) + "\n", Look.NAME
            )
            for part in piece.pieces:
                if isinstance(part, Words):
                    yield from _words(part.text, cut, Look.BAD if piece.failed else Look.MONO)
                else:
                    yield from _piece(part, cut, system=False)
        case Tool():
            yield TextSpan(f"{one_line(piece.name)}  ", Look.NAME)
            yield TextSpan(f"{one_line(piece.description)[:300]}\n", Look.MUTED)
        case Failure():
            yield TextSpan(f"{one_line(piece.type)}: {many_lines(in_words(piece.message))}\n", Look.BAD)
        case Unknown():
            yield TextSpan(
                translate("Conversation", "A block of type {0}").format(one_line(piece.type)) + "\n", Look.MUTED
            )
        case _:
            assert_never(piece)


def picture_words(piece: Picture) -> str:
    """Of what kind a picture is, what it is called and how large it is, as far as that was said."""
    said = (one_line(text[:NAME_SHOWN]) for text in (piece.media_type, piece.name))
    parts = (*said, "" if piece.size is None else _size(piece.size))
    return ", ".join(part for part in parts if part)


def _words(text: str, cut: int | None, look: Look) -> Iterator[TextSpan]:
    said = broken_lines(many_lines(text)).strip("\n")
    if not said:
        return
    if cut is None or len(said) <= cut:
        yield TextSpan(f"{said}\n", look)
        return
    yield TextSpan(f"{said[:cut]}…\n", look)
    rest = translate("Conversation", "{0} more characters").format(figures.whole(len(said) - cut))
    yield TextSpan(f"{rest}\n", Look.MUTED)


def _changes(edit: Edit) -> Iterator[TextSpan]:
    looks = {DiffMark.SAME: Look.MONO, DiffMark.GONE: Look.GONE, DiffMark.NEW: Look.NEW}
    for mark, text in edit.lines:
        yield TextSpan(f"{mark.value} {broken_lines(many_lines(text))}\n", looks[mark])


def _size(size: int) -> str:
    return f"{size / 1000:.0f} kB" if size >= 1000 else f"{size} B"
