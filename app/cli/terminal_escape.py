"""Text from outside, made fit for a terminal: what would move the cursor, colour the screen or turn a line round."""

from __future__ import annotations

import re
from typing import Final

_CONTROLS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""C0 and C1 controls, marks that change the direction of writing, line separators, halves of surrogate pairs."""

_KEPT: Final = {"\n": "\n", "\t": "    "}


def escape(text: str) -> str:
    """The text with such characters as escapes; lines stay lines."""
    return _CONTROLS.sub(lambda found: _KEPT.get(found[0]) or _escaped(found[0]), text)


def escape_line(text: str) -> str:
    """The text on one line."""
    return _CONTROLS.sub(lambda found: " " if found[0] in "\n\t\r" else _escaped(found[0]), text)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
