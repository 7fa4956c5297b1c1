"""JSON on the wire: orjson, and a way through for lone surrogates, which JavaScript sends and orjson refuses."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson


def loads(data: bytes | str) -> Any:
    """Parse JSON; escaped lone surrogates stay in the text as such. Raises ``ValueError`` for what is not JSON."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            return json.loads(data, parse_constant=_refuse, parse_float=_finite)
        except RecursionError:
            raise ValueError("JSON is nested too deeply") from None


def dumps(value: Any) -> bytes:
    """Write JSON as UTF-8. Surrogate pairs are joined; lone ones, which UTF-8 cannot carry, become U+FFFD.

    Raises ``ValueError`` for a value that is nested too deeply.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except RecursionError:
            raise ValueError("JSON is nested too deeply") from None
        return mend_surrogates(text).encode()


def mend_surrogates(text: str) -> str:
    """The text with surrogate pairs joined to the character they spell, and lone ones replaced by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def without_surrogates(value: Any) -> Any:
    """Return the same value with surrogate pairs joined and lone ones replaced, as :func:`dumps` writes it."""
    try:
        orjson.dumps(value)
    except TypeError:  # orjson refuses a string with a surrogate
        try:
            return loads(dumps(value))
        except ValueError:  # nested too deeply: such a value cannot be written at all
            return value
    return value


def is_object(text: str) -> bool:
    """Whether the text is exactly one JSON object."""
    try:
        return isinstance(loads(text), dict)
    except ValueError:
        return False


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is too large a number")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
