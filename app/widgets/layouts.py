"""Helpers for layouts: empty one, make a page scroll."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QWidget


def empty(layout: QLayout) -> None:
    """Remove everything from ``layout``; its widgets disappear from the window at once.

    They are deleted after the current event, which may be a click on one of their buttons.
    """
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.setParent(None)
            QTimer.singleShot(0, widget.deleteLater)  # keeps the widget alive, which has no parent now


def scrolling(page: QWidget) -> QScrollArea:
    """``page`` in an area that scrolls it up and down, as wide as the area, and takes no focus of its own."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    area.viewport().setAutoFillBackground(False)
    return area
