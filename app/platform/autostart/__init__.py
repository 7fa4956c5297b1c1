"""Starting with the user's session: one handler per system, behind one Protocol."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from proxy_core.config.paths import HOME_VARIABLE

_PROGRAM: Final = "understudy"


class Autostart(Protocol):
    """The entry that starts the app at login. Each method may block and raises OSError."""

    def is_on(self) -> bool:
        """Return whether the entry exists with its current content."""
        ...

    def turn_on(self) -> None:
        """Write it."""
        ...

    def turn_off(self) -> None:
        """Remove it, if it exists."""
        ...


def autostart(environ: Mapping[str, str], home: Path, command: Sequence[str]) -> Autostart:
    """Return the handler of this system; ``command`` starts the app."""
    if sys.platform == "darwin":
        from app.platform.autostart.macos import LaunchAgent  # noqa: PLC0415 - of one system only

        return LaunchAgent(home, command, own_variables(environ))
    if sys.platform == "win32":
        from app.platform.autostart.windows import RunKey  # noqa: PLC0415

        return RunKey(command)
    from app.platform.autostart.linux import DesktopEntry  # noqa: PLC0415

    return DesktopEntry(environ, home, command, own_variables(environ))


def own_command(argv0: str, executable: str) -> tuple[str, ...]:
    """Return the command that starts this app again: its program if it has one, else its Python.

    Installed as a package, ``executable`` is the app and takes no ``-m``; Windows and macOS capitalize its name.
    """
    for started in (shutil.which(argv0) or argv0, executable):
        if Path(started).stem.casefold() == _PROGRAM and Path(started).is_file():
            return (str(Path(started).absolute()),)
    return (executable, "-m", "app")


def own_variables(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables that have to stay the same, or another Understudy would start: where its files are."""
    return {name: environ[name] for name in (HOME_VARIABLE,) if environ.get(name)}
