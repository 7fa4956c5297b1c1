"""The icon's files: what they claim to be, and that they are drawn from the sources beside them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from resources.icons import make

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def side_of(png: bytes) -> int:
    """The pixels of a square PNG's side, from its header."""
    assert png.startswith(SIGNATURE)
    width, height = struct.unpack(">II", png[16:24])
    assert width == height
    return int(width)


def entries_of_ico(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The side that the table says, and the PNG, of each picture."""
    reserved, kind, count = struct.unpack_from("<HHH", content)
    assert (reserved, kind) == (0, 1)
    for index in range(count):
        width, height, _, _, _, depth, length, start = struct.unpack_from("<BBBBHHII", content, 6 + 16 * index)
        assert width == height
        assert depth == 32
        yield width or 256, content[start : start + length]


def entries_of_icns(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The type and the PNG of each picture."""
    magic, length = struct.unpack_from(">4sI", content)
    assert (magic, length) == (b"icns", len(content))
    at = 8
    while at < length:
        kind, size = struct.unpack_from(">4sI", content, at)
        yield kind, content[at + 8 : at + size]
        at += size
    assert at == length


def pixels(png: bytes) -> list[int]:
    """Every channel of every pixel."""
    image = QImage.fromData(png).convertToFormat(QImage.Format.Format_RGBA8888)
    assert not image.isNull()
    return list(bytes(image.constBits()))


@pytest.mark.parametrize("side", make.PNG_SIZES)
def test_each_png_is_of_its_size_and_drawn_from_the_source(side: int) -> None:
    committed = (make.HERE / f"understudy-{side}.png").read_bytes()
    assert side_of(committed) == side
    # Another Qt may round an edge otherwise; another drawing is far off.
    pairs = zip(pixels(committed), pixels(make.draw(side)), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 8, "run resources/icons/make.py"


def test_the_drawing_fills_its_tile_and_leaves_the_corners_free() -> None:
    for side in (16, 64, 512):
        image = QImage.fromData(make.draw(side))
        corners = [image.pixelColor(x, y).alpha() for x in (0, side - 1) for y in (0, side - 1)]
        assert max(corners) < 128
        assert image.pixelColor(side // 2, side // 8).alpha() == 255


def test_the_ico_holds_the_sizes_that_windows_shows() -> None:
    entries = list(entries_of_ico((make.HERE / "understudy.ico").read_bytes()))
    assert [side for side, _ in entries] == list(make.ICO_SIZES)
    assert [side_of(png) for _, png in entries] == list(make.ICO_SIZES)


def test_the_icns_holds_the_types_that_macos_shows_with_its_margin() -> None:
    entries = dict(entries_of_icns((make.HERE / "understudy.icns").read_bytes()))
    assert {kind: side_of(png) for kind, png in entries.items()} == dict(make.ICNS_TYPES)
    image = QImage.fromData(entries[b"ic10"])
    middle = [image.pixelColor(x, 512).alpha() for x in range(1024)]
    tile = [x for x, alpha in enumerate(middle) if alpha > 128]
    assert 820 <= tile[-1] - tile[0] <= 828


def test_no_source_names_anything_outside_itself() -> None:
    for source in Path(make.HERE).glob("*.svg"):
        text = source.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "://" not in text
        assert "<script" not in text
        assert "<text" not in text, "fonts differ between machines"
