"""The small tier of a provider: the model that answers for Haiku beside the user's BIG model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy_core.catalogue.values import ModelFacts

_VERSION: Final = re.compile(r"(?<![\d.])(\d{1,2})(?:[.-](\d{1,2}))?(?!\d)")
"""The generation in a model's name: ``gpt-4.1``, ``claude-haiku-4-5``, ``gemini-3-flash``; dates have more digits."""


@dataclass(frozen=True, slots=True)
class _Tier:
    """``names`` fullmatches the models of the tier; ``beside`` matches the start of the BIG models it belongs to."""

    names: re.Pattern[str]
    beside: re.Pattern[str]


def _tier(names: str, beside: str = "") -> _Tier:
    return _Tier(re.compile(names), re.compile(beside))


_GEMINI: Final = _tier(r"gemini-[\d.]+-flash(?:-preview)?", r"gemini-")

_TIERS: Final[Mapping[str, _Tier]] = MappingProxyType(
    {
        "openai": _tier(r"gpt-[\d.]+o?-(?:mini|luna)|o\d-mini"),
        "anthropic": _tier(r"claude-haiku-\d+(?:-\d{1,2})?|claude-3-5-haiku", r"claude-"),
        "gemini": _GEMINI,
        "vertex_ai": _GEMINI,
        "deepseek": _tier(r"deepseek-v[\d.]+-flash"),
        "mistral": _tier(r"mistral-small-latest"),
        "zai": _tier(r"glm-[\d.]+-(?:air|flash)"),
    }
)
"""By provider. Gateways, clouds and local servers have none: they serve models of many vendors, so the user chooses."""


def small_model(provider: str, big: str, models: Iterable[ModelFacts]) -> str:
    """Return the name of the small model beside ``big``, out of the provider's ``models``; empty if none fits.

    It is the newest of the tier that is not newer than ``big``, since a key, gateway or region with access to ``big``
    most likely has that model too; the cheapest of equals. It is never more expensive than ``big``. A ``big`` that is
    not among the models has none: then another server is behind the provider's id, or the model is unknown.
    """
    tier = _TIERS.get(provider)
    if tier is None or not tier.beside.match(big):
        return ""
    known = {model.id.partition("/")[2]: model for model in models}
    price = known[big].output_price if big in known else None
    if price is None:
        return ""
    newest = _version(big)
    fitting = [
        (_version(name) or (), -cost, name)
        for name, model in known.items()
        if tier.names.fullmatch(name)
        and model.tools is not False
        and (cost := model.output_price)  # free models are limited to a few requests
        and cost <= price
        and (newest is None or (_version(name) or newest) <= newest)
    ]
    return max(fitting)[2] if fitting else ""


def _version(name: str) -> tuple[int, int] | None:
    found = _VERSION.search(name)
    return (int(found[1]), int(found[2] or 0)) if found else None
