"""Messages for people: a code with its parameters, and the English text that they make.

A :class:`Message` is its English text, so that a log, a terminal or a client's error shows it as it stands. The window
translates it by ``code`` and ``params``, and the ledger keeps these instead of the text. Text that is not ours, such as
a provider's words or a row of an earlier version, is a plain ``str``.

The English templates are in ``proxy_core/messages/english_*.py``. A new message is a line there and its translation in
each ``resources/translations/*.ts``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import quote, unquote

from proxy_core.messages.english_app import APP
from proxy_core.messages.english_providers import PROVIDERS
from proxy_core.messages.english_requests import REQUESTS
from proxy_core.messages.english_settings import SETTINGS

__all__ = [
    "ENGLISH",
    "HEADER",
    "SENTENCES",
    "Message",
    "Param",
    "cleaned",
    "decode",
    "encode",
    "filled",
    "from_header",
    "header_value",
    "sentences",
]

Param = str | int | float | tuple[str, ...]
"""A value in a message's text. A ``Message`` is a clause that is translated too; a tuple, sentences in their order."""

ENGLISH: Final[Mapping[str, str]] = MappingProxyType({**REQUESTS, **PROVIDERS, **SETTINGS, **APP})
"""The English template of each code, with named places as ``str.format`` has them."""

SENTENCES: Final = "sentences"
"""The code of sentences one after the other: there is nothing to translate in it."""

_TEXT: Final = "text"
_ENCODED: Final = '{"code":'
"""How an encoded message begins; a text that begins so is encoded too."""

HEADER: Final = "x-understudy-message"
"""The response header in which the proxy's own errors carry their code, so that its window can translate them."""

_LONGEST_HEADER: Final = 4_096
"""Characters: clients take heads of 8 kB at least."""


class Message(str):
    """The English text of ``code``, filled with ``params``.

    Raises KeyError for a code or a place that has no template or parameter.
    """

    __slots__ = ("code", "params")

    code: str
    params: Mapping[str, Param]

    def __new__(cls, code: str, /, **params: Param) -> Self:
        """Return the message of ``code`` with its places filled."""
        self = super().__new__(cls, filled(ENGLISH[code], params))
        self.code = code
        self.params = MappingProxyType(params)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.code, dict(self.params))


def sentences(*parts: str) -> Message:
    """Return ``parts``, which are sentences, as one message; empty ones are left out."""
    return Message(SENTENCES, parts=tuple(part for part in parts if part))


def filled(template: str, params: Mapping[str, Param]) -> str:
    """Return ``template`` with ``params`` in its places."""
    return template.format_map(
        {name: " ".join(value) if isinstance(value, tuple) else value for name, value in params.items()}
    )


def cleaned(text: str, clean: Callable[[str], str]) -> str:
    """Return ``text``, a message or not, without what ``clean`` takes out of it.

    A message stays one where its parameters alone hold what goes. Where only the whole text shows it (a label of the
    template before a value), the cleaned text is returned without its code.
    """
    if not text or clean(text) == text:
        return text
    if isinstance(text, Message):
        message = Message(text.code, **{name: _cleaned(value, clean) for name, value in text.params.items()})
        if clean(message) == message:
            return message
    return clean(text)


def encode(text: str) -> str:
    """Return ``text`` in one line for a file: a message as JSON of its code and parameters, any other text as it is."""
    if isinstance(text, Message):
        return json.dumps(_plain(text), ensure_ascii=False)
    return json.dumps({"code": _TEXT, "params": {"text": text}}) if text.startswith(_ENCODED) else text


@lru_cache(maxsize=4_096)
def decode(text: str) -> str:
    """Return what :func:`encode` was given.

    A message that this version does not know, or that is damaged, comes back as the text that stands there.
    """
    if not text.startswith(_ENCODED):
        return text
    try:
        value = _value(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError):
        return text
    return value if isinstance(value, str) else text


def header_value(text: str) -> str:
    """Return ``text`` for the header :data:`HEADER`; empty where it is no message, or too long for a header."""
    value = quote(encode(text), safe=" ") if isinstance(text, Message) else ""
    return value if len(value) <= _LONGEST_HEADER else ""


def from_header(value: str) -> str:
    """Return the message of a header; empty where there is none."""
    text = decode(unquote(value))
    return text if isinstance(text, Message) else ""


def _made(code: str, params: dict[str, Param]) -> Message:
    return Message(code, **params)


def _cleaned(value: Param, clean: Callable[[str], str]) -> Param:
    if isinstance(value, tuple):
        return tuple(cleaned(part, clean) for part in value)
    return cleaned(value, clean) if isinstance(value, str) else value


def _plain(value: Param) -> Any:
    match value:
        case Message():
            return {"code": value.code, "params": {name: _plain(inner) for name, inner in value.params.items()}}
        case tuple():
            return [_plain(part) for part in value]
        case _:
            return value


def _value(value: Any) -> Any:
    match value:
        case {"code": "text", "params": {"text": str(text)}}:
            return text
        case {"code": str(code), "params": dict(params)}:
            return Message(code, **{name: _value(inner) for name, inner in params.items()})
        case list():
            return tuple(_value(part) for part in value)
        case str() | int() | float():
            return value
        case _:
            raise TypeError(f"No part of a message: {value!r}")
