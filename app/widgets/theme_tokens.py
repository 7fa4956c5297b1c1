"""The colours and distances of every window, light and dark, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Tone = Literal["text", "muted", "faint", "accent", "on_accent", "accent_on_tint", "good", "warn", "bad", "info"]
"""Colours of text and icons."""

GAP_4: Final = 4
GAP_8: Final = 8
GAP_12: Final = 12
GAP_16: Final = 16
GAP_24: Final = 24
GAP_32: Final = 32
"""Distances between widgets, in device-independent pixels: multiples of four, so that edges line up."""

CORNER: Final = 8
SMALL_CORNER: Final = 6
"""Radii of cards and of what is inside them, in device-independent pixels."""

ROW_HEIGHT: Final = 36
"""Height of a table's row at the usual font size, in device-independent pixels; it grows with the font."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours as ``#rrggbb``.

    A field's border (``line_strong``) has a contrast of at least 3:1 (WCAG 2.2, 1.4.11); a button's (``edge``) need
    not, since its text identifies it.
    """

    window: str
    side: str
    surface: str
    raised: str
    hover: str
    line: str
    edge: str
    line_strong: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_tint: str
    accent_on_tint: str
    good: str
    good_tint: str
    warn: str
    warn_tint: str
    bad: str
    bad_tint: str
    info: str
    info_tint: str
    series: tuple[str, ...]

    def tone(self, tone: Tone) -> str:
        """Return the colour of a tone."""
        colour = getattr(self, tone)
        assert isinstance(colour, str)
        return colour


LIGHT: Final = Tokens(
    window="#f7f8fa",
    side="#eff1f4",
    surface="#ffffff",
    raised="#ffffff",
    hover="#f2f4f7",
    line="#e3e6eb",
    edge="#cdd2da",
    line_strong="#848c99",
    text="#1a1d23",
    muted="#565e6b",
    faint="#6b7380",
    accent="#4a55c8",
    accent_hover="#3d47b3",
    on_accent="#ffffff",
    accent_tint="#eceefb",
    accent_on_tint="#3f49b8",
    good="#1b7a43",
    good_tint="#e2f4e9",
    warn="#8a5a00",
    warn_tint="#fdf1d7",
    bad="#b4232f",
    bad_tint="#fde8ea",
    info="#2360b8",
    info_tint="#e5eefb",
    series=("#5b67d8", "#2a9d8f", "#e0a03b", "#c65f8f", "#4f8fc9", "#8a6fc0", "#7f8b3f", "#98a1ae"),
)
DARK: Final = Tokens(
    window="#17191d",
    side="#121417",
    surface="#1e2126",
    raised="#262a30",
    hover="#252930",
    line="#2e333a",
    edge="#434a54",
    line_strong="#6f7886",
    text="#e8eaee",
    muted="#a4acb8",
    faint="#8b94a1",
    accent="#5663d9",
    accent_hover="#5f6bdf",
    on_accent="#ffffff",
    accent_tint="#262b4a",
    accent_on_tint="#a9b2ff",
    good="#56d08f",
    good_tint="#16301f",
    warn="#e6b450",
    warn_tint="#372a10",
    bad="#ff8389",
    bad_tint="#3d1c20",
    info="#7fb0f5",
    info_tint="#1a2b45",
    series=("#7e89f2", "#3fbfae", "#e5b25c", "#dd82ad", "#6fb1ea", "#b094e6", "#a9b765", "#7d8794"),
)
