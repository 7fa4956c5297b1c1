"""What is said of the app: the proxy, launches, the log, budgets, model checks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

APP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sentences": "{parts}",
    }
)
