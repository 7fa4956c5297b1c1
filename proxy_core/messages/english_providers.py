"""What is said of providers: what they answered, and what went wrong on the way to them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PROVIDERS: Final[Mapping[str, str]] = MappingProxyType({})
