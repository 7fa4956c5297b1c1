"""What the demo model says: a pure answer to each kind of request that Claude Code makes, the same every time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

QUOTED: Final = 12
"""Words of the prompt that are quoted back."""

_REMINDER: Final = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
_COMPACTION: Final = "CRITICAL: Respond with TEXT ONLY"
_VERDICT: Final = "</block>"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one tool, its arguments as JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Scene:
    """One answer. Empty parts are left out of it."""

    thinking: str = ""
    text: str = ""
    call: ToolCall | None = None


_HARMLESS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Bash": {"command": "echo 'Understudy is on stage.'", "description": "Says one line"},
    "Glob": {"pattern": "*"},
    "LS": {"path": "."},
}
"""Tools that the demo calls of its own accord, in order of preference, and with what."""


def play(body: Mapping[str, Any]) -> Scene:
    """The scene for a chat-completions request."""
    messages = [each for each in body.get("messages") or () if isinstance(each, Mapping)]
    prompt = _last_prompt(messages)
    if _VERDICT in _stops(body):
        return Scene(text="<block>no")
    if (schema := _wanted_schema(body)) is not None:
        return Scene(text=json.dumps(example(schema, _quote(prompt))))
    if _COMPACTION in prompt:
        return Scene(text=_summary(messages))
    if (result := _tool_result(messages)) is not None:
        return Scene(thinking=_AFTER_THE_TOOL, text=_closing(result))
    quote = _quote(prompt)
    thinking = f"I was asked: “{quote}”. I am the demo model and cannot think, so I keep to my script and say so."
    if (call := _choose_tool(body, quote)) is not None:
        return Scene(
            thinking, _opening(quote) + f"\n\nLet me use {call.name} once, to show how a tool call travels.", call
        )
    return Scene(thinking, f"{_opening(quote)}\n\n{_WHAT_NEXT}")


_AFTER_THE_TOOL: Final = "The tool has answered. I quote its first line and take my bow."

_WHAT_NEXT: Final = (
    "Everything else was real: the request went through Understudy's proxy, and this answer was streamed back the same "
    "way a real model's would be. To put one on stage, run `understudy keys set openai` (or another provider, or point "
    "it at a local server), then `understudy claude`."
)


def _opening(quote: str) -> str:
    return f"Hello! This is Understudy's demo model, reading from a script. You wrote: “{quote}”."


def _closing(result: str) -> str:
    first = next((line.strip() for line in result.splitlines() if line.strip()), "nothing")
    return f"The tool answered: “{first[:200]}”.\n\n{_WHAT_NEXT}"


def _summary(messages: Sequence[Mapping[str, Any]]) -> str:
    asked = [quote for each in messages if each.get("role") == "user" and (quote := _quote(_text(each)))]
    lines = "\n".join(f"{number}. The user wrote: “{quote}”." for number, quote in enumerate(asked[:-1], 1))
    return (
        "<analysis>\nThe demo model summarises by quoting what was asked.\n</analysis>\n"
        f"<summary>\n{lines or 'Nothing was asked yet.'}\n</summary>"
    )


def example(schema: Any, words: str, defs: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
    """A value that a JSON schema accepts; ``words`` stand where a free string is wanted."""
    if not isinstance(schema, Mapping) or depth > 20:
        return None
    defs = defs or schema.get("$defs") or schema.get("definitions") or {}
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if isinstance(reference := schema.get("$ref"), str):
        return example(defs.get(reference.rpartition("/")[2]), words, defs, depth + 1)
    for several in ("anyOf", "oneOf", "allOf"):
        if schema.get(several):
            return example(schema[several][0], words, defs, depth + 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    match kind:
        case "string":
            text = words.ljust(schema.get("minLength", 0), ".")
            return text[: schema.get("maxLength", len(text))]
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        case "boolean":
            return False
        case "array":
            return [example(schema.get("items"), words, defs, depth + 1) for _ in range(schema.get("minItems", 0))]
        case "null":
            return None
        case _:
            properties = schema.get("properties") or {}
            return {name: example(each, words, defs, depth + 1) for name, each in properties.items()}


def _choose_tool(body: Mapping[str, Any], quote: str) -> ToolCall | None:
    """The tool that the request insists on, else a harmless one that it offers."""
    choice = body.get("tool_choice")
    if choice == "none":
        return None
    offered = {
        function["name"]: function
        for tool in body.get("tools") or ()
        if isinstance(tool, Mapping) and isinstance(function := tool.get("function"), Mapping) and "name" in function
    }
    insisted = (choice.get("function") or {}).get("name") if isinstance(choice, Mapping) else None
    harmless = next((name for name in _HARMLESS if name in offered), None)
    name = insisted or ("StructuredOutput" if "StructuredOutput" in offered else harmless)
    if name is None and choice == "required":
        name = next(iter(offered), None)
    if name is None or name not in offered:
        return None
    given = _HARMLESS.get(name)
    return ToolCall(name, json.dumps(given or example(offered[name].get("parameters"), quote) or {}))


def _wanted_schema(body: Mapping[str, Any]) -> Any:
    wanted = body.get("response_format")
    if not isinstance(wanted, Mapping):
        return None
    if wanted.get("type") == "json_object":
        return {}
    named = wanted.get("json_schema")
    return named.get("schema") if isinstance(named, Mapping) else None


def _stops(body: Mapping[str, Any]) -> Sequence[str]:
    stop = body.get("stop") or ()
    return (stop,) if isinstance(stop, str) else stop


def _tool_result(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """The last tool's result, when nobody has spoken since; messages of the system do not count as speech."""
    last = next((each for each in reversed(messages) if each.get("role") in {"user", "assistant", "tool"}), None)
    return _text(last) if last is not None and last.get("role") == "tool" else None


def _last_prompt(messages: Sequence[Mapping[str, Any]]) -> str:
    texts = (_REMINDER.sub("", _text(each)).strip() for each in reversed(messages) if each.get("role") == "user")
    return next((text for text in texts if text), "")


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = (part.get("text") for part in content or () if isinstance(part, Mapping))
    return "\n".join(part for part in parts if isinstance(part, str))


def _quote(text: str) -> str:
    words = _REMINDER.sub("", text).split()
    return " ".join(words[:QUOTED]) + (" …" if len(words) > QUOTED else "")
