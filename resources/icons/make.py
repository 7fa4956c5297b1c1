"""Draws the application icon, from its two SVG sources, in every size and container that the systems ask for.

    .venv/bin/python resources/icons/make.py

What it writes is committed, because the packages are built where no Qt is installed; a test draws it anew and compares.
ICO and ICNS are written here by hand: both are a short table in front of PNG files.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent

SMALL: Final = 24
"""Up to this many pixels the small drawing is used."""

PNG_SIZES: Final = (16, 22, 24, 32, 48, 64, 128, 256, 512, 1024)
"""Of a side, in pixels: the folders of the hicolor icon theme, and 1024 for stores."""

ICO_SIZES: Final = (16, 20, 24, 32, 40, 48, 64, 256)
"""What Windows shows at 100 to 250 %."""

ICNS_TYPES: Final[Mapping[bytes, int]] = {
    b"icp4": 16,
    b"icp5": 32,
    b"ic07": 128,
    b"ic08": 256,
    b"ic09": 512,
    b"ic10": 1024,
    b"ic11": 32,
    b"ic12": 64,
    b"ic13": 256,
    b"ic14": 512,
}
"""Apple's types for PNG content and their pixels; ic10 to ic14 are the doubled ones (16@2x is ic11)."""

APPLE_MARGIN: Final = 57 / 1024
"""Left free on each side on macOS, beyond our own 3/64: its grid puts a tile of 824 on a canvas of 1024."""


def draw(pixels: int, *, margin: float = 0.0) -> bytes:
    """The icon as a PNG of ``pixels`` squared, with a part ``margin`` of the side left free all round."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF  # noqa: PLC0415 - importing this module needs no Qt
    from PySide6.QtGui import QImage, QImageWriter, QPainter  # noqa: PLC0415
    from PySide6.QtSvg import QSvgRenderer  # noqa: PLC0415

    image = QImage(pixels, pixels, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    free = pixels * margin
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    source = "understudy-small.svg" if pixels <= SMALL else "understudy.svg"
    QSvgRenderer(str(HERE / source)).render(painter, QRectF(free, free, pixels - 2 * free, pixels - 2 * free))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def ico(pictures: Mapping[int, bytes]) -> bytes:
    """PNG files by their side in pixels, as one ICO (the form of Windows Vista and newer; 0 stands for 256)."""
    table, content = struct.pack("<HHH", 0, 1, len(pictures)), b""
    start = len(table) + 16 * len(pictures)
    for side, png in sorted(pictures.items()):
        table += struct.pack("<BBBBHHII", side % 256, side % 256, 0, 0, 1, 32, len(png), start + len(content))
        content += png
    return table + content


def icns(pictures: Mapping[bytes, bytes]) -> bytes:
    """PNG files by Apple's type, as one ICNS."""
    entries = b"".join(kind + struct.pack(">I", 8 + len(png)) + png for kind, png in pictures.items())
    return b"icns" + struct.pack(">I", 8 + len(entries)) + entries


def files() -> dict[str, bytes]:
    """Every file made here, by its name."""
    made = {f"understudy-{side}.png": draw(side) for side in PNG_SIZES}
    made["understudy.ico"] = ico({side: draw(side) for side in ICO_SIZES})
    made["understudy.icns"] = icns({kind: draw(side, margin=APPLE_MARGIN) for kind, side in ICNS_TYPES.items()})
    return made


def main() -> None:
    """Write them beside this script."""
    for name, content in files().items():
        (HERE / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
