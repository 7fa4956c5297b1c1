"""The icon's files: what they claim to be, and that they are drawn from the sources beside them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from PIL.IcnsImagePlugin import IcnsImageFile
from PIL.IcoImagePlugin import IcoImageFile

from resources.icons import make


def picture(png: bytes) -> Image.Image:
    with Image.open(BytesIO(png)) as image:
        return image.convert("RGBA")


def difference(one: Image.Image, other: Image.Image) -> int:
    """The largest of any channel of any pixel. Another Qt may round an edge otherwise; another drawing is far off."""
    return max(ImageChops.difference(one, other).tobytes())


@pytest.mark.parametrize("side", make.PNG_SIZES)
def test_each_png_is_of_its_size_and_drawn_from_the_source(side: int) -> None:
    committed = picture((make.HERE / f"understudy-{side}.png").read_bytes())
    assert committed.size == (side, side)
    assert difference(committed, picture(make.draw(side))) <= 8, "run resources/icons/make.py"


@pytest.mark.parametrize("side", [16, 64, 512])
def test_the_drawing_fills_its_tile_and_leaves_the_corners_free(side: int) -> None:
    alpha = picture(make.draw(side)).getchannel("A").tobytes()
    last = side * side - 1
    assert max(alpha[corner] for corner in (0, side - 1, last - side + 1, last)) < 128
    assert alpha[side // 8 * side + side // 2] == 255


def test_the_ico_holds_the_sizes_that_windows_shows() -> None:
    with IcoImageFile(make.HERE / "understudy.ico") as file:
        assert file.ico.sizes() == {(side, side) for side in make.ICO_SIZES}
        for side in make.ICO_SIZES:
            assert difference(file.ico.getimage((side, side)).convert("RGBA"), picture(make.draw(side))) <= 8


def test_the_icns_holds_the_sizes_that_macos_shows_with_its_margin() -> None:
    with IcnsImageFile(make.HERE / "understudy.icns") as file:
        assert {width * scale for width, _, scale in file.info["sizes"]} == set(make.ICNS_SIZES)
        file.load()
        assert file.size == (1024, 1024)
        middle = file.getchannel("A").crop((0, 512, 1024, 513)).tobytes()
    tile = [x for x, alpha in enumerate(middle) if alpha > 128]
    assert 820 <= tile[-1] - tile[0] <= 828


def test_no_source_names_anything_outside_itself() -> None:
    for source in Path(make.HERE).glob("*.svg"):
        text = source.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "://" not in text
        assert "<script" not in text
        assert "<text" not in text, "fonts differ between machines"
