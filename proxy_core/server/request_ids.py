"""Ids that are random but for their first two digits, which those of the same tenth of a second have in common.

So an index takes the requests of one batch in a few places that lie together. Wholly random ones lie all over it, and
each batch rewrites as many of its pages as it has rows, which cost as much as all else about them. Ids that begin with
the time would do still a little better, but nobody could tell two of them apart by their first few digits, by which
people name a request.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

_TOGETHER: Final = 10
"""Such parts of a second have their first digits in common."""

_RANDOM: Final = 22
"""Hexadecimal digits."""

_AT_A_TIME: Final = 128
"""Drawn from the system: one takes it as long as a hundred."""


class Ids:
    """Called, it gives an id of 24 hexadecimal digits. ``clock`` gives seconds. Belongs to one thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._drawn: list[str] = []

    def __call__(self) -> str:
        """The next one."""
        if not self._drawn:
            digits = secrets.token_hex(_RANDOM // 2 * _AT_A_TIME)
            self._drawn = [digits[start : start + _RANDOM] for start in range(0, len(digits), _RANDOM)]
        return f"{int(self._clock() * _TOGETHER) & 0xFF:02x}{self._drawn.pop()}"
