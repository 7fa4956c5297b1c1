"""How many tokens a picture of a size costs, by the rules of those who bill for it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final, assert_never

from proxy_core.translate.picture_size import Size

_USUAL: Final = Size(1_024, 1_024)
"""Taken where a picture does not tell its size: about what a screenshot is scaled to."""

_SMALL: Final = 384
"""Gemini does not cut pictures up to this many pixels a side."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """OpenAI: scaled into 2048 pixels and to a short side of 768, ``base`` tokens and ``each`` for a tile of 512."""

    base: int
    each: int


@dataclass(frozen=True, slots=True)
class Patches:
    """OpenAI's smaller and newer models: a token for each patch of 32 pixels, ``most`` at most, times ``factor``."""

    factor: float
    most: int = 1_536


@dataclass(frozen=True, slots=True)
class Area:
    """Anthropic, Qwen: a token for so many ``pixels``, after scaling down to ``most`` tokens."""

    pixels: int
    most: int


@dataclass(frozen=True, slots=True)
class Crops:
    """Gemini up to 2.5: ``each`` tokens for a small picture, and for each crop of a large one."""

    each: int


@dataclass(frozen=True, slots=True)
class Flat:
    """Gemini 3: the same for every picture."""

    tokens: int


Rule = Tiles | Patches | Area | Crops | Flat


def picture_tokens(rule: Rule, size: Size | None) -> int:
    """The tokens of a picture; one of unknown size is taken for a square of 1024 pixels.

    Sources: OpenAI's guide *Images and vision*, Anthropic's *Vision*, Google's *Understand and count tokens* and
    *Media resolution*, Qwen's model cards.
    """
    width, height = (size or _USUAL).width, (size or _USUAL).height
    match rule:
        case Tiles(base, each):
            across, down = _fit(width, height, longest=2_048, shortest=768)
            return base + each * ceil(across / 512) * ceil(down / 512)
        case Patches(factor, most):
            return ceil(_patches(width, height, most) * factor)
        case Area(pixels, most):
            return min(ceil(width * height / pixels), most)
        case Crops(each):
            if max(width, height) <= _SMALL:
                return each
            unit = max(1, int(min(width, height) / 1.5))
            return each * ceil(width / unit) * ceil(height / unit)
        case Flat(tokens):
            return tokens
        case _:
            assert_never(rule)


def _fit(width: float, height: float, *, longest: int, shortest: int) -> tuple[float, float]:
    """Scaled down, never up, until the long side and then the short one fit."""
    scale = min(1.0, longest / max(width, height))
    scale *= min(1.0, shortest / (min(width, height) * scale))
    # A hair less: 2048 scaled to 1024 is two tiles, whatever the float says.
    return round(width * scale, 6), round(height * scale, 6)


def _patches(width: int, height: int, most: int) -> int:
    """How many patches cover the picture, once it was scaled down so that no more than ``most`` do."""
    needed = ceil(width / 32) * ceil(height / 32)
    if needed <= most:
        return needed
    shrink = sqrt(32 * 32 * most / (width * height))
    across, down = width * shrink / 32, height * shrink / 32
    shrink *= min(int(across) / across, int(down) / down) if min(across, down) >= 1 else 1.0
    return min(most, max(1, ceil(round(width * shrink / 32, 6))) * max(1, ceil(round(height * shrink / 32, 6))))
