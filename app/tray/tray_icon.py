"""The tray icon: four shapes for four states, drawn from SVG at every size a panel may ask for."""

from __future__ import annotations

import sys
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.state.app_state import AppState, Phase

_DRAWINGS: Final = Path(__file__).parents[1] / "assets" / "tray"
_SIZES: Final = (16, 18, 20, 22, 24, 32, 36, 40, 44, 48, 54, 64)
"""Pixels. A panel gets all of them and takes the one for its density."""


class Shape(StrEnum):
    """The shapes of the icon; each has a drawing of this name."""

    STOPPED = "stopped"
    RUNNING = "running"
    BUSY = "busy"
    ATTENTION = "attention"


def shape_of(state: AppState) -> Shape:
    """Return the shape for a state of the app: busy while a request runs, or while the proxy starts or stops."""
    match state.proxy.phase:
        case Phase.ATTENTION:
            return Shape.ATTENTION
        case Phase.STOPPED:
            return Shape.STOPPED
        case Phase.STARTING | Phase.STOPPING:
            return Shape.BUSY
        case Phase.RUNNING:
            return Shape.BUSY if any(record.ended is None for record in state.live.values()) else Shape.RUNNING


@cache
def tray_icon(shape: Shape, *, mask: bool = sys.platform == "darwin") -> QIcon:
    """Return the icon; ``mask`` is macOS's kind, in one colour that the menu bar chooses."""
    drawing = QSvgRenderer(str(_DRAWINGS / f"{shape}{'-mask' if mask else ''}.svg"))
    icon = QIcon()
    for size in _SIZES:
        picture = QPixmap(size, size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        drawing.render(painter, QRectF(0, 0, size, size))
        painter.end()
        icon.addPixmap(picture)
    icon.setIsMask(mask)
    return icon
