"""Starting with the user's session: one handler for each system, all of them told by one Protocol."""

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
        """Whether the entry is there, as it would be written now."""
        ...

    def turn_on(self) -> None:
        """Write it."""
        ...

    def turn_off(self) -> None:
        """Take it away; nothing happens where there is none."""
        ...


def autostart(environ: Mapping[str, str], home: Path, command: Sequence[str]) -> Autostart:
    """The handler of this system; ``command`` is what starts the app."""
    if sys.platform == "darwin":
        from app.platform.autostart.macos import LaunchAgent  # noqa: PLC0415 - of one system only

        return LaunchAgent(home, command, own_variables(environ))
    elif sys.platform == "win32":
        from app.platform.autostart.windows import RunKey  # noqa: PLC0415

        return RunKey(command)
    else:
        from app.platform.autostart.linux import DesktopEntry  # noqa: PLC0415

        return DesktopEntry(environ, home, command, own_variables(environ))


def own_command(argv0: str, executable: str) -> tuple[str, ...]:
    """What starts this very app again: the program that was started, if it is one by itself, else its Python.

    Installed as a package, ``executable`` is the app and takes no ``-m``; Windows and macOS write it with a capital.
    """
    for started in (shutil.which(argv0) or argv0, executable):
        if Path(started).stem.casefold() == _PROGRAM and Path(started).is_file():
            return (str(Path(started).absolute()),)
    return (executable, "-m", "app")


def own_variables(environ: Mapping[str, str]) -> Mapping[str, str]:
    """What has to be as it is now, or another Understudy would start: where its files live."""
    return {name: environ[name] for name in (HOME_VARIABLE,) if environ.get(name)}
