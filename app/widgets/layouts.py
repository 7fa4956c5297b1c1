"""What several windows do with layouts: take everything out of one, let a page scroll."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QWidget


def empty(layout: QLayout) -> None:
    """Take everything out of ``layout``; widgets that stood in it are gone from the window now.

    They live on until the event is over that led here: it may be a press on a button of theirs.
    """
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.setParent(None)
            QTimer.singleShot(0, widget.deleteLater)  # what is without a parent lives as long as this knows it


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
