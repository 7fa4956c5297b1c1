"""Sentences that were made in English outside Qt, in the user's language: turned where they are shown, nowhere else.

The proxy, its ledger and the command line speak English, in logs and to clients; what they said stays as it was said.
A sentence that no template knows stays as it is, and so does what stands in a template's places, unless the template
says that it is ours as well. Nothing here raises, and nothing but plain text comes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from app.i18n.said_clauses import CLAUSES
from app.i18n.said_of_requests import OF_REQUESTS
from app.i18n.said_of_the_app import OF_THE_APP
from app.i18n.translate_message import translated
from proxy_core.messages import Message

SENTENCES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {str(text): ours for table in (OF_REQUESTS, OF_THE_APP) for text, ours in table.items()}
)
"""Every template of a sentence, with the numbers of its places whose words are ours."""

_CONTEXT: Final = "Said"
_LANGUAGE: Final = str(QT_TRANSLATE_NOOP("Said", "English"))
_LONGEST: Final = 4_000
"""Characters of a text that is looked at; a longer one is not ours."""
_DEEPEST: Final = 4
"""Levels of words within words."""

_PLACE: Final = re.compile(r"\{(\d)\}")
_BETWEEN: Final = re.compile(r"(?<=[.?!])( +)")
_FULL_STOPS: Final = ("\N{IDEOGRAPHIC FULL STOP}", "\N{FULLWIDTH QUESTION MARK}", "\N{FULLWIDTH EXCLAMATION MARK}")
"""After them no blank follows."""


def said(text: str) -> str:
    """``text``, lines of sentences, in the user's language, up to the first sentence of a line that is not ours."""
    if isinstance(text, Message):
        return translated(text)
    return _told(text, _language(), clause=False)


def said_in_part(text: str) -> str:
    """``text``, a part of a sentence such as a request's why, in the user's language; as it is where it is not ours."""
    if isinstance(text, Message):
        return translated(text)
    return _told(text, _language(), clause=True)


@dataclass(frozen=True, slots=True)
class _Template:
    """``fixed`` is the text around the places, one more than there are places; ``text`` is where it came from."""

    text: str
    fixed: tuple[str, ...]
    ours: tuple[int, ...]

    @property
    def weight(self) -> int:
        """How much of a text is known where this fits."""
        return sum(map(len, self.fixed))

    @property
    def is_open(self) -> bool:
        """Whether its last place takes all the rest, sentences too."""
        return self.fixed[-1] == "" and len(self.fixed) > 1

    def values(self, text: str) -> tuple[str, ...] | None:
        """What stands in the places, where the whole of ``text`` is this template."""
        first, *middle = self.fixed
        if not text.startswith(first):
            return None
        if not middle:
            return () if text == first else None
        *middle, last = middle
        at, end, found = len(first), len(text) - len(last), []
        for fixed in middle:
            next_ = text.find(fixed, at, end)
            if next_ < 0:
                return None
            found.append(text[at:next_])
            at = next_ + len(fixed)
        if at > end or not text.endswith(last):
            return None
        return (*found, text[at:end])


def _language() -> str:
    return QCoreApplication.translate(_CONTEXT, _LANGUAGE)


@lru_cache(maxsize=2_048)
def _told(text: str, language: str, *, clause: bool) -> str:
    """``language`` is what the answer depends on beside the text."""
    if language == _LANGUAGE or not text or len(text) > _LONGEST:
        return text
    if clause:
        return _part(text, 0)
    return "\n".join(_line(line, 0) for line in text.split("\n"))


def _line(line: str, depth: int) -> str:
    pieces = _BETWEEN.split(line)
    told = ""
    for at in range(0, len(pieces), 2):
        rest = "".join(pieces[at:])
        quote = _closest(rest, _quotes(), depth)
        if quote is not None:
            return told + quote
        known = _closest(pieces[at], _whole(), depth)
        if known is None:
            return told + (_closest(rest, _open(), depth) or rest)
        told += known if known.endswith(_FULL_STOPS) else known + "".join(pieces[at + 1 : at + 2])
    return told


def _part(text: str, depth: int) -> str:
    """A clause, sentences, or a sentence without its full stop."""
    if depth > _DEEPEST:
        return text
    known = _closest(text, _clauses(), depth)
    if known is not None:
        return known
    if text.endswith((".", "?", "!")):
        return _line(text, depth)
    told = _line(f"{text}.", depth)
    return text if told == f"{text}." else told.rstrip(".\N{IDEOGRAPHIC FULL STOP}")


def _closest(text: str, templates: tuple[_Template, ...], depth: int) -> str | None:
    """``text`` by the template that knows the most of it."""
    for template in templates:
        values = template.values(text)
        if values is not None and not _is_told(values if not template.is_open else values[:-1]):
            told = [_part(value, depth + 1) if at in template.ours else value for at, value in enumerate(values)]
            return _filled(QCoreApplication.translate(_CONTEXT, template.text), told)
    return None


def _is_told(values: tuple[str, ...]) -> bool:
    """Whether a place holds the end of a sentence that was turned already: then this is no sentence of ours."""
    return any(stop in value for value in values for stop in _FULL_STOPS)


def _filled(text: str, values: list[str]) -> str:
    def value(found: re.Match[str]) -> str:
        at = int(found[1])
        return values[at] if at < len(values) else found[0]

    return _PLACE.sub(value, text)


@lru_cache(maxsize=1)
def _quotes() -> tuple[_Template, ...]:
    """They begin with words of ours and take all the rest: what a provider said is not looked at."""
    return tuple(template for template in _templates(SENTENCES) if template.is_open and template.fixed[0])


@lru_cache(maxsize=1)
def _whole() -> tuple[_Template, ...]:
    return tuple(template for template in _templates(SENTENCES) if not template.is_open)


@lru_cache(maxsize=1)
def _open() -> tuple[_Template, ...]:
    return tuple(template for template in _templates(SENTENCES) if template.is_open and not template.fixed[0])


@lru_cache(maxsize=1)
def _clauses() -> tuple[_Template, ...]:
    """Those with an end first: the others would take it for theirs."""
    return tuple(sorted(_templates({str(text): ours for text, ours in CLAUSES.items()}), key=lambda one: one.is_open))


def _templates(table: Mapping[str, tuple[int, ...]]) -> list[_Template]:
    """The one that says the most first."""
    made = (_Template(text, tuple(_PLACE.split(text)[::2]), ours) for text, ours in table.items())
    return sorted(made, key=lambda template: template.weight, reverse=True)
