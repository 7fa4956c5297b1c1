"""Random ids, drawn from the system many at a time: one takes it as long as a hundred."""

from __future__ import annotations

import secrets
from typing import Final

_LENGTH: Final = 24
"""Hexadecimal digits: 96 bits."""

_AT_A_TIME: Final = 128


class RandomIds:
    """Called, it gives an id. Belongs to one thread."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def __call__(self) -> str:
        """The next one."""
        if not self._drawn:
            digits = secrets.token_hex(_LENGTH // 2 * _AT_A_TIME)
            self._drawn = [digits[start : start + _LENGTH] for start in range(0, len(digits), _LENGTH)]
        return self._drawn.pop()
