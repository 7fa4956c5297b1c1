"""The look: contrast that can be read, a change that everybody hears, icons that are all there."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import get_args

import pytest
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import assets
from app.assets import FOLDER, IconName
from app.widgets.theme import Theme
from app.widgets.theme_sheet import sheet
from app.widgets.theme_tokens import DARK, LIGHT, Tokens
from proxy_core.config.settings import Appearance


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
class TestContrast:
    def test_words_stand_out_as_wcag_asks(self, tokens: Tokens) -> None:
        behind = (tokens.window, tokens.surface, tokens.raised, tokens.hover)
        pairs = [(ink, ground) for ink in (tokens.text, tokens.muted) for ground in (*behind, tokens.side)]
        pairs += [(tokens.faint, ground) for ground in (tokens.window, tokens.surface)]
        pairs += [(tokens.text, tokens.accent_tint), (tokens.muted, tokens.accent_tint)]
        pairs += [(tokens.on_accent, tokens.accent), (tokens.on_accent, tokens.accent_hover)]
        pairs += [(tokens.accent_on_tint, ground) for ground in (tokens.accent_tint, tokens.surface, tokens.window)]
        for tone in ("good", "warn", "bad", "info"):
            pairs += [(getattr(tokens, tone), getattr(tokens, f"{tone}_tint")), (getattr(tokens, tone), tokens.surface)]
            pairs += [(tokens.text, getattr(tokens, f"{tone}_tint"))]
        weak = [(ink, ground, round(contrast(ink, ground), 2)) for ink, ground in pairs if contrast(ink, ground) < 4.5]
        assert not weak

    def test_borders_of_fields_and_the_focus_ring_stand_out(self, tokens: Tokens) -> None:
        grounds = (tokens.window, tokens.surface)
        for ink in (tokens.line_strong, tokens.accent):
            assert min(contrast(ink, ground) for ground in grounds) >= 3.0

    def test_every_colour_is_one(self, tokens: Tokens) -> None:
        colours = [getattr(tokens, field.name) for field in fields(tokens) if field.name != "series"]
        assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in (*colours, *tokens.series))


def looks(theme: Theme) -> tuple[bool, Tokens]:
    return theme.dark, theme.tokens


class TestTheme:
    def test_an_appearance_changes_sheet_and_palette_and_says_so(self, theme: Theme, qtbot: QtBot) -> None:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        assert looks(theme) == (False, LIGHT)
        with qtbot.waitSignal(theme.changed):
            theme.apply(Appearance.DARK)
        assert looks(theme) == (True, DARK)
        assert application.palette().color(QPalette.ColorRole.Window) == QColor(DARK.window)
        assert DARK.surface in application.styleSheet()
        with qtbot.waitSignal(theme.changed):
            theme.apply(Appearance.LIGHT)
        assert LIGHT.surface in application.styleSheet()

    def test_the_same_appearance_again_says_nothing(self, theme: Theme, qtbot: QtBot) -> None:
        with qtbot.assertNotEmitted(theme.changed):
            theme.apply(Appearance.LIGHT)

    def test_type_is_relative_to_the_users_font(self, theme: Theme) -> None:
        body = theme.font("body").pointSizeF()
        assert theme.font("title").pointSizeF() == pytest.approx(1.5 * body, abs=0.1)
        assert theme.font("small").pointSizeF() == pytest.approx(0.9 * body, abs=0.1)
        assert f"{1.5 * 13:.2f}pt" in sheet(LIGHT, 13.0, dark=False)

    def test_a_larger_font_makes_rows_higher(self, theme: Theme, qapp: QApplication) -> None:
        own = qapp.font()
        large = qapp.font()
        large.setPointSizeF(22.0)
        try:
            qapp.setFont(large)
            other = Theme(qapp, Appearance.LIGHT)
            assert other.row_height > theme.row_height
            other.deleteLater()
        finally:
            qapp.setFont(own)


class TestIcons:
    def test_every_name_has_a_drawing_and_every_drawing_a_name(self) -> None:
        drawn = {path.stem for path in FOLDER.glob("*.svg")} - {"choice-light", "choice-dark"}
        assert {name for name in drawn if not name.startswith("tray")} == set(get_args(IconName))

    @pytest.mark.parametrize("name", get_args(IconName))
    def test_it_is_drawn_in_the_colour_that_was_asked_for(self, name: IconName, theme: Theme) -> None:
        picture = assets.pixmap(name, "#ff0000", 20, 2.0).toImage().convertToFormat(QImage.Format.Format_ARGB32)
        assert (picture.width(), picture.height()) == (40, 40)
        inked = [
            picture.pixelColor(x, y)
            for x in range(40)
            for y in range(40)
            if picture.pixelColor(x, y).alpha() > 200
        ]  # fmt: skip
        assert len(inked) > 20
        assert all(colour.red() > 200 and colour.green() < 40 for colour in inked)

    def test_strokes_are_of_one_width_on_one_grid(self) -> None:
        for path in FOLDER.glob("*.svg"):
            drawing = path.read_text(encoding="utf-8")
            if path.stem in get_args(IconName):
                assert 'viewBox="0 0 20 20"' in drawing, path.name
                assert 'stroke-width="1.6"' in drawing, path.name
