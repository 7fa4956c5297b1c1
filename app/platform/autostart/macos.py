"""A launch agent, which macOS starts when its user logs in (launchd.plist(5))."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from proxy_core.config import atomic_file

LABEL: Final = "app.understudy.understudy"


class LaunchAgent:
    """``~/Library/LaunchAgents/app.understudy.understudy.plist``."""

    def __init__(self, home: Path, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self.path = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        self._agent: dict[str, Any] = {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "ProcessType": "Interactive",
            "LimitLoadToSessionType": "Aqua",
        }
        if variables:
            self._agent["EnvironmentVariables"] = dict(variables)

    def is_on(self) -> bool:
        """Return whether the agent exists with its current content."""
        try:
            return bool(plistlib.loads(self.path.read_bytes()) == self._agent)
        except (FileNotFoundError, plistlib.InvalidFileException):
            return False

    def turn_on(self) -> None:
        """Write it; it takes effect at the next login."""
        atomic_file.write(self.path, plistlib.dumps(self._agent))

    def turn_off(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)
