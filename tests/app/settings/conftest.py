"""What the tests of the Settings window share: the whole catalogue, and somebody who hears every wish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.services.catalogue_search import CatalogueSearch
from app.widgets.confirm_dialog import ConfirmDialog
from proxy_core.catalogue.models import ModelCatalogue
from resources.scene import SETTINGS


@pytest.fixture(scope="session")
def catalogue() -> CatalogueSearch:
    """The whole catalogue, read."""
    found = CatalogueSearch(ModelCatalogue(), SETTINGS.providers)
    found.read()
    return found


class Listener:
    """Hears the wishes of one window."""

    def __init__(self) -> None:
        self.commands: list[Any] = []

    def __call__(self, command: object) -> None:
        self.commands.append(command)

    @property
    def last(self) -> Any:
        """The latest one."""
        return self.commands[-1]


Shown = Callable[..., Any]


@pytest.fixture
def shown(qtbot: QtBot) -> Shown:
    """Show a widget with its wishes heard; give the listener."""

    def show(widget: Any, *, width: int = 900, height: int = 600) -> Listener:
        listener = Listener()
        widget.command_requested.connect(listener)
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        widget.activateWindow()
        qtbot.waitUntil(widget.isActiveWindow, timeout=30_000)
        return listener

    return show


def say_yes(window: QWidget) -> None:
    """Answer the question that the window asks; its dead time has a test of its own."""
    asked(window).accept()
    QApplication.processEvents()


def asked(window: QWidget) -> ConfirmDialog:
    """The dialog that is open over the window."""
    (dialog,) = (dialog for dialog in window.findChildren(ConfirmDialog) if dialog.isVisible())
    return dialog


def child(widget: QWidget, name: str) -> Any:
    """The one descendant of this object name."""
    found = [own for own in widget.findChildren(QWidget) if own.objectName() == name]
    assert len(found) == 1, (name, found)
    return found[0]
