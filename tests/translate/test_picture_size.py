"""The size of a picture from its first bytes, and what a picture of a size costs at each vendor."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.model_probe.test_image import png
from proxy_core.translate.picture_rules import Area, Crops, Flat, Patches, Rule, Tiles, picture_tokens
from proxy_core.translate.picture_size import Size, picture_size

EXIF = b"\xff\xe1" + struct.pack(">H", 2 + 9) + b"Exif\0\0\xff\xc0\xff"
QUANTISATION = b"\xff\xdb" + struct.pack(">H", 2 + 65) + b"\0" * 65
HUFFMAN = b"\xff\xc4" + struct.pack(">H", 2 + 4) + b"\0" * 4
FRAME = struct.pack(">HBHHB", 17, 8, 480, 640, 3) + b"\0" * 9


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (png("red"), Size(64, 64)),
        (b"GIF89a" + struct.pack("<HH", 640, 480), Size(640, 480)),
        (b"\xff\xd8" + EXIF + QUANTISATION + b"\xff\xc0" + FRAME, Size(640, 480)),
        (b"\xff\xd8" + HUFFMAN + b"\xff\xff\xff\xc2" + FRAME, Size(640, 480)),
        (b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 4 + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480), Size(640, 480)),
        (b"RIFF\0\0\0\0WEBPVP8L" + b"\0" * 4 + b"\x2f" + struct.pack("<I", 639 | 479 << 14), Size(640, 480)),
        (
            b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + struct.pack("<I", 639)[:3] + struct.pack("<I", 479)[:3],
            Size(640, 480),
        ),
        (b"", None),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"\xff\xd8\xff\xc0", None),
        (b"%PDF-1.7", None),
        (b"GIF89a\0\0\0\0", None),
    ],
)
def test_every_format_tells_its_size(head: bytes, size: Size | None) -> None:
    assert picture_size(head) == size


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBPVP8X", b"GIF87a"])
)
def test_damage_ends_in_a_size_or_in_none(rest: bytes, start: bytes) -> None:
    found = picture_size(start + rest)
    assert found is None or (found.width > 0 and found.height > 0)


@pytest.mark.parametrize(
    ("rule", "size", "tokens"),
    [
        # OpenAI's guide, "Images and vision": its own examples.
        (Tiles(85, 170), Size(1024, 1024), 765),
        (Tiles(85, 170), Size(2048, 4096), 1105),
        (Patches(1.0), Size(1024, 1024), 1024),
        (Patches(1.0), Size(1800, 2400), 1452),
        # Reported from OpenAI's API by its users.
        (Tiles(85, 170), Size(512, 513), 425),
        (Tiles(85, 170), Size(128, 64), 255),
        # Anthropic's guide, "Vision": the largest sizes that are not scaled.
        (Area(750, 1_600), Size(1092, 1092), 1590),
        (Area(750, 1_600), Size(200, 200), 54),
        (Area(750, 1_600), Size(8000, 8000), 1600),
        # Google's guide, "Understand and count tokens".
        (Crops(258), Size(384, 384), 258),
        (Crops(258), Size(960, 540), 6 * 258),
        (Flat(1_120), Size(10, 10), 1120),
    ],
)
def test_a_picture_costs_what_its_vendor_says(rule: Rule, size: Size, tokens: int) -> None:
    assert picture_tokens(rule, size) == tokens


@given(
    st.builds(Size, st.integers(1, 65_535), st.integers(1, 65_535)),
    st.sampled_from([Tiles(85, 170), Patches(1.62), Area(750, 1_600), Crops(258), Flat(1_120)]),
)
def test_no_size_breaks_a_rule(size: Size, rule: Rule) -> None:
    assert picture_tokens(rule, size) > 0
    if isinstance(rule, Patches):
        assert picture_tokens(rule, size) <= 2489
