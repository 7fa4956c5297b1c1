"""Request ids: random, except for their first two digits, which are those of the tenth of a second.

So an index inserts the requests of one batch at few neighbouring places. Fully random ids are spread over all of it,
and a batch then rewrites as many of its pages as it has rows, which doubled the cost of a row. Ids that start with the
time would be slightly cheaper still, but their first digits, by which people name a request, would not tell them apart.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

_TOGETHER: Final = 10
"""Parts of a second whose ids share their first digits."""

_RANDOM: Final = 22
"""Random hexadecimal digits of an id."""

_AT_A_TIME: Final = 128
"""Ids drawn from the system at once: one takes as long as a hundred."""


class Ids:
    """A factory of ids of 24 hexadecimal digits. ``clock`` returns seconds. Not thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._drawn: list[str] = []

    def __call__(self) -> str:
        """Return the next id."""
        if not self._drawn:
            digits = secrets.token_hex(_RANDOM // 2 * _AT_A_TIME)
            self._drawn = [digits[start : start + _RANDOM] for start in range(0, len(digits), _RANDOM)]
        return f"{int(self._clock() * _TOGETHER) & 0xFF:02x}{self._drawn.pop()}"
