"""The tools of a request as functions of chat completions, their names made acceptable and back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proxy_core.anthropic_api.request import Block
from proxy_core.translate.schemas import plain
from proxy_core.translate.warnings import Warnings

NAME_LIMIT: Final = 64
_UNFIT: Final = re.compile(r"[^a-zA-Z0-9_-]")
_PLACEHOLDER: Final = "DeferredToolPlaceholder"


@dataclass(frozen=True, slots=True)
class Toolbox:
    """``functions`` for the body; ``upstream`` maps a tool's name to its function's, ``original`` the other way round.

    Both hold only the names that differ.
    """

    functions: tuple[dict[str, Any], ...]
    upstream: Mapping[str, str]
    original: Mapping[str, str]

    def name(self, tool: str) -> str:
        """A tool's name as the provider knows it; also for tools of earlier turns that are no longer offered."""
        return self.upstream.get(tool) or _fitting(tool)


def toolbox(tools: Sequence[Block], warnings: Warnings, *, plain_schemas: bool = False) -> Toolbox:
    """Translate the tools that a client runs. Those that Anthropic itself would run are left out, and said.

    ``plain_schemas``: the provider wants schemas without references and the like.
    """
    functions: list[dict[str, Any]] = []
    upstream: dict[str, str] = {}
    taken: set[str] = set()
    for tool in tools:
        name = str(tool["name"])
        if name == _PLACEHOLDER or name in upstream:
            continue
        if tool.get("type") not in (None, "", "custom"):
            warnings.add(f"The tool {name} runs at Anthropic ({tool['type']}) and was left out.")
            continue
        fitting = _fitting(name)
        if fitting in taken:
            fitting = _shortened(name)
        taken.add(fitting)
        upstream[name] = fitting
        functions.append({"type": "function", "function": _function(tool, fitting, plain_schemas=plain_schemas)})
    renamed = {name: fitting for name, fitting in upstream.items() if name != fitting}
    return Toolbox(tuple(functions), renamed, {fitting: name for name, fitting in renamed.items()})


def tool_choice(choice: Mapping[str, Any] | None, box: Toolbox, warnings: Warnings) -> str | dict[str, Any] | None:
    """Which tool the model must use, in chat completions' words; None says nothing."""
    if choice is None or not box.functions:
        return None
    match choice.get("type"):
        case "any":
            return "required"
        case "none":
            return "none"
        case "tool":
            name = box.name(str(choice.get("name", "")))
            if any(function["function"]["name"] == name for function in box.functions):
                return {"type": "function", "function": {"name": name}}
            warnings.add(
                f"The tool that was asked for ({choice.get('name')}) is not offered; the choice was left open."
            )
            return None
        case _:
            return "auto"


def _function(tool: Block, name: str, *, plain_schemas: bool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": name}
    if isinstance(description := tool.get("description"), str) and description:
        function["description"] = description
    schema = tool.get("input_schema")
    schema = {key: value for key, value in schema.items() if key != "$schema"} if isinstance(schema, Mapping) else {}
    if plain_schemas:
        schema = plain(schema)
    schema.setdefault("type", "object")
    if schema["type"] == "object":
        schema.setdefault("properties", {})
    function["parameters"] = schema
    if isinstance(strict := tool.get("strict"), bool):
        function["strict"] = strict
    return function


def _fitting(name: str) -> str:
    """The name itself where the provider can take it, else one that it can take and that tells it from all others."""
    if name and len(name) <= NAME_LIMIT and not _UNFIT.search(name):
        return name
    return _shortened(name)


def _shortened(name: str) -> str:
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_UNFIT.sub('_', name)[: NAME_LIMIT - 9]}_{mark}"
