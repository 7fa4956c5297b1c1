"""How the command line speaks: answers on stdout, everything else on stderr, each a sentence or one JSON value."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

from proxy_core.anthropic_api.json_text import dumps


def use_utf8_output() -> None:
    """A character that the terminal or the pipe does not have becomes a question mark: no command fails of it.

    Into a pipe of Windows goes UTF-8, as everywhere else, and not the code page of its old programs.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            piped = sys.platform == "win32" and not stream.isatty()
            stream.reconfigure(encoding="utf-8" if piped else None, errors="replace")


def say(text: str = "") -> None:
    """A line of the answer, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_json(value: Any) -> None:
    """The answer for a script: one JSON value on one line."""
    say(dumps(value).decode())


def say_error(sentence: str) -> None:
    """Something beside the answer."""
    sys.stderr.write(f"understudy: {sentence}\n")
    sys.stderr.flush()


def styled(text: str, code: str) -> str:
    """The text in a style of terminals (``1`` bold, ``31`` red …), where the answer goes to one that wants such."""
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\033[{code}m{text}\033[0m"


def counted(number: int, noun: str) -> str:
    """``1 request``, ``1,200 requests``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(name: str, width: int) -> str:
    """A name in ``width`` columns: of one that is too long the end, which tells models and folders apart."""
    return name if len(name) <= width else f"…{name[len(name) - width + 1 :]}"


def table(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """The rows as lines, with columns as wide as they must be."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
