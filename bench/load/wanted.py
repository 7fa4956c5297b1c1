"""What the upstream is asked to do, encoded in a prompt, which every translation preserves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self


class Kind(StrEnum):
    """How the upstream answers."""

    PACED = "paced"
    BURST = "burst"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Wanted:
    """``chunks`` of text, ``per_second`` of them when paced; a whole answer has ``chunks`` words."""

    kind: Kind
    chunks: int
    per_second: int = 0

    def __str__(self) -> str:
        return f"bench:{self.kind}:{self.chunks}:{self.per_second};"

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read it from a request's body, in whatever format it arrived. Raises ValueError if there is none."""
        if (match := _FORM.search(body)) is None:
            raise ValueError("the request says nothing of what is wanted")
        kind, chunks, per_second = match.groups()
        return cls(Kind(kind.decode()), int(chunks), int(per_second))


_FORM: Final = re.compile(rb"bench:([a-z]+):(\d+):(\d+);")

STAMP: Final = re.compile(rb"@(\d+)~")
"""The sending time in a chunk's text: nanoseconds of the monotonic clock, which processes of a machine share."""

STAMP_END: Final = b"~"
"""Occurs once in every chunk of text, and nowhere else in an answer."""
