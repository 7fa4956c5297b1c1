"""Reduction of an image to 256 colours without a visible difference: a quarter of the bytes."""

from __future__ import annotations

from collections import Counter
from typing import Final

from PySide6.QtGui import QImage

MOST: Final = 256
"""Entries of a PNG palette."""

_KEPT: Final = 160
"""The most frequent colours are kept unchanged: surfaces, lines, text."""


def few_colours(picture: QImage) -> QImage:
    """Return ``picture`` with its own colours if they are few enough, else with similar ones."""
    plain = picture.convertToFormat(QImage.Format.Format_RGB32)
    pixels = memoryview(plain.constBits()).cast("I")
    chosen = _chosen(Counter(pixels))
    table = sorted(set(chosen.values()))
    places = {colour: table.index(near) for colour, near in chosen.items()}
    drawn = bytes(map(places.__getitem__, pixels))
    made = QImage(drawn, plain.width(), plain.height(), plain.width(), QImage.Format.Format_Indexed8)
    made.setColorTable(table)
    return made.copy()  # a copy, since the buffer ``drawn`` ends here


def _chosen(seen: Counter[int]) -> dict[int, int]:
    """Return the colour to draw for each colour."""
    if len(seen) <= MOST:
        return {colour: colour for colour in seen}
    often = [colour for colour, _ in seen.most_common(_KEPT)]
    made = {colour: colour for colour in often}
    rest = [(colour, count) for colour, count in seen.items() if colour not in made]
    for box in _boxes(rest, MOST - _KEPT):
        near = _mean(box)
        made |= dict.fromkeys((colour for colour, _ in box), near)
    return made


Box = list[tuple[int, int]]


def _boxes(colours: Box, count: int) -> list[Box]:
    """Split ``colours`` into ``count`` boxes, halving the widest of the frequent ones repeatedly (median cut)."""
    boxes = [colours]
    while len(boxes) < count:
        box = max(boxes, key=lambda one: _spread(one)[0] * sum(count for _, count in one) ** 0.5)
        width, channel = _spread(box)
        if not width:
            break
        boxes.remove(box)
        box = sorted(box, key=lambda one: one[0] >> channel & 0xFF)
        boxes += [box[: len(box) // 2], box[len(box) // 2 :]]
    return boxes


def _spread(box: Box) -> tuple[int, int]:
    """Return the width of a box in its widest channel, and that channel's shift."""
    channels = ((16, 8, 0)) if len(box) > 1 else ()
    return max(((_reach(box, channel), channel) for channel in channels), default=(0, 0))


def _reach(box: Box, channel: int) -> int:
    values = [colour >> channel & 0xFF for colour, _ in box]
    return max(values) - min(values)


def _mean(box: Box) -> int:
    whole = sum(count for _, count in box)
    made = 0xFF
    for channel in (16, 8, 0):
        made = made << 8 | round(sum((colour >> channel & 0xFF) * count for colour, count in box) / whole)
    return made
