"""A terminal program as a value: its name, and the command line with which it runs a script in a folder."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

_PLACE: Final = re.compile(r"\{(script|folder|shell|applescript|wt_folder)\}")


@dataclass(frozen=True, slots=True)
class Terminal:
    """``id`` is stored in the settings, ``name`` is shown."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class TerminalSpec:
    """One row of a system's table.

    ``program`` is what has to be found: a program on the PATH, or an application. ``words`` are the command line, the
    program first, with placeholders: ``{script}`` and ``{folder}`` unchanged, ``{shell}`` the script quoted for ``sh``,
    ``{applescript}`` a shell command that becomes the script, quoted for a string of AppleScript, and ``{wt_folder}``
    the folder as Windows Terminal takes it. ``new_console`` is for Windows programs without a window of their own.
    ``wants`` is a variable without which it cannot draw.
    """

    terminal: Terminal
    program: str
    words: tuple[str, ...]
    new_console: bool = False
    wants: str = ""

    def command(self, script: PurePath, folder: PurePath) -> list[str]:
        """Return the command line that runs ``script`` in ``folder``. It contains no secret."""
        return [filled(word, script, folder) for word in self.words]


def filled(word: str, script: PurePath, folder: PurePath) -> str:
    """Return ``word`` with its placeholders filled; other braces stay."""
    quoted = shlex.quote(str(script))
    applescript = f"exec sh {quoted}".replace("\\", "\\\\").replace('"', '\\"')
    places = {
        "script": str(script),
        "folder": str(folder),
        "shell": quoted,
        "applescript": applescript,
        "wt_folder": str(folder).replace(";", "\\;"),  # a bare one would start another command
    }
    return _PLACE.sub(lambda found: places[found[1]], word)
