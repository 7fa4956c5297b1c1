"""The process that the app is: Qt's application in it, one of them at a time, and its exit code."""

from __future__ import annotations

import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMessageBox

from app.desktop import Desktop
from app.i18n.said import said
from app.platform.crash_reports import Reports
from app.platform.single_instance import SingleInstance
from app.state.commands import ShowWatch
from proxy_core.config import paths
from proxy_core.errors import UnderstudyError

_ICON_SIDES: Final = (16, 24, 32, 48, 64, 128, 256)
"""Pixels."""


def run() -> int:
    """The app until it ends; its exit code."""
    own = application()
    places = paths.find(os.environ)
    instance = SingleInstance(places.lock_file)
    if not instance.first():
        if instance.ask_the_first():
            return 0
        sys.stderr.write("understudy: it runs already and does not answer; end its process, then start it again.\n")
        return 1
    inherited = dict(os.environ)  # as it is now: LiteLLM writes into ours, and a terminal is to get the user's own
    try:
        desktop = Desktop(own, places, inherited, Path.home(), reports=Reports(places.reports_dir))
    except UnderstudyError as error:
        sys.stderr.write(f"understudy: {error.message}\n")
        QMessageBox.critical(None, "Understudy", said(error.message))
        instance.close()
        return 1
    instance.asked.connect(lambda: desktop.take(ShowWatch()))
    if instance.trouble:
        desktop.tell_trouble(
            QCoreApplication.translate(
                "Process",
                "Starting Understudy again can't bring its window to the front: {0}. Use the tray icon instead.",
            ).format(instance.trouble)
        )
    desktop.begin()
    code = own.exec()
    instance.close()
    return code


def own_icon() -> QIcon:
    """The project's picture, for what has no desktop file to find it in: Windows, X11, an app that is not installed."""
    icon = QIcon()
    for side in _ICON_SIDES:
        picture = QPixmap()
        picture.loadFromData((files("resources") / "icons" / f"understudy-{side}.png").read_bytes())
        icon.addPixmap(picture)
    return icon


def application() -> QApplication:
    """Qt's application, called as the system should know it."""
    if sys.platform == "win32":  # else the taskbar takes us for Python
        import ctypes  # noqa: PLC0415

        ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID("app.understudy.understudy")
    made = QApplication([sys.argv[0]])
    made.setApplicationName("understudy")
    made.setApplicationDisplayName("Understudy")
    made.setDesktopFileName("understudy")  # what Wayland finds window icons by, and docks the name
    made.setWindowIcon(own_icon())
    made.setQuitOnLastWindowClosed(False)
    return made
