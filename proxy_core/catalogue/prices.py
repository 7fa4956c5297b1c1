"""A model's prices from its entry in LiteLLM's list: the usual ones, those of long inputs, those of off-peak hours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from proxy_core.catalogue.values import OffPeak, PriceTier, Rates, WeeklyHours

_FIELDS: Final[Mapping[str, str]] = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_hour": "cache_creation_input_token_cost_above_1hr",
    "reasoning": "output_cost_per_reasoning_token",
}
"""Field of :class:`Rates` → key of an entry. Batch, flex and priority service are never requested, so not read."""

_ABOVE: Final = re.compile(r"input_cost_per_token_above_(\d+)(k?)_tokens")

_TERMS: Final = ("fast", "us")

_EVERY_DAY: Final = frozenset(range(1, 8))

_SPAN: Final = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")

_MIDNIGHT: Final = 24 * 60
"""Minutes of a day."""


def usual_rates(entry: Mapping[str, Any]) -> Rates:
    """Return the prices of a short input at any hour."""
    found = _rates(entry)
    tiers = _tiers(entry)
    return tiers[0].rates if tiers and found.input is None else found


def steps(entry: Mapping[str, Any]) -> tuple[PriceTier, ...]:
    """Return the prices of longer inputs, the lowest bound first; each is complete and needs no lower tier."""
    return tuple(sorted((*_above(entry), *_tiers(entry)[1:]), key=lambda step: step.above))


def off_peak(entry: Mapping[str, Any]) -> OffPeak | None:
    """Return the prices of off-peak hours.

    None without any, and also if their days are not in UTC: then the usual, higher prices apply.
    """
    told = entry.get("off_peak_pricing")
    if not isinstance(told, Mapping) or told.get("weekday_timezone", "UTC") != "UTC":
        return None
    rules = told.get("windows")
    windows = [_window(rule) for rule in (told, *(rules if isinstance(rules, list) else ()))]
    return OffPeak(opened, _rates(told)) if (opened := tuple(one for one in windows if one.spans)) else None


def search_price(entry: Mapping[str, Any]) -> float | None:
    """Return USD for one web search of medium depth."""
    told = entry.get("search_context_cost_per_query")
    return _number(told.get("search_context_size_medium")) if isinstance(told, Mapping) else None


def surcharges(entry: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Return Anthropic's factors for its fast mode and for inference in the USA."""
    told = entry.get("provider_specific_entry")
    factors = ((term, _number(told.get(term))) for term in _TERMS) if isinstance(told, Mapping) else ()
    return tuple((term, factor) for term, factor in factors if factor is not None)


def _rates(entry: Mapping[str, Any], suffix: str = "") -> Rates:
    return Rates(**{field: _number(entry.get(f"{key}{suffix}")) for field, key in _FIELDS.items()})


def _above(entry: Mapping[str, Any]) -> Iterator[PriceTier]:
    """Yield prices whose key contains the bound (``input_cost_per_token_above_200k_tokens``); missing ones stay as
    below it.
    """
    usual = _rates(entry)
    for key in entry:
        if (bound := _ABOVE.fullmatch(key)) is not None:
            said = _rates(entry, key.removeprefix("input_cost_per_token"))
            rates = Rates(
                input=said.input,
                output=usual.output if said.output is None else said.output,
                cache_read=usual.cache_read if said.cache_read is None else said.cache_read,
                cache_write=usual.cache_write if said.cache_write is None else said.cache_write,
                cache_write_hour=said.cache_write_hour,
                reasoning=said.reasoning,
            )
            yield PriceTier(int(bound[1]) * (1_000 if bound[2] else 1), rates)


def _tiers(entry: Mapping[str, Any]) -> list[PriceTier]:
    """Return prices given as a list of ranges (DashScope), the first from 0."""
    told = entry.get("tiered_pricing")
    if not isinstance(told, list):
        return []
    output = _number(entry.get(_FIELDS["output"]))
    found = []
    for tier in told:
        match tier:
            case {"input_cost_per_token": int() | float(), "range": [int() | float() as above, *_]}:
                rates = _rates(tier)
                whole = rates if rates.output is not None else replace(rates, output=output)
                found.append(PriceTier(int(above), whole))
            case _:
                continue
    return sorted(found, key=lambda step: step.above)


def _window(rule: object) -> WeeklyHours:
    told = rule if isinstance(rule, Mapping) else {}
    days = told.get("weekdays")
    return WeeklyHours(
        days=frozenset(day for day in days if isinstance(day, int)) if isinstance(days, list) else _EVERY_DAY,
        spans=tuple(_span(*map(int, clock)) for clock in _SPAN.findall(str(told.get("hours_utc")))),
    )


def _span(hour: int, minute: int, last_hour: int, last_minute: int) -> tuple[int, int]:
    """Return minutes of the day; an end that is not after the start lies on the next day."""
    first, last = hour * 60 + minute, last_hour * 60 + last_minute
    return first, last if last > first else last + _MIDNIGHT


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
