"""Draw the application icon, from its two SVG sources, in every size and container that the systems ask for.

    .venv/bin/python resources/icons/make.py

What it writes is committed, because the packages are built where no Qt is installed; a test draws it anew and compares.
Qt draws, because Pillow reads no SVG; Pillow writes the containers.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

HERE: Final = Path(__file__).resolve().parent

SMALL: Final = 24
"""Up to this many pixels the small drawing is used."""

PNG_SIZES: Final = (16, 22, 24, 32, 48, 64, 128, 256, 512, 1024)
"""Of a side, in pixels: the folders of the hicolor icon theme, and 1024 for stores."""

ICO_SIZES: Final = (16, 20, 24, 32, 40, 48, 64, 256)
"""What Windows shows at 100 to 250 %."""

ICNS_SIZES: Final = (32, 64, 128, 256, 512, 1024)
"""What macOS shows, from 16 points on a Retina display to 512."""

APPLE_MARGIN: Final = 57 / 1024
"""Left free on each side on macOS, beyond our own 3/64: its grid puts a tile of 824 on a canvas of 1024."""


def draw(pixels: int, *, margin: float = 0.0) -> bytes:
    """Return the icon as a PNG of ``pixels`` squared, with a part ``margin`` of the side left free all round."""
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


def pictures(sizes: Iterable[int], *, margin: float = 0.0) -> list[Image.Image]:
    """Return the icon in each of ``sizes``, the largest first."""
    return [Image.open(BytesIO(draw(side, margin=margin))) for side in sorted(sizes, reverse=True)]


def container(form: str, images: list[Image.Image]) -> bytes:
    """Return one ICO or ICNS of square ``images``, the largest first."""
    largest, *others = images
    file = BytesIO()
    largest.save(file, form, sizes=[each.size for each in images], append_images=others)
    return file.getvalue()


def files() -> dict[str, bytes]:
    """Return every file made here, by its name."""
    made = {f"understudy-{side}.png": draw(side) for side in PNG_SIZES}
    made["understudy.ico"] = container("ICO", pictures(ICO_SIZES))
    made["understudy.icns"] = container("ICNS", pictures(ICNS_SIZES, margin=APPLE_MARGIN))
    return made


def main() -> None:
    """Write them beside this script."""
    for name, content in files().items():
        (HERE / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
