"""The user's folders: how their paths are written, and a dialog to choose one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QDir, Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def from_home(path: str) -> str:
    """Return ``~/work/atlas-api`` for a path below the home folder; any other path unchanged."""
    home, plain = QDir.homePath(), QDir.fromNativeSeparators(path)
    if plain == home:
        return "~"
    return f"~{path[len(home) :]}" if plain.startswith(f"{home}/") else path


def ask_folder(parent: QWidget | None, title: str, start: str, chosen: Callable[[str], None]) -> None:
    """Let the user choose a folder, starting in ``start``; call ``chosen`` with it unless they cancel."""
    dialog = QFileDialog(parent, title, start)
    dialog.setObjectName("folder-dialog")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(chosen)
    dialog.open()
