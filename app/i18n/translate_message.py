"""Messages of the core in the user's language."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication

from proxy_core.messages import ENGLISH, Message, Param, filled

_CONTEXT: Final = "Message"
_NO_BLANK_AFTER: Final = ("\N{IDEOGRAPHIC FULL STOP}", "\N{FULLWIDTH QUESTION MARK}", "\N{FULLWIDTH EXCLAMATION MARK}")


def translated(text: str) -> str:
    """Return ``text`` in the user's language if it is a message, and as it is otherwise (a provider's words)."""
    if not isinstance(text, Message):
        return text
    template = QCoreApplication.translate(_CONTEXT, ENGLISH[text.code], text.code)
    return filled(template, {name: _value(value) for name, value in text.params.items()})


def _value(value: Param) -> Param:
    match value:
        case str():
            return translated(value)
        case tuple():
            return _sentences(value)
        case _:
            return value


def _sentences(parts: tuple[str, ...]) -> str:
    """Return sentences one after the other, with a blank between them where the language has one."""
    text = ""
    for part in map(translated, parts):
        text += part if not text or text.endswith(_NO_BLANK_AFTER) else f" {part}"
    return text
