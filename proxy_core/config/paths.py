"""Where our files live: the only place that knows a folder's or a file's name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOME_VARIABLE: Final = "UNDERSTUDY_HOME"
"""Names one folder that then holds every file of ours."""

_APP: Final = "understudy"


@dataclass(frozen=True, slots=True)
class Paths:
    """Folders and files, all absolute; none of them need exist.

    ``settings_file`` is what the user may edit; ``state_dir`` holds what a running Understudy leaves behind
    (``runtime_file`` says where it listens); ``data_dir`` what is worth keeping, the ledger above all; ``log_dir`` what
    went wrong with us.
    """

    settings_file: Path
    state_dir: Path
    data_dir: Path
    log_dir: Path

    @property
    def settings_dir(self) -> Path:
        """The folder of the settings file, its copies and what was set aside."""
        return self.settings_file.parent

    @property
    def ledger_file(self) -> Path:
        """The ledger, an SQLite database."""
        return self.data_dir / "ledger.sqlite"

    @property
    def runtime_file(self) -> Path:
        """Which Understudy runs, and where."""
        return self.state_dir / "runtime.json"

    @property
    def remembered_file(self) -> Path:
        """What the app remembers of the desktop between two runs."""
        return self.state_dir / "desktop.json"

    @property
    def lock_file(self) -> Path:
        """Held by the one app that runs."""
        return self.state_dir / "app.lock"

    @property
    def launches_dir(self) -> Path:
        """Which launches of Claude Code run, a file each."""
        return self.state_dir / "launches"

    @property
    def reports_dir(self) -> Path:
        """Reports of crashes, until they have been looked at."""
        return self.state_dir / "crashes"


def find(environ: Mapping[str, str]) -> Paths:
    """Our folders: under :data:`HOME_VARIABLE` if ``environ`` has it, else the platform's own.

    The platform's rules (XDG on Linux, Library on macOS, AppData on Windows) are platformdirs', which reads the
    process's environment.
    """
    home = environ.get(HOME_VARIABLE, "").strip()
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(root / "settings.toml", root / "state", root / "data", root / "log")

    from platformdirs import PlatformDirs  # noqa: PLC0415 - not needed where one folder is named

    dirs = PlatformDirs(_APP, appauthor=False)
    return Paths(dirs.user_config_path / "settings.toml", dirs.user_state_path, dirs.user_data_path, dirs.user_log_path)


def spelled(folder: str) -> str:
    """A folder's name as text that every file and program takes: bytes that are no UTF-8 as backslashes and digits."""
    return os.fsencode(folder).decode("utf-8", "backslashreplace")


def private_folder(folder: Path) -> Path:
    """``folder``, made if it was missing, readable by its owner only. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
