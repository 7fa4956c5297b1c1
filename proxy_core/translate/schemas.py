"""A tool's JSON schema in words that more providers understand, its meaning kept.

Providers turn schemas into grammars, and most of their grammars know less than JSON Schema: no ``$ref``, no ``const``,
few formats. What can be said otherwise is; what cannot goes into the description, where the model still reads it. Only
keywords are touched: a property that is called ``default`` or ``$ref`` is a property.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_NOTES: Final = frozenset({"$schema", "$id", "$comment", "$anchor", "$defs", "definitions"})
"""Keywords that say nothing once references are resolved."""

_FORMATS: Final = frozenset({"date-time", "date", "time", "int32", "int64", "float", "double", "enum"})
_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_LISTS: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE: Final = frozenset(
    {"items", "additionalProperties", "not", "contains", "propertyNames", "unevaluatedProperties", "if", "then", "else"}
)
_LARGEST: Final = 20_000
"""Schemas that one tool's may come to when its references are followed: a few lines can be made to mean millions."""


def plain(schema: Schema) -> dict[str, Any]:
    """The schema without references, constants, unknown formats and notes. The given one is left as it is."""
    return _Plainer(schema).plain(schema, frozenset())


class _Plainer:
    """Follows the references of one tool's schema. ``inside`` are those that are being followed at a place."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = _LARGEST

    def plain(self, schema: Schema, inside: frozenset[str]) -> dict[str, Any]:
        self._left -= 1
        while isinstance(reference := schema.get("$ref"), str):
            if reference in inside or self._left < 0:
                return {"type": "object", "description": f"Again as {reference}."}
            inside |= {reference}
            schema = self._target(reference) | {name: value for name, value in schema.items() if name != "$ref"}
        made: dict[str, Any] = {}
        remarks: list[str] = []
        for keyword, value in schema.items():
            if keyword in _NOTES:
                continue
            if keyword == "const":
                made["enum"] = [value]
            elif keyword == "format" and isinstance(value, str) and value not in _FORMATS:
                remarks.append(f"Format: {value}.")
            else:
                made[keyword] = self._inner(keyword, value, inside)
        if remarks:
            made["description"] = " ".join(filter(None, [str(made.get("description", "")), *remarks]))
        return made

    def _inner(self, keyword: str, value: Any, inside: frozenset[str]) -> Any:
        """A keyword's value, its schemas made plain; data (``default``, ``enum``, ``examples``) stays data."""
        if keyword in _MAPS and isinstance(value, Mapping):
            return {name: self._either(inner, inside) for name, inner in value.items()}
        if (keyword in _LISTS or keyword == "items") and isinstance(value, list):
            return [self._either(inner, inside) for inner in value]
        return self._either(value, inside) if keyword in _SINGLE else value

    def _either(self, value: Any, inside: frozenset[str]) -> Any:
        """A schema made plain; ``true`` and ``false``, which are schemas too, as they are."""
        return self.plain(value, inside) if isinstance(value, Mapping) else value

    def _target(self, reference: str) -> dict[str, Any]:
        """What a reference into the same schema points at; one that points elsewhere is said in words."""
        found: Any = self._root if reference.startswith("#") else None
        for step in filter(None, reference[1:].split("/")):
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return dict(found) if isinstance(found, Mapping) else {"description": f"As {reference}."}
