"""The terminals of macOS, with the command line by which each runs a script in a folder.

A terminal there is an application, controlled by AppleScript (for which macOS asks the user once) or started by
``open``. Neither passes an environment on: the script carries it, and changes to its folder itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proxy_core.launch.terminal import Terminal, TerminalSpec

FOLDERS: Final = ("/Applications", "/System/Applications/Utilities", "~/Applications")
"""Folders of applications; ``~`` is the user's home."""


def _told(id_: str, name: str, *lines: str) -> TerminalSpec:
    """Return a terminal that is controlled by AppleScript."""
    words = [word for line in lines for word in ("-e", line)]
    return TerminalSpec(Terminal(id_, name), f"{name}.app", ("osascript", *words))


def _opened(id_: str, name: str, *words: str) -> TerminalSpec:
    """Return a terminal that takes a command when a new instance is started."""
    return TerminalSpec(Terminal(id_, name), f"{name}.app", ("open", "-na", name, "--args", *words))


ROWS: Final = (
    _told(
        "terminal",
        "Terminal",
        'if application "Terminal" is running then',
        'tell application "Terminal" to activate',
        'tell application "Terminal" to do script "{applescript}"',
        "else",
        # "activate" would open an additional empty window.
        'tell application "Terminal" to launch',
        'tell application "Terminal" to do script "{applescript}"',
        'tell application "Terminal" to activate',
        "end if",
    ),
    _told(
        "iterm2",
        "iTerm",
        'tell application "iTerm"',
        "activate",
        "set made to (create window with default profile)",
        'tell current session of made to write text "{applescript}"',
        "end tell",
    ),
    _told(
        "ghostty",
        "Ghostty",
        'if application "Ghostty" is running then',
        'tell application "Ghostty" to new window with configuration '
        '{command:"/bin/sh -c " & quoted form of "{applescript}"}',
        "else",
        'do shell script "open -na Ghostty --args " & quoted form of '
        '("--initial-command=/bin/sh -c " & quoted form of "{applescript}")',
        "end if",
    ),
    _opened("kitty", "kitty", "--directory", "{folder}", "sh", "-c", "exec sh {shell}"),
    _opened("alacritty", "Alacritty", "--working-directory", "{folder}", "-e", "sh", "-c", "exec sh {shell}"),
    _opened("wezterm", "WezTerm", "start", "--cwd", "{folder}", "--", "sh", "-c", "exec sh {shell}"),
    # Needs no permission: a .command file opens in the terminal that the user chose for such files.
    TerminalSpec(Terminal("command", "The system's own choice"), "", ("open", "{script}")),
)
"""In the order in which they are tried."""


def installed(environ: Mapping[str, str], folders: tuple[str, ...] = FOLDERS) -> tuple[TerminalSpec, ...]:
    """Return those that are installed: in one of ``folders``, or part of the system."""
    home = environ.get("HOME", "")
    places = [Path(folder.replace("~", home, 1)) for folder in folders if home or not folder.startswith("~")]
    return tuple(row for row in ROWS if not row.program or any((place / row.program).exists() for place in places))
