"""Pictures of a conversation: shown when they are what they begin as, within bounds; all others told in words."""

from __future__ import annotations

import base64
import struct
import threading
import zlib

import orjson
import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColor, QImage, QImageReader, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.conversation.reading import conversation
from app.conversation.turns import Picture
from app.widgets.theme import Theme
from app.windows.watch import picture_strip, pictures
from app.windows.watch.body_view import BodyView
from app.windows.watch.picture_strip import SMALL, PictureWindow
from app.windows.watch.pictures import MOST_BYTES, MOST_PIXELS, PIECE, Unshown, fitted, image_of
from app.windows.watch.spans import MOST_PICTURES, Sheet, conversation_sheet

pytestmark = pytest.mark.qt_log_level_fail("CRITICAL")
"""Qt's readers warn of what is wrong with a file, which is right."""

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="red"/></svg>'


def drawn(kind: str, width: int = 90, height: int = 60, colour: str = "red") -> bytes:
    """A real file of a kind that Qt can write: its left half in a colour, its right half white."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.fillRect(0, 0, width // 2, height, QColor(colour))
    painter.end()
    held = QByteArray()
    device = QBuffer(held)
    device.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(device, kind)  # type: ignore[call-overload]  # the stubs want bytes, which it does not take
    return bytes(held.data())


def gif(width: int = 2, height: int = 1) -> bytes:
    """A GIF file of a red and a white pixel, which says of itself that it is so large."""
    table = bytes((220, 0, 0, 255, 255, 255))
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 1, 0) + b"\x02\x02\x44\x0a\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + table + frame + b"\x3b"


def png(width: int, height: int, rows: int, *, interlaced: bool = False) -> bytes:
    """A PNG file that says it is so large and holds so many rows of one bit a pixel, packed as small as they go."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, int(interlaced))
    pixels = zlib.compress((b"\x00" + b"\xff" * ((width + 7) // 8)) * rows, 9)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", pixels) + part(b"IEND", b"")


def told(content: bytes, side: int = 64) -> QImage | Unshown:
    return image_of(base64.b64encode(content).decode(), side)


def body(*contents: bytes, kind: str = "image/png") -> bytes:
    """A request that brings these along."""
    blocks = [
        {"type": "image", "source": {"type": "base64", "media_type": kind, "data": base64.b64encode(one).decode()}}
        for one in contents
    ]
    return orjson.dumps({"messages": [{"role": "user", "content": blocks}]})


class TestDecoding:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
    def test_a_picture_is_made_smaller_and_keeps_its_shape(self, kind: str) -> None:
        image = told(drawn(kind, 900, 600))
        assert isinstance(image, QImage)
        assert (image.width(), image.height()) in {(64, 42), (64, 43)}
        left, right = image.pixelColor(10, 20), image.pixelColor(54, 20)
        assert left.red() > 200 > 60 > left.green()
        assert right.green() > 200

    def test_of_a_gif_its_first_frame(self) -> None:
        image = told(gif())
        assert isinstance(image, QImage)
        assert image.size() == QSize(2, 1)
        assert image.pixelColor(0, 0) == QColor(220, 0, 0)

    def test_a_small_picture_is_not_made_larger_and_a_thin_one_does_not_vanish(self) -> None:
        assert fitted(QSize(9, 6), 64) == QSize(9, 6)
        assert fitted(QSize(30_000, 2), 64) == QSize(64, 1)

    @pytest.mark.parametrize(
        "content",
        [SVG, b"%PDF-1.4\n", b"", b"\x00\x00\x01\x00\x01\x00", b"II*\x00", b"qoif", b"RIFF\x00\x00\x00\x00WAVE"],
    )
    def test_what_does_not_begin_as_one_of_five_kinds_is_not_read(self, content: bytes) -> None:
        assert told(content) is Unshown.OTHER_KIND

    @pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF    WEBP"])
    def test_another_kind_behind_the_right_beginning_is_damaged(self, start: bytes) -> None:
        assert told(start + SVG) is Unshown.DAMAGED

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
    def test_what_is_cut_within_its_head_is_damaged(self, kind: str) -> None:
        assert told(drawn(kind)[:20]) is Unshown.DAMAGED

    def test_a_picture_that_was_cut_is_damaged_or_shown_as_far_as_it_goes(self) -> None:
        for kind in ("PNG", "JPEG", "WEBP", "BMP"):
            whole = drawn(kind, 300, 200)
            found = told(whole[: len(whole) * 2 // 3])
            assert found is Unshown.DAMAGED or isinstance(found, QImage)

    def test_more_pixels_than_are_allowed_are_refused_by_the_head_alone(self) -> None:
        side = 50_000
        assert side * side > MOST_PIXELS
        bomb = png(side, side, 40)
        assert len(bomb) < 1_000
        assert told(bomb) is Unshown.TOO_LARGE
        assert isinstance(told(gif(60_000, 60_000)), Unshown)

    def test_a_sound_picture_of_too_many_pixels_is_refused_though_it_could_be_read(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = drawn("JPEG", 90, 60)
        monkeypatch.setattr(pictures, "MOST_PIXELS", 90 * 60)
        assert isinstance(told(content), QImage)
        monkeypatch.setattr(pictures, "MOST_PIXELS", 90 * 60 - 1)
        assert told(content) is Unshown.TOO_LARGE

    def test_what_cannot_be_made_smaller_while_it_is_read_has_to_fit_into_memory(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = drawn("BMP", 1_000, 1_000)
        assert isinstance(told(content), QImage)
        monkeypatch.setattr(pictures, "MOST_MEMORY", 1)
        try:
            assert told(content) is Unshown.TOO_LARGE
        finally:
            QImageReader.setAllocationLimit(pictures.MOST_MEMORY)

    def test_a_file_of_many_pieces_is_put_together_again(self) -> None:
        content = drawn("BMP", 600, 400)
        assert len(content) > PIECE
        image = told(content)
        assert isinstance(image, QImage)
        assert image.pixelColor(60, 40).green() > 200

    def test_a_file_that_is_too_large_is_not_even_unpacked(self) -> None:
        assert image_of("A" * (MOST_BYTES * 4 // 3 + 4), 64) is Unshown.TOO_LARGE

    @pytest.mark.parametrize("data", ["no base64!", "QQ", "é"])
    def test_what_is_no_base64_is_damaged(self, data: str) -> None:
        assert image_of(data, 64) is Unshown.DAMAGED


class TestReading:
    def test_images_are_counted_wherever_they_came_and_others_are_not(self) -> None:
        source = {"type": "base64", "media_type": "image/png", "data": "QUJD"}
        image = {"type": "image", "source": source}
        content = [
            image,
            {"type": "image", "source": {"type": "url", "url": "http://127.0.0.1:9/never.png"}},
            {"type": "document", "source": {**source, "media_type": "application/pdf"}},
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "seen"}, image]},
        ]
        turns = conversation(orjson.dumps({"messages": [{"role": "user", "content": content}]}))
        sheet = conversation_sheet(turns)
        assert sheet.pictures == (Picture("image/png", 3, "", 1, "QUJD"), Picture("image/png", 3, "", 2, "QUJD"))
        words = "".join(span.text for span in sheet.first)
        assert [line for line in words.split("\n") if "image" in line or "pdf" in line] == [
            "Picture 1: image/png, 3 B",
            "Attached: image",
            "Attached: application/pdf, 3 B",
            "Picture 2: image/png, 3 B",
        ]

    def test_of_many_the_latest_are_shown(self) -> None:
        sheet = conversation_sheet(conversation(body(*[b"x"] * (MOST_PICTURES + 5))))
        assert [one.number for one in sheet.pictures] == list(range(6, MOST_PICTURES + 6))


class TestShowing:
    @pytest.fixture
    def view(self, qtbot: QtBot, theme: Theme) -> BodyView:
        made = BodyView(theme)
        qtbot.addWidget(made)
        made.resize(600, 500)
        made.show()
        return made

    def test_they_stand_beneath_the_words_with_their_names(self, view: BodyView, qtbot: QtBot) -> None:
        view.show_sheet(conversation_sheet(conversation(body(drawn("PNG", 300, 200), SVG, drawn("JPEG")[:20]))))
        strip = view.pictures
        assert strip.isVisible()
        first, second, third = strip.tiles
        qtbot.waitUntil(lambda: "\n" in third.text(), timeout=30_000)
        assert first.isEnabled()
        assert first.accessibleName().startswith("Picture 1, image/png, ")
        shown = first.icon().pixmap(QSize(SMALL, SMALL)).toImage()
        assert shown.pixelColor(5, shown.height() // 2).red() > 200
        assert not second.isEnabled()
        assert second.text() == "Picture 2\nof no kind shown here"
        assert third.text() == "Picture 3\ndamaged"
        assert third.accessibleName().endswith("damaged")
        assert "Picture 2: image/png" in view.text.toPlainText()

    def test_without_pictures_there_is_no_room_for_them(self, view: BodyView) -> None:
        view.show_sheet(conversation_sheet(conversation(body(drawn("PNG")))))
        view.show_sheet(Sheet(()))
        assert view.pictures.isHidden()
        assert view.pictures.tiles == []

    def test_none_is_decoded_in_qts_thread_and_none_of_an_earlier_sheet_is_shown(
        self, view: BodyView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        threads: list[int] = []
        go_on = threading.Event()

        def slow(data: str, side: int) -> QImage | Unshown:
            threads.append(threading.get_ident())
            go_on.wait(60)
            return image_of(data, side)

        monkeypatch.setattr(picture_strip, "image_of", slow)
        view.show_sheet(conversation_sheet(conversation(body(drawn("PNG", colour="red")))))
        view.show_sheet(conversation_sheet(conversation(body(drawn("PNG", colour="blue")))))
        go_on.set()
        (tile,) = view.pictures.tiles
        qtbot.waitUntil(tile.isEnabled, timeout=30_000)
        qtbot.wait(50)
        assert threading.get_ident() not in threads
        shown = tile.icon().pixmap(QSize(SMALL, SMALL)).toImage()
        assert shown.pixelColor(5, shown.height() // 2).blue() > 200

    def test_one_that_is_pressed_is_shown_larger(self, view: BodyView, qtbot: QtBot) -> None:
        view.show_sheet(conversation_sheet(conversation(body(drawn("PNG", 300, 200)))))
        (tile,) = view.pictures.tiles
        qtbot.waitUntil(tile.isEnabled, timeout=30_000)
        QTest.mouseClick(tile, Qt.MouseButton.LeftButton)
        window = view.window().findChild(PictureWindow)
        assert window is not None
        qtbot.waitUntil(lambda: not window.image.pixmap().isNull(), timeout=30_000)
        assert window.image.pixmap().deviceIndependentSize().toSize() == QSize(300, 200)
        assert window.image.accessibleName().startswith("Picture 1, image/png")
        QTest.keyClick(window, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: view.window().findChild(PictureWindow) is None, timeout=30_000)
