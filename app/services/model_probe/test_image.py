"""A picture of one colour, for a model to name."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

COLOURS: Final[Mapping[str, tuple[int, int, int]]] = MappingProxyType(
    {"red": (220, 20, 20), "green": (20, 160, 40), "blue": (20, 60, 220), "yellow": (250, 220, 20)}
)
"""Each by its name, as red, green and blue from 0 to 255."""

_SIDE: Final = 64
"""Pixels: some models refuse pictures of fewer than 28."""


def png(colour: str) -> bytes:
    """A square in one of :data:`COLOURS`, as a PNG file."""
    row = b"\x00" + bytes(COLOURS[colour]) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    pixels = zlib.compress(row * _SIDE, 9)
    return b"\x89PNG\r\n\x1a\n" + _part(b"IHDR", header) + _part(b"IDAT", pixels) + _part(b"IEND", b"")


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
