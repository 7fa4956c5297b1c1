"""When a provider wants to be asked again, in seconds, from the many places where they say it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

_PARTS: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_IN_TEXT: Final = re.compile(
    r"(?i)(?:\"retryDelay\":\s*\"|(?:try|retry) again in |retry (?:in|after) )"
    r"((?:\d+(?:\.\d+)?\s?(?:ms|[dhms])[a-z]*\s?)+)"
)
_EPOCH: Final = 1_000_000_000
_LONGEST: Final = 30 * 86400.0


def retry_after(headers: Mapping[str, str], text: str, now: float) -> float | None:
    """Seconds to wait, or None when the provider did not say.

    ``headers`` have lower-case names; ``text`` is the body; ``now`` is Unix time in seconds. In this order:
    ``retry-after-ms``, ``retry-after`` (seconds or a date), a delay in the body (Gemini's ``retryDelay``, "try again in
    7.5s"), then the reset time of the limit that is used up (``x-ratelimit-reset-…``, OpenAI's durations or an epoch).
    """
    waits = (
        _milliseconds(headers.get("retry-after-ms", "")),
        _seconds_or_date(headers.get("retry-after", ""), now),
        _in_text(text),
        _limit_reset(headers, now),
    )
    return next((wait for wait in waits if wait is not None), None)


def _milliseconds(value: str) -> float | None:
    number = _number(value)
    return None if number is None else number / 1000


def _seconds_or_date(value: str, now: float) -> float | None:
    number = _number(value)
    if number is not None or not value:
        return number
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the second for an offset from UTC beyond all clocks
        return None
    return _sane((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)


def _in_text(text: str) -> float | None:
    found = _IN_TEXT.search(text)
    return _duration(found[1]) if found else None


def _limit_reset(headers: Mapping[str, str], now: float) -> float | None:
    kinds = ("-requests", "-tokens", "")
    used_up = [kind for kind in kinds if headers.get(f"x-ratelimit-remaining{kind}", "").strip() == "0"]
    resets = (_reset(headers.get(f"x-ratelimit-reset{kind}", ""), now) for kind in used_up or kinds)
    return max((each for each in resets if each is not None), default=None)


def _reset(value: str, now: float) -> float | None:
    number = _number(value, longest=math.inf)
    if number is None:
        return _duration(value)
    if number > _EPOCH * 1000:
        return _sane(number / 1000 - now)
    return _sane(number - now) if number > _EPOCH else _sane(number)


def _duration(value: str) -> float | None:
    parts = _PARTS.findall(value.replace(" ", ""))
    return _sane(sum(float(number) * _SECONDS[unit] for number, unit in parts)) if parts else None


def _number(value: str, longest: float = _LONGEST) -> float | None:
    try:
        number = float(value.strip())
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) and number <= longest else None


def _sane(seconds: float) -> float | None:
    return max(seconds, 0.0) if seconds <= _LONGEST else None
