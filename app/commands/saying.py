"""How the command line speaks: answers on stdout, everything else on stderr, each a sentence or one JSON value."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import orjson


def say(text: str = "") -> None:
    """A line of the answer, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_json(value: Any) -> None:
    """The answer for a script: one JSON value on one line."""
    say(orjson.dumps(value).decode())


def remark(sentence: str) -> None:
    """Something beside the answer."""
    sys.stderr.write(f"understudy: {sentence}\n")
    sys.stderr.flush()


def table(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """The rows as lines, with columns as wide as they must be."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
