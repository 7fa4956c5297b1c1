"""Pictures with few colours look as they did."""

from __future__ import annotations

from PySide6.QtGui import QColor, QImage

from resources.few_colours import MOST, few_colours


def test_a_picture_of_few_colours_keeps_every_one() -> None:
    picture = QImage(16, 16, QImage.Format.Format_RGB32)
    for at in range(256):
        picture.setPixelColor(at % 16, at // 16, QColor(at, 255 - at, 7))
    made = few_colours(picture)
    assert made.format() is QImage.Format.Format_Indexed8
    assert made.convertToFormat(QImage.Format.Format_RGB32) == picture


def test_of_many_colours_each_becomes_one_near_it_and_what_is_seen_most_stays() -> None:
    picture = QImage(101, 64, QImage.Format.Format_RGB32)  # an odd width: lines are not padded by accident
    picture.fill(QColor("#f7f8fa"))
    for at in range(1600):
        picture.setPixelColor(at % 100, at // 100, QColor(at * 7 % 256, at * 3 % 256, at // 8))
    made = few_colours(picture)
    assert len(made.colorTable()) <= MOST
    assert made.pixelColor(100, 63) == QColor("#f7f8fa")
    for at in range(1600):
        was, now = picture.pixelColor(at % 100, at // 100), made.pixelColor(at % 100, at // 100)
        assert max(abs(was.red() - now.red()), abs(was.green() - now.green()), abs(was.blue() - now.blue())) <= 48
