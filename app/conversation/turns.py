"""The values of a readable conversation: turns of somebody, made of pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Speaker(StrEnum):
    """Whose turn it is. ANSWER is what the model said to this request; ASSISTANT what it had said before."""

    SYSTEM = "system"
    TOOLS = "tools"
    USER = "user"
    ASSISTANT = "assistant"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Words:
    """Text."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """Thinking; ``hidden`` where the provider keeps it to itself."""

    text: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """An image or a document that was sent along. ``size`` is in bytes, None where only an address was given.

    ``number`` counts a conversation's images from 1, of those whose ``data`` (Base64) came with it; else it is 0.
    """

    media_type: str
    size: int | None = None
    name: str = ""
    number: int = 0
    data: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool is called, with its arguments as text that is laid out."""

    name: str
    id: str
    arguments: str


class DiffMark(StrEnum):
    """What became of a line."""

    SAME = " "
    GONE = "-"
    NEW = "+"


@dataclass(frozen=True, slots=True)
class Edit:
    """A tool changes a file: the lines of the change, each with its mark."""

    name: str
    id: str
    path: str
    lines: tuple[tuple[DiffMark, str], ...]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back; ``name`` is the tool's, empty where its call is not in the conversation."""

    name: str
    id: str
    failed: bool
    pieces: tuple[Words | Picture, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model may call."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The answer is an error."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A block of a kind that is not known here: its type."""

    type: str


Piece = Words | Thought | Picture | Call | Edit | ToolResult | Tool | Failure | Unknown


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said at once."""

    speaker: Speaker
    pieces: tuple[Piece, ...]
