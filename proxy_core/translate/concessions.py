"""What to leave out of a call after the provider refused it for one field: catalogues lag behind, models do not wait.

A provider that says which field it does not take gets the same call without it. Only fields that say *how* to answer
can go; what is asked, and the tools, stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_OPTIONAL: Final = (
    "reasoning_effort",
    "reasoning",
    "thinking_budget",
    "enable_thinking",
    "thinking",
    "temperature",
    "top_p",
    "stop",
    "parallel_tool_calls",
    "stream_options",
    "response_format",
    "tool_choice",
    "plugins",
    "web_search_options",
)
_OTHER_NAME: Final = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Two names for one limit: the one that is refused is replaced by the other."""

_REFUSED: Final = re.compile(
    r"(?i)unsupported|not (?:be )?support|unrecogni[sz]ed|unknown|unexpected|not (?:permitted|allowed|available|valid)"
    r"|extra (?:inputs?|fields?)|does(?: not|n't) (?:accept|allow|take)|can(?:not|'t) (?:be )?use|invalid parameter"
)

Body = Mapping[str, Any]


def concession(body: Body, sentence: str) -> str | None:
    """The field that ``sentence``, a provider's refusal, is about; None when it is about something else."""
    if not _REFUSED.search(sentence):
        return None
    sent = (name for name in (*_OPTIONAL, *_OTHER_NAME) if name in body)
    return next((name for name in sent if re.search(rf"\b{name}\b", sentence)), None)


def without(body: Body, field: str) -> dict[str, Any]:
    """The call without a field, or with its value under the other name."""
    kept = {name: value for name, value in body.items() if name != field}
    if field in body and (other := _OTHER_NAME.get(field)):
        kept[other] = body[field]
    return kept
