"""What the app remembers of the desktop between two runs: folders, first run, where its windows stood."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from proxy_core.config import atomic_file

MOST_FOLDERS: Final = 8
"""Recent folders that are offered: what a tray menu shows without scrolling."""


@dataclass(frozen=True, slots=True)
class UiState:
    """``recent`` are folders, the latest first. ``geometry`` is Qt's own account of a window, by the window's name."""

    folder: str = ""
    recent: tuple[str, ...] = ()
    first_run_over: bool = False
    geometry: Mapping[str, str] = field(default_factory=dict)

    def with_folder(self, folder: str) -> UiState:
        """``folder`` chosen, and first among the recent ones."""
        others = tuple(known for known in self.recent if known != folder)
        return replace(self, folder=folder, recent=(folder, *others)[:MOST_FOLDERS])


def load(path: Path) -> UiState:
    """What ``path`` says; nothing of it is worth a complaint: what is missing or wrong is as on the first day."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return UiState()
    if not isinstance(told, dict):
        return UiState()
    return UiState(
        folder=_text(told.get("folder")),
        recent=tuple(_text(folder) for folder in _list(told.get("recent")) if _text(folder))[:MOST_FOLDERS],
        first_run_over=told.get("first_run_over") is True,
        geometry={name: value for name, value in _dict(told.get("geometry")).items() if isinstance(value, str)},
    )


def save(path: Path, remembered: UiState) -> None:
    """Written whole or not at all. Raises OSError."""
    atomic_file.write(path, json.dumps(asdict(remembered), indent=1).encode())


class UiStateStore:
    """What is remembered now; belongs to one thread. ``write`` is handed each new content, to be written in order."""

    def __init__(self, remembered: UiState, write: Callable[[UiState], None]) -> None:
        self.now = remembered
        self._write = write

    def change(self, edit: Callable[[UiState], UiState]) -> UiState:
        """Remember something else, and have it kept."""
        new = edit(self.now)
        if new != self.now:
            self.now = new
            self._write(new)
        return new


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
