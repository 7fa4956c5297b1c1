"""The project's own icons: 20 by 20, strokes of 1.6, drawn in whatever colour is asked for."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

FOLDER: Final = Path(__file__).parent
IconName = Literal[
    "again",
    "alert",
    "appearance",
    "bell",
    "check",
    "clock",
    "close",
    "copy",
    "document",
    "down",
    "edit",
    "export",
    "eye",
    "eye-off",
    "filter",
    "folder",
    "globe",
    "image",
    "info",
    "key",
    "left",
    "link",
    "log",
    "minus",
    "money",
    "more",
    "pause",
    "plus",
    "profiles",
    "proxy",
    "pulse",
    "requests",
    "right",
    "search",
    "server",
    "sessions",
    "settings",
    "shield",
    "sliders",
    "start",
    "stop",
    "stream",
    "swap",
    "terminal",
    "thinking",
    "tools",
    "trash",
    "usage",
]
SIZES: Final = (16, 18, 20, 24, 32, 36, 40, 48, 60)
"""In device pixels: icons of 16 to 24 on screens of one to three times the usual density."""


@lru_cache(maxsize=512)
def pixmap(name: IconName, colour: str, size: int = 20, ratio: float = 1.0, *, roomy: bool = False) -> QPixmap:
    """An icon for a painter: ``size`` in device-independent pixels, ``ratio`` device pixels for each of them.

    ``roomy``: a third of its width is free at the right.
    """
    drawing = (FOLDER / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    side = round(size * ratio)
    made = QPixmap(side * 4 // 3 if roomy else side, side)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


@lru_cache(maxsize=256)
def icon(name: IconName, colour: str, disabled: str = "", *, roomy: bool = False) -> QIcon:
    """An icon for a button in one colour, and in another where the button is disabled; ``roomy`` beside a word."""
    made = QIcon()
    for size in SIZES:
        made.addPixmap(pixmap(name, colour, size, roomy=roomy))
        if disabled:
            made.addPixmap(pixmap(name, disabled, size, roomy=roomy), QIcon.Mode.Disabled)
    return made
