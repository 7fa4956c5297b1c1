"""How a scripted model plays in front of the real Claude Code: what it says, what it calls, what it was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contract.conftest import Stage
from tests.contract.serving_openai import KEY, ROLE_IDS, TOKEN
from tests.support import claude_code
from tests.support.chat_server import Request, Script, Step, delta, streamed, usage
from tests.support.claude_code import Run

LET_IN = {
    "ANTHROPIC_AUTH_TOKEN": TOKEN,
    "CLAUDE_CODE_MAX_RETRIES": "1",
    "CLAUDE_CODE_MAX_OUTPUT_TOKENS": "16000",
    **ROLE_IDS,
}
ALLOWED = ("--allowedTools", "Bash,Read,Task,Agent", "--permission-mode", "default")


def says(text: str, prompt: int, output: int, cached: int = 0) -> list[Step]:
    """An answer in small pieces, and what it cost."""
    pieces = [text[start : start + 3] for start in range(0, len(text), 3)]
    chunks = [delta(role="assistant", content=""), *(delta(content=piece) for piece in pieces), delta("stop")]
    return streamed(*chunks, usage(prompt, output, cached), "[DONE]", piece=40)


def calls(prompt: int, output: int, *wanted: tuple[str, str, dict[str, Any]]) -> list[Step]:
    """Tool calls, their arguments in small pieces and those of several calls interleaved, and what they cost."""
    texts = [json.dumps(arguments) for _, _, arguments in wanted]
    chunks = [delta(role="assistant", content=None)]
    for index, (id_, name, _) in enumerate(wanted):
        function = {"name": name, "arguments": ""}
        chunks.append(delta(tool_calls=[{"index": index, "id": id_, "type": "function", "function": function}]))
    for start in range(0, max(map(len, texts)), 7):
        for index, text in enumerate(texts):
            if piece := text[start : start + 7]:
                chunks.append(delta(tool_calls=[{"index": index, "function": {"arguments": piece}}]))
    return streamed(*chunks, delta("tool_calls"), usage(prompt, output), "[DONE]", piece=120)


def bash(id_: str, command: str) -> tuple[str, str, dict[str, Any]]:
    return id_, "Bash", {"command": command, "description": "say something"}


def tool_texts(request: Request) -> dict[str, str]:
    """What the tools said, as the model sees it, by the id of the call: they answer in the order in which they end."""
    return {m["tool_call_id"]: str(m["content"]) for m in request.json["messages"] if m["role"] == "tool"}


async def asked(
    version: str,
    stage: Stage,
    folder: Path,
    prompt: str,
    scripts: Sequence[Script],
    *,
    arguments: tuple[str, ...] = ALLOWED,
    variables: Mapping[str, str] | None = None,
    seconds: float = 240.0,
) -> tuple[Run, list[Request]]:
    """Claude Code's run against a model that answers by ``scripts``, and what the model was asked."""
    stage.plays(*scripts)
    run = await claude_code.run(
        version,
        prompt,
        base_url=stage.address,
        folder=folder,
        variables={**LET_IN, **(variables or {})},
        arguments=arguments,
        seconds=seconds,
    )
    requests = list(stage.model.requests)
    assert run.asked_outside == ()
    assert TOKEN not in run.stderr
    for request in requests:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert TOKEN not in json.dumps(dict(request.headers)) + request.body.decode()
    return run, requests


def counted(run: Run) -> tuple[int, int, int]:
    """Claude Code's own count, of all requests of all agents together: input, read from cache, output."""
    used = run.model_usage.values()
    return (
        sum(one["inputTokens"] for one in used),
        sum(one["cacheReadInputTokens"] for one in used),
        sum(one["outputTokens"] for one in used),
    )
