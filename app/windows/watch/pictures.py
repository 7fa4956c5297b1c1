"""A picture that came along, as an image no larger than it is shown: what it is, its own bytes say, within bounds."""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

MOST_BYTES: Final = 10_000_000
"""Of a file; Anthropic's API takes no image of more than 5 MB."""
MOST_PIXELS: Final = 40_000_000
"""Of a picture before it is made smaller: 160 MB as Qt holds it in memory."""
MOST_MEMORY: Final = 128
"""Megabytes that Qt may take for one picture, for those kinds that it cannot make smaller while it reads."""

PIECE: Final = 400_000
"""Characters of Base64 that are decoded in one go, with nobody else at work in this process: some 2 ms."""


class Unshown(StrEnum):
    """Why a picture is told in words only."""

    TOO_LARGE = "too large"
    DAMAGED = "damaged"
    OTHER_KIND = "other kind"
    """Neither PNG, JPEG, GIF, WebP nor BMP."""


def image_of(data: str, side: int) -> QImage | Unshown:
    """The first frame of a picture given in Base64, its longer side ``side`` pixels at most.

    For any thread: Qt lets go of Python's lock while it reads. Which kind of file it is, is decided by how it begins
    and not by what was said of it, so that no other of Qt's readers (SVG, PDF) ever sees bytes of others.
    """
    if len(data) > MOST_BYTES * 4 // 3:
        return Unshown.TOO_LARGE
    try:
        pieces = (data[at : at + PIECE] for at in range(0, len(data), PIECE))
        content = b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
    except (binascii.Error, ValueError):
        return Unshown.DAMAGED
    kind = kind_of(content)
    if kind is None:
        return Unshown.OTHER_KIND
    QImageReader.setAllocationLimit(MOST_MEMORY)
    held = QByteArray(content)
    device = QBuffer(held)
    device.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(device, kind)
    reader.setAutoDetectImageFormat(False)
    reader.setDecideFormatFromContent(False)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isEmpty():
        return Unshown.DAMAGED
    if size.width() * size.height() > MOST_PIXELS:
        return Unshown.TOO_LARGE
    reader.setScaledSize(fitted(size, side))
    image = reader.read()
    if not image.isNull():
        return image
    limited = reader.error() is QImageReader.ImageReaderError.InvalidDataError and _needs(size) > MOST_MEMORY
    return Unshown.TOO_LARGE if limited else Unshown.DAMAGED


def kind_of(content: bytes) -> bytes | None:
    """Qt's name for the kind of file, by how it begins; None for one that is not read here."""
    for start, kind in _BEGINNINGS:
        if content.startswith(start):
            return kind
    return b"webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def fitted(size: QSize, side: int) -> QSize:
    """A size made smaller until its longer side fits; never larger, never nothing."""
    if max(size.width(), size.height()) <= side:
        return size
    return size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))


def _needs(size: QSize) -> float:
    """Megabytes of a picture that is read as it is."""
    return size.width() * size.height() * 4 / 2**20


_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", b"png"),
    (b"\xff\xd8\xff", b"jpeg"),
    (b"GIF87a", b"gif"),
    (b"GIF89a", b"gif"),
    (b"BM", b"bmp"),
)
