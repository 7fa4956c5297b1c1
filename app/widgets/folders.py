"""A folder's path as a person writes it: from the home folder on."""

from __future__ import annotations

from PySide6.QtCore import QDir


def from_home(path: str) -> str:
    """``~/work/atlas-api`` for what is inside the home folder; any other path as it is."""
    home, plain = QDir.homePath(), QDir.fromNativeSeparators(path)
    if plain == home:
        return "~"
    return f"~{path[len(home) :]}" if plain.startswith(f"{home}/") else path
