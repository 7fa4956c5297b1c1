"""An XDG autostart entry, which desktops on Linux start at login (freedesktop.org, Desktop Application Autostart)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from proxy_core.config import atomic_file


class DesktopEntry:
    """``~/.config/autostart/understudy.desktop``."""

    def __init__(
        self, environ: Mapping[str, str], home: Path, command: Sequence[str], variables: Mapping[str, str]
    ) -> None:
        config = environ.get("XDG_CONFIG_HOME", "")
        folder = Path(config) if Path(config).is_absolute() else home / ".config"
        self.path = folder / "autostart" / "understudy.desktop"
        given = [f"{name}={value}" for name, value in variables.items()]
        self._program = command[0]
        self._argv = ("env", *given, *command) if given else tuple(command)

    def is_on(self) -> bool:
        """Return whether the entry exists with its current content."""
        try:
            return self.path.read_text("utf-8") == self._content()
        except FileNotFoundError:
            return False

    def turn_on(self) -> None:
        """Write it."""
        atomic_file.write(self.path, self._content().encode())

    def turn_off(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)

    def _content(self) -> str:
        return (
            "[Desktop Entry]\n"
            "Type=Application\n"
            "Name=Understudy\n"
            "Comment=Run Claude Code on any model\n"
            f"TryExec={self._program.replace(_BACKSLASH, _BACKSLASH * 2)}\n"  # skips a removed app
            f"Exec={' '.join(_quoted(word) for word in self._argv)}\n"
            "Icon=understudy\n"
            "Terminal=false\n"
            "X-GNOME-Autostart-enabled=true\n"
        )


_BACKSLASH: Final = "\\"


def _quoted(word: str) -> str:
    """Return an argument of ``Exec``, whose rules apply on top of those of strings in desktop files."""
    if re.fullmatch(r"[\w@+=:,./-]+", word):
        return word.replace("%", "%%")
    escaped = re.sub(r'(["`$\\])', r"\\\1", word).replace("%", "%%")
    return '"' + escaped.replace("\\", "\\\\") + '"'
