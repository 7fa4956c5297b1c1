"""A terminal program as a value: what it is called, and by which words it runs a script in a folder."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

_PLACE: Final = re.compile(r"\{(script|folder|shell|applescript|wt_folder)\}")


@dataclass(frozen=True, slots=True)
class Terminal:
    """``id`` is kept in the settings, ``name`` is for a person."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class TerminalSpec:
    """One line of a system's table.

    ``program`` is what is looked for: a program on the PATH, or an application. ``words`` are the whole command line,
    the program first, with places in it: ``{script}`` and ``{folder}`` as they are, ``{shell}`` the script quoted for
    ``sh``, ``{applescript}`` a shell command that becomes the script, quoted for a string of AppleScript, and
    ``{wt_folder}`` the folder as Windows Terminal wants it. ``new_console`` is for a program of Windows that has no
    window of its own. ``wants`` is a variable without which it cannot draw.
    """

    terminal: Terminal
    program: str
    words: tuple[str, ...]
    new_console: bool = False
    wants: str = ""

    def command(self, script: PurePath, folder: PurePath) -> list[str]:
        """The command line that runs ``script`` in ``folder``. No secret is in it."""
        return [filled(word, script, folder) for word in self.words]


def filled(word: str, script: PurePath, folder: PurePath) -> str:
    """``word`` with its places filled; other braces stay."""
    quoted = shlex.quote(str(script))
    applescript = f"exec sh {quoted}".replace("\\", "\\\\").replace('"', '\\"')
    places = {
        "script": str(script),
        "folder": str(folder),
        "shell": quoted,
        "applescript": applescript,
        "wt_folder": str(folder).replace(";", "\\;"),  # a bare one would begin its next command
    }
    return _PLACE.sub(lambda found: places[found[1]], word)
