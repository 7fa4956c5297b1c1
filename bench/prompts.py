"""The requests that are sent: a small one, and one as Claude Code sends in the middle of a session."""

from __future__ import annotations

from random import Random
from typing import Any, Final

import orjson

from bench.load.wanted import Kind, Wanted

LARGE: Final = 110_000
"""Approximate bytes of the large request: a session of a few turns, most of it tools and system prompt."""

HEADERS: Final = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br, zstd",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,prompt-caching-scope-2026-01-05",
    "anthropic-dangerous-direct-browser-access": "true",
    "anthropic-version": "2023-06-01",
    "user-agent": "claude-cli/2.1.330 (external, cli)",
    "x-app": "cli",
    "x-claude-code-session-id": "0f0e0d0c-0b0a-4908-8706-050403020100",
    "x-stainless-arch": "x64",
    "x-stainless-lang": "js",
    "x-stainless-os": "Linux",
    "x-stainless-package-version": "1.12.0",
    "x-stainless-retry-count": "0",
    "x-stainless-runtime": "node",
    "x-stainless-timeout": "600",
}
"""The headers that Claude Code sends, besides the credential."""

_WORDS: Final = (
    "the a file path of to is and when command use result tool in that for with run search line read you must not "
    "edit test code change before after each user project list write error output only never should pattern"
)

_TOOLS: Final = (
    "Agent Bash BashOutput CronCreate CronDelete Edit EnterPlanMode ExitPlanMode Glob Grep KillShell ListMcpResources "
    "LSP MultiEdit NotebookEdit NotebookRead Read ReadMcpResource Skill SlashCommand TaskOutput TodoWrite WebFetch "
    "WebSearch Write"
)


def small(wanted: Wanted, model: str) -> str:
    """Return a question as the body of a request."""
    return _body(wanted, model, [{"role": "user", "content": f"Say what was asked. {wanted}"}], {})


def large(wanted: Wanted, model: str) -> str:
    """Return about :data:`LARGE` bytes: system prompt, 25 tools, three rounds of calls and their results."""
    prose = _Prose()
    cached = {"cache_control": {"type": "ephemeral"}}
    system = [
        {"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude.", **cached},
        {"type": "text", "text": prose.of(15_000), **cached},
    ]
    messages: list[dict[str, Any]] = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": f"<system-reminder>\n{prose.of(4_000)}\n</system-reminder>"},
                {"type": "text", "text": f"Find out why the test fails and mend it. {wanted}"},
            ],
        }
    ]
    for number in range(3):
        calls = [_call(prose, f"toolu_{number}{part:022}") for part in range(2)]
        messages.append({"role": "assistant", "content": [{"type": "text", "text": prose.of(300)}, *calls]})
        results = [
            {"type": "tool_result", "tool_use_id": call["id"], "content": [{"type": "text", "text": prose.of(3_500)}]}
            for call in calls
        ]
        messages.append({"role": "user", "content": results})
    rest = {"system": system, "tools": [_tool(prose, name) for name in _TOOLS.split()]}
    return _body(wanted, model, messages, rest)


def _body(wanted: Wanted, model: str, messages: list[dict[str, Any]], rest: dict[str, Any]) -> str:
    body = {
        "model": model,
        "max_tokens": 32_000,
        "messages": messages,
        "metadata": {"user_id": "user_bench_account__session_0f0e0d0c-0b0a-4908-8706-050403020100"},
        **rest,
    }
    return orjson.dumps(body if wanted.kind is Kind.WHOLE else {**body, "stream": True}).decode()


class _Prose:
    """Deterministic words."""

    def __init__(self) -> None:
        self._random = Random(7)
        self._words = _WORDS.split()

    def of(self, characters: int) -> str:
        """Return about that many characters of them, in lines."""
        lines: list[str] = []
        while characters > 0:
            lines.append(" ".join(self._random.choices(self._words, k=14)))
            characters -= len(lines[-1]) + 1
        return "\n".join(lines)


def _tool(prose: _Prose, name: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        f"{word}_{number}": {"type": kind, "description": prose.of(120)}
        for number, (word, kind) in enumerate((("path", "string"), ("limit", "number"), ("all", "boolean")))
    }
    properties["mode"] = {"type": "string", "enum": ["content", "files", "count"], "description": prose.of(120)}
    properties["edits"] = {
        "type": "array",
        "items": {"type": "object", "properties": {"old": {"type": "string"}, "new": {"type": "string"}}},
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": ["path_0"],
        "additionalProperties": False,
    }
    return {"name": name, "description": prose.of(1_450), "input_schema": schema}


def _call(prose: _Prose, id_: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": id_, "name": "Read", "input": {"path_0": "/src/main.py", "edits": prose.of(150)}}
