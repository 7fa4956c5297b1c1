"""Tools as OpenAI's models read them: not as JSON but as TypeScript, a type for each function.

Nothing of this is in OpenAI's reference; it was found by asking the models and by counting. Source: hmarr,
*Counting OpenAI tokens*, and the counts that its repository openai-chat-tokens compares with the API's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_DEEPEST_DESCRIPTION: Final = 2
"""Blanks of indentation from which on descriptions are no longer shown."""


def namespace(functions: Iterable[Mapping[str, Any]]) -> str:
    """The declarations of ``functions``, each a ``function`` of a chat call's tools."""
    return "\n".join(["namespace functions {", "", *map(declaration, functions), "} // namespace functions"])


def declaration(function: Mapping[str, Any]) -> str:
    """One function, with the empty line behind it."""
    described = [f"// {function['description']}"] if function.get("description") else []
    parameters = function.get("parameters")
    fields = _fields(parameters, 0) if isinstance(parameters, Mapping) else ""
    typed = (
        f"type {function['name']} = (_: {{\n{fields}\n}}) => any;"
        if fields
        else f"type {function['name']} = () => any;"
    )
    return "\n".join([*described, typed, ""])


def _fields(schema: Mapping[str, Any], indent: int) -> str:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping):
        return ""
    needed = required if isinstance(required, list) else []
    lines: list[str] = []
    for name, field in properties.items():
        if isinstance(field, Mapping):
            if field.get("description") and indent < _DEEPEST_DESCRIPTION:
                lines.append(f"// {field['description']}")
            lines.append(f"{name}{'' if name in needed else '?'}: {_type(field, indent)},")
    return "\n".join(" " * indent + line for line in lines)


def _type(schema: Mapping[str, Any], indent: int) -> str:
    choices = schema.get("enum")
    if isinstance(choices, list):
        return " | ".join(f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in choices)
    for union in ("anyOf", "oneOf"):
        if isinstance(schema.get(union), list):
            return " | ".join(_type(each, indent) for each in schema[union] if isinstance(each, Mapping))
    match schema.get("type"):
        case "string" | "boolean" | "null" as plain:
            return str(plain)
        case "number" | "integer":
            return "number"
        case "array":
            items = schema.get("items")
            return f"{_type(items, indent)}[]" if isinstance(items, Mapping) else "any[]"
        case "object":
            return f"{{\n{_fields(schema, indent + 2)}\n}}"
        case list(types):
            return " | ".join(_type({**schema, "type": each}, indent) for each in types)
        case _:
            return "any"
