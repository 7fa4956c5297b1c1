"""A value under the user's Run key, whose command line Windows starts at login (Run and RunOnce Registry Keys)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Final, Protocol

RUN: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
NAME: Final = "Understudy"


class Registry(Protocol):
    """The user's own part of the registry, text values only."""

    def get(self, key: str, name: str) -> str | None:
        """Return the value, None if there is none."""
        ...

    def put(self, key: str, name: str, value: str) -> None:
        """Store the value."""
        ...

    def remove(self, key: str, name: str) -> None:
        """Remove the value, if it exists."""
        ...


class RunKey:
    """``HKEY_CURRENT_USER``, :data:`RUN`, :data:`NAME`."""

    def __init__(self, command: Sequence[str], registry: Registry | None = None) -> None:
        self._line = subprocess.list2cmdline(command)
        self._registry = registry or _UserRegistry()

    def is_on(self) -> bool:
        """Return whether the value exists with its current content."""
        return self._registry.get(RUN, NAME) == self._line

    def turn_on(self) -> None:
        """Write it."""
        self._registry.put(RUN, NAME, self._line)

    def turn_off(self) -> None:
        """Remove it."""
        self._registry.remove(RUN, NAME)


class _UserRegistry:
    """The real registry; on other systems every call raises OSError."""

    def get(self, key: str, name: str) -> str | None:
        if sys.platform == "win32":
            import winreg  # noqa: PLC0415 - of one system only

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                    value = winreg.QueryValueEx(opened, name)[0]
            except FileNotFoundError:
                return None
            return value if isinstance(value, str) else None
        raise OSError(_ELSEWHERE)

    def put(self, key: str, name: str, value: str) -> None:
        if sys.platform == "win32":
            import winreg  # noqa: PLC0415

            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
                winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)
        else:
            raise OSError(_ELSEWHERE)

    def remove(self, key: str, name: str) -> None:
        if sys.platform == "win32":
            import winreg  # noqa: PLC0415

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened:
                    winreg.DeleteValue(opened, name)
            except FileNotFoundError:
                return
        else:
            raise OSError(_ELSEWHERE)


_ELSEWHERE: Final = "only Windows has a registry"
