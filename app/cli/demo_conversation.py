"""A conversation as Claude Code has it, held over a real socket, with a shell that only echoes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from app.cli.answer_printer import AnswerPrinter
from proxy_core.anthropic_api.accumulator import MessageAccumulator
from proxy_core.anthropic_api.json_text import dumps, loads
from proxy_core.anthropic_api.sse import FrameSplitter
from proxy_core.config import http_client
from proxy_core.config.secret import Secret
from proxy_core.errors import ProviderFailed

PROMPT: Final = "Who are you, and what can you do here? Show me with a tool."

_MOST_TURNS: Final = 5
"""Requests at most: the script needs two, and a loop of a faulty model must end."""

_SECONDS: Final = 60.0
"""How long the proxy may be silent."""

_SYSTEM: Final = [
    {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=cli;"},
    {
        "type": "text",
        "text": "You are Claude Code, Anthropic's official CLI for Claude.",
        "cache_control": {"type": "ephemeral"},
    },
]
_BASH: Final = {
    "name": "Bash",
    "description": "Executes a bash command.",
    "input_schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"command": {"type": "string"}, "description": {"type": "string"}},
        "required": ["command"],
        "additionalProperties": False,
    },
}
_TITLE_FORMAT: Final = {
    "type": "json_schema",
    "schema": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
}


def converse(address: str, token: Secret, screen: AnswerPrinter) -> None:
    """The title of the session from SMALL, then turns with BIG until it has answered. Raises UnderstudyError."""
    session = _Session(address, token)
    for event in session.ask(_title_request()):
        if event.get("type") == "error":
            screen.event(event)
    screen.asked(PROMPT)
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": PROMPT}]}]
    for _ in range(_MOST_TURNS):
        answer = MessageAccumulator()
        for event in session.ask(_main_request(messages)):
            screen.event(event)
            answer.feed(event)
        content = answer.message.content
        calls = [block for block in content if block["type"] == "tool_use"]
        messages.append({"role": "assistant", "content": content})
        if not calls:
            return
        results = [_run(call) for call in calls]
        for result in results:
            screen.result(result["content"])
        messages.append({"role": "user", "content": results})


class _Session:
    """Sends requests, one after the other, and gives the events of each answer as they come."""

    def __init__(self, address: str, token: Secret) -> None:
        self._url = f"{address}/v1/messages?beta=true"
        self._headers = {
            "authorization": f"Bearer {token.reveal()}",
            "content-type": "application/json",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,effort-2025-11-24",
            "user-agent": "understudy-demo",
            "x-app": "cli",
            "x-claude-code-session-id": "00000000-0000-4000-8000-000000000000",
        }

    def ask(self, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        with (
            http_client.client(self._url, None, seconds=_SECONDS) as client,
            client.stream("POST", self._url, content=dumps(body), headers=self._headers) as response,
        ):
            if response.status_code != HTTPStatus.OK:
                raise ProviderFailed(f"The proxy answered {response.status_code}: {_message(response.read())}")
            frames = FrameSplitter()
            for piece in response.iter_bytes():
                yield from map(loads, frames.feed(piece))


def _message(body: bytes) -> str:
    return str(loads(body)["error"]["message"])


def _title_request() -> dict[str, Any]:
    return {
        "model": "claude-haiku-5-5",
        "max_tokens": 512,
        "stream": True,
        "system": _SYSTEM,
        "messages": [{"role": "user", "content": f"Write a short title for this session: {PROMPT}"}],
        "output_config": {"format": _TITLE_FORMAT},
    }


def _main_request(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 32000,
        "stream": True,
        "system": _SYSTEM,
        "messages": messages,
        "tools": [_BASH],
        "thinking": {"type": "adaptive", "display": "updates"},
        "output_config": {"effort": "high"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "metadata": {"user_id": '{"session_id":"00000000-0000-4000-8000-000000000000"}'},
    }


def _run(call: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a call. Nothing is run: what ``echo`` would print is known without a shell."""
    words = shlex.split(str(call["input"].get("command", "")))
    harmless = words[:1] == ["echo"]
    return {
        "type": "tool_result",
        "tool_use_id": call["id"],
        "content": " ".join(words[1:]) if harmless else "This demonstration runs nothing but echo.",
        "is_error": not harmless,
    }
