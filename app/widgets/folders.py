"""Folders of the user: how their paths are written, and how one is chosen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QDir, Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def from_home(path: str) -> str:
    """``~/work/atlas-api`` for what is inside the home folder; any other path as it is."""
    home, plain = QDir.homePath(), QDir.fromNativeSeparators(path)
    if plain == home:
        return "~"
    return f"~{path[len(home) :]}" if plain.startswith(f"{home}/") else path


def ask_folder(parent: QWidget | None, title: str, start: str, chosen: Callable[[str], None]) -> None:
    """Let a person choose a folder, beginning in ``start``; ``chosen`` is called with it, unless they leave."""
    dialog = QFileDialog(parent, title, start)
    dialog.setObjectName("folder-dialog")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(chosen)
    dialog.open()
