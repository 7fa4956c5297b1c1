"""A key or token that does not show itself: not in a repr, a traceback, a log line or a pickle."""

from __future__ import annotations

import hmac
from typing import Never


class Secret:
    """Holds a secret string; only :meth:`reveal` gives it out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself. Call it where it goes on the wire, nowhere else."""
        return self._value

    @property
    def hint(self) -> str:
        """The last four characters, or fewer of a short one: what a person may see."""
        return self._value[-4:] if len(self._value) >= 12 else ""

    def matches(self, other: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self._value.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._value)

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not pickled")
