"""How large a picture is, read from the first bytes of a PNG, JPEG, GIF or WebP file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_NO_FRAME: Final = frozenset({0xC4, 0xC8, 0xCC})
"""JPEG markers among 0xC0 … 0xCF that begin no frame."""


@dataclass(frozen=True, slots=True)
class Size:
    """In pixels."""

    width: int
    height: int


def picture_size(head: bytes) -> Size | None:
    """The size that ``head``, the beginning of a file, tells; None where it tells none.

    Sources: the PNG specification (IHDR), ITU-T T.81 annex B (SOFn), the GIF89a specification, RFC 9649 (WebP).
    """
    size = None
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        size = Size(_big(head, 16, 4), _big(head, 20, 4))
    elif head.startswith((b"GIF87a", b"GIF89a")):
        size = Size(_little(head, 6, 2), _little(head, 8, 2))
    elif head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        size = _webp(head)
    elif head.startswith(b"\xff\xd8"):
        size = _jpeg(head)
    return size if size is not None and size.width > 0 and size.height > 0 else None


def _webp(head: bytes) -> Size | None:
    match head[12:16]:
        case b"VP8 ":
            return Size(_little(head, 26, 2) & 0x3FFF, _little(head, 28, 2) & 0x3FFF)
        case b"VP8L":
            bits = _little(head, 21, 4)
            return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8X":
            return Size(_little(head, 24, 3) + 1, _little(head, 27, 3) + 1)
        case _:
            return None


def _jpeg(head: bytes) -> Size | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            return Size(_big(head, at + 7, 2), _big(head, at + 5, 2))
        else:
            at += 2 + _big(head, at + 2, 2)
    return None


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")
