"""The facts about a model in few words: for a list, a menu, a table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy_core.catalogue.values import ModelFacts

UNKNOWN: Final = "?"

_ABILITIES: Final[Mapping[str, str]] = MappingProxyType(
    {"tools": "tools", "vision": "images", "pdf": "pdf", "reasoning": "thinking", "web_search": "search"}
)


def tokens(number: int | None) -> str:
    """Return ``1_047_576`` as ``1M``, ``131_072`` as ``131k``; a question mark for an unknown number."""
    if number is None:
        return UNKNOWN
    if number >= 950_000:
        return f"{number / 1_000_000:.1f}".removesuffix(".0") + "M"
    return f"{round(number / 1_000)}k" if number >= 1_000 else str(number)


def price(per_token: float | None) -> str:
    """Return USD per million tokens, as ``$2.00`` or ``$0.075``; a question mark for an unknown price."""
    if per_token is None:
        return UNKNOWN
    dollars = per_token * 1_000_000
    return f"${dollars:.3g}" if 0 < dollars < 0.095 else f"${dollars:.2f}"


def abilities(model: ModelFacts) -> tuple[str, ...]:
    """Return the known abilities of a model."""
    return tuple(word for fact, word in _ABILITIES.items() if getattr(model, fact) is True)


def description(model: ModelFacts) -> str:
    """Return the window and the price, as far as they are known, in at most 60 characters."""
    words = [] if model.window is None else [f"{tokens(model.window)} window"]
    if model.input_price is not None and model.output_price is not None:
        words.append(f"{price(model.input_price)} in, {price(model.output_price)} out per M tokens")
    return " · ".join(words)
