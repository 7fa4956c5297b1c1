"""By what measure each family of models counts what it reads: vocabulary, tools, pictures and pages.

A model is known by its name, since the same model is sold by many. What was checked against a vendor's own counts is
said at the row; the rest is the nearest public relative of a vocabulary that is not public.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from proxy_core.translate.picture_rules import Area, Crops, Flat, Patches, Rule, Tiles

NEWER: Final = "o200k_base"
OLDER: Final = "cl100k_base"


class ToolForm(Enum):
    """What a tool's declaration becomes before the model reads it."""

    NAMESPACE = auto()
    """TypeScript, as ``tool_namespace`` writes it."""
    JSON = auto()
    """JSON, as most chat templates write it."""


_USUAL_PICTURES: Final = Area(pixels=750, most=1_600)
"""Anthropic's rule."""


@dataclass(frozen=True, slots=True)
class Measure:
    """``vocabulary`` is tiktoken's name of one, ``factor`` what its counts are multiplied by.

    ``preface`` is in tokens: what stands before the tools, where there are any. ``page`` is what a page of a PDF costs.
    """

    vocabulary: str = NEWER
    factor: float = 1.0
    tools: ToolForm = ToolForm.JSON
    preface: int = 100
    pictures: Rule = _USUAL_PICTURES
    page: int = 1_500


def _openai(pictures: Rule, vocabulary: str = NEWER) -> Measure:
    """Texts, messages and tools agree with the counts published with the cookbook and by openai-chat-tokens."""
    return Measure(vocabulary, tools=ToolForm.NAMESPACE, preface=9, pictures=pictures, page=1_400)


_FAMILIES: Final[tuple[tuple[re.Pattern[str], Measure], ...]] = tuple(
    (re.compile(pattern), measure)
    for pattern, measure in (
        # Claude of other clouds; Anthropic itself counts for itself. Claude 3 and 4 were published to need 16 % (prose)
        # to 30 % (code) more than GPT-4o's vocabulary, and Anthropic says of 4.7 and later: up to 35 % more again.
        (r"claude-(opus|sonnet|haiku|fable|mythos)-([5-9]|4[-.][7-9])", Measure(factor=1.5, preface=346, page=3_000)),
        (r"claude", Measure(factor=1.2, preface=346, page=3_000)),
        # Google: "about 4 characters a token"; its own example sentence has ten, as here.
        (r"gemini-[3-9]", Measure(pictures=Flat(1_120), page=560)),
        (r"gemini|gemma", Measure(pictures=Crops(258), page=258)),
        (r"gpt-oss", _openai(Tiles(85, 170))),
        (r"gpt-4o-mini", _openai(Tiles(2_833, 5_667))),
        (r"gpt-4\.1-mini", _openai(Patches(1.62))),
        (r"gpt-4\.1-nano", _openai(Patches(2.46))),
        (r"gpt-4(o|\.1|\.5)|chatgpt-4o", _openai(Tiles(85, 170))),
        (r"gpt-(4|3\.5)", _openai(Tiles(85, 170), OLDER)),
        # Multipliers as users measured them at the API; OpenAI's guide gives two different ones for gpt-5-mini.
        (r"gpt-5-nano", _openai(Patches(1.5))),
        (r"gpt-5-mini|gpt-5\.([2-9]|\d\d)|gpt-[6-9]", _openai(Patches(1.2))),
        (r"gpt-5", _openai(Tiles(70, 140))),
        (r"\bo4-mini|codex-mini", _openai(Patches(1.72))),
        (r"\bo[134]\b", _openai(Tiles(75, 150))),
        # Both say so themselves: Llama 3 and Qwen began with cl100k_base and added to it.
        (r"llama-?3", Measure(OLDER)),
        (r"qwen|qwq", Measure(OLDER, preface=150, pictures=Area(pixels=784, most=16_384))),
    )
)


def measure_of(model: str) -> Measure:
    """The measure for a model's name, however it is written; an unknown one's is that of OpenAI's vocabulary."""
    name = model.lower()
    return next((measure for pattern, measure in _FAMILIES if pattern.search(name)), _UNKNOWN)


_UNKNOWN: Final = Measure()
