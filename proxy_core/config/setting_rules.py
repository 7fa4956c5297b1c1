"""Rules of the settings' fields, kept in the metadata of the dataclass fields that declare them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

Value = TypeVar("Value")

_RULE: Final = "rule"
_ITEM: Final = "item"


@dataclass(frozen=True, slots=True)
class SettingRule:
    """The values that one key takes: of type ``kind``, and for which ``accepts`` holds; ``wants`` describes them."""

    default: Any
    kind: type
    wants: str = ""
    accepts: Callable[[Any], bool] = lambda _: True


def setting(
    default: Value, wants: str = "", accepts: Callable[[Any], bool] = lambda _: True, *, kind: type | None = None
) -> Value:
    """Declare a field with a rule; ``kind`` is the type of its values where the default is None."""
    rule = SettingRule(default, kind or type(default), wants, accepts)
    return field(default=default, metadata={_RULE: rule})


def table_of(item: type[Value], default: Mapping[str, Value] = MappingProxyType({})) -> Mapping[str, Value]:
    """Declare a table whose keys are the user's and whose values are all of one class."""
    return cast(Mapping[str, Value], field(default_factory=lambda: dict(default), metadata={_ITEM: item}))


def rule_of(declared: Field[Any]) -> SettingRule:
    """Return the rule of a field; one without :func:`setting` takes every value of its default's type."""
    rule: SettingRule = declared.metadata.get(_RULE) or SettingRule(declared.default, type(declared.default))
    return rule


def item_of(declared: Field[Any]) -> type | None:
    """Return the class of a table's values; None for a field that is no table."""
    return declared.metadata.get(_ITEM)


def is_url(value: str) -> bool:
    """Return whether this is an http or https address with a host, without credentials: those live elsewhere."""
    return is_proxy_url(value) and "@" not in urlsplit(value).netloc


def is_proxy_url(value: str) -> bool:
    """Return whether this is an http or https address with a host; it may carry a user name and a password."""
    if re.search(r"[\s\x00-\x1f\x7f]", value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # an invalid port or an invalid address in brackets
        return False


def is_positive(value: float) -> bool:
    """Return whether a number is above 0 and finite."""
    return 0 < value < float("inf")


def is_amount(value: float) -> bool:
    """Return whether a number is 0 or more and finite."""
    return 0 <= value < float("inf")
