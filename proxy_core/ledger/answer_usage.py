"""The ``usage`` object of an Anthropic answer as the counts that the ledger keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from proxy_core.ledger.request_events import RecordedUsage

_MOST_TOKENS: Final = 10**12
"""The ledger's limit."""

_SURCHARGE_FIELDS: Final = ("speed", "inference_geo")
_SURCHARGES: Final = frozenset({"fast", "us"})
"""Values of these fields under which tokens cost more."""

_NESTED: Final = ("output_tokens_details", "cache_creation", "server_tool_use")
"""Objects inside ``usage`` with more counts."""


def recorded_usage(usage: Mapping[str, Any]) -> RecordedUsage | None:
    """Return the counts of ``usage``, events already merged; None where it has none."""
    counts = dict(_counts(usage))
    if not counts:
        return None
    values = (usage.get(name) for name in _SURCHARGE_FIELDS)
    return RecordedUsage(
        input=counts.get("input_tokens", 0),
        output=counts.get("output_tokens", 0),
        cache_read=counts.get("cache_read_input_tokens", 0),
        cache_write=counts.get("cache_creation_input_tokens", 0),
        reasoning=counts.get("thinking_tokens", 0),
        cache_write_hour=counts.get("ephemeral_1h_input_tokens", 0),
        searches=counts.get("web_search_requests", 0),
        terms=" ".join(value for value in values if isinstance(value, str) and value in _SURCHARGES),
    )


def _counts(usage: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for part in (usage, *(usage.get(name) for name in _NESTED)):
        for name, number in part.items() if isinstance(part, Mapping) else ():
            if isinstance(number, int) and not isinstance(number, bool):
                yield name, min(number, _MOST_TOKENS)
