"""The terminals of Linux and other free desktops, with the command line by which each runs a script in a folder.

Only one word goes through a terminal's own parsing, the script's path, so that quoting rules do not matter.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy_core.launch.terminal import Terminal, TerminalSpec

_X: Final = "DISPLAY"
_WAYLAND: Final = "WAYLAND_DISPLAY"


def _row(program: str, name: str, *words: str, wants: str = "") -> TerminalSpec:
    return TerminalSpec(Terminal(program, name), program, (program, *words, "{script}"), wants=wants)


ROWS: Final = (
    _row("xdg-terminal-exec", "The desktop's own choice", "--dir={folder}", "--"),
    _row("ptyxis", "Ptyxis", "--new-window", "--working-directory={folder}", "--"),  # without it the folder is ignored
    _row("gnome-terminal", "GNOME Terminal", "--working-directory={folder}", "--"),
    _row("kgx", "GNOME Console", "--working-directory={folder}", "--"),
    _row("konsole", "Konsole", "--workdir", "{folder}", "-e"),
    _row("xfce4-terminal", "Xfce Terminal", "--disable-server", "--working-directory={folder}", "-x"),
    _row("mate-terminal", "MATE Terminal", "--working-directory={folder}", "-x"),
    _row("ghostty", "Ghostty", "--working-directory={folder}", "-e"),
    _row("kitty", "kitty", "--directory", "{folder}"),
    _row("alacritty", "Alacritty", "--working-directory", "{folder}", "-e"),
    _row("wezterm", "WezTerm", "start", "--always-new-process", "--cwd", "{folder}", "--"),
    _row("foot", "foot", "--working-directory={folder}", wants=_WAYLAND),
    _row("tilix", "Tilix", "--working-directory={folder}", "-e"),
    _row("qterminal", "QTerminal", "--workdir", "{folder}", "-e"),
    _row("lxterminal", "LXTerminal", "--no-remote", "--working-directory={folder}", "-e"),
    _row("urxvt", "urxvt", "-cd", "{folder}", "-e", wants=_X),
    _row("x-terminal-emulator", "The system's own choice", "-e"),
    _row("xterm", "XTerm", "-e", wants=_X),
)
"""In the order in which they are tried, after those of the running desktop."""

AT_HOME: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "GNOME": ("ptyxis", "gnome-terminal", "kgx"),
        "KDE": ("konsole",),
        "XFCE": ("xfce4-terminal",),
        "MATE": ("mate-terminal",),
        "LXQt": ("qterminal",),
        "LXDE": ("lxterminal",),
    }
)
"""A desktop's own terminals, by its name in ``XDG_CURRENT_DESKTOP``."""


def installed(environ: Mapping[str, str]) -> tuple[TerminalSpec, ...]:
    """Return those that are installed and can draw on this display; none without a display."""
    if not environ.get(_X) and not environ.get(_WAYLAND):
        return ()
    own = [id_ for desktop in environ.get("XDG_CURRENT_DESKTOP", "").split(":") for id_ in AT_HOME.get(desktop, ())]
    first = ["xdg-terminal-exec", *own]
    there = [
        row
        for row in ROWS
        if (not row.wants or environ.get(row.wants)) and shutil.which(row.program, path=environ.get("PATH"))
    ]
    return tuple(sorted(there, key=lambda row: first.index(row.program) if row.program in first else len(first)))
