"""One value of the settings by its dotted name: read, or replaced by another."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from proxy_core.config.settings import Settings


def value_at(settings: Settings, path: str) -> Any:
    """The value called ``path``, such as ``proxy.port``."""
    section, _, name = path.partition(".")
    return getattr(getattr(settings, section), name)


def with_value(settings: Settings, path: str, value: object) -> Settings:
    """``settings`` with another value called ``path``; a text becomes the member of an enum where one stands there."""
    section, _, name = path.partition(".")
    before = value_at(settings, path)
    if isinstance(before, StrEnum):
        value = type(before)(str(value))
    changed: dict[str, Any] = {section: replace(getattr(settings, section), **{name: value})}
    return replace(settings, **changed)


def with_defaults(settings: Settings, *sections: str) -> Settings:
    """``settings`` with whole sections, such as ``proxy``, as they are when nobody changed them."""
    plain = Settings()
    defaults: dict[str, Any] = {section: getattr(plain, section) for section in sections}
    return replace(settings, **defaults)
