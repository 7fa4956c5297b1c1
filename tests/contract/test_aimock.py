"""A session of several turns and tools on a provider that is not ours: aimock decides what a good request is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.serving_openai import ENGINES, ROLE_IDS, TOKEN, serving_openai
from tests.support import aimock, claude_code

USAGE = ((1500, 31), (1700, 42), (1900, 17))


def bash(id_: str, command: str) -> dict[str, Any]:
    return {"id": id_, "name": "Bash", "arguments": json.dumps({"command": command, "description": "a step"})}


def costs(turn: int) -> dict[str, int]:
    prompt, output = USAGE[turn]
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}


FIXTURES: list[dict[str, Any]] = [
    {
        "match": {"endpoint": "chat", "hasToolResult": False},
        "response": {
            "content": "Two steps first.",
            "toolCalls": [bash("call_a", "echo alpha-$((40 + 2))"), bash("call_b", "echo beta-$((50 + 5))")],
            "usage": costs(0),
        },
    },
    *(
        {
            "match": {"endpoint": "chat", "toolCallId": last, "toolResultContains": said},
            "response": {"toolCalls": [bash("call_c", "echo gamma-$((60 + 6))")], "usage": costs(1)},
        }
        for last, said in (("call_a", "alpha-42"), ("call_b", "beta-55"))  # whichever of the two ends last
    ),
    {
        "match": {"endpoint": "chat", "toolCallId": "call_c", "toolResultContains": "gamma-66"},
        "response": {"content": "alpha 42, beta 55, gamma 66.", "usage": costs(2)},
    },
]


@pytest.mark.aimock
@pytest.mark.claude_code
@pytest.mark.slow
@pytest.mark.parametrize("version", claude_code.NEW_FIRST)
@pytest.mark.parametrize("engine", ENGINES)
async def test_a_session_of_several_turns(version: str, engine: str, tmp_path: Path) -> None:
    async with (
        aimock.running(tmp_path / "aimock", FIXTURES) as provider,
        serving_openai(provider.base_url, tmp_path, engine) as understudy,
    ):
        run = await claude_code.run(
            version,
            "Take three steps with Bash and report.",
            base_url=understudy.address,
            folder=tmp_path,
            variables={"ANTHROPIC_AUTH_TOKEN": TOKEN, "CLAUDE_CODE_MAX_RETRIES": "0", **ROLE_IDS},
            arguments=("--allowedTools", "Bash", "--permission-mode", "default"),
        )
        journal = await provider.journal()
    assert (run.status, run.is_error, run.result) == (0, False, "alpha 42, beta 55, gamma 66.")
    assert run.asked_outside == ()
    told = {block["tool_use_id"]: block["content"] for block in run.blocks("user", "tool_result")}
    assert told == {"call_a": "alpha-42", "call_b": "beta-55", "call_c": "gamma-66"}
    assert (run.usage["input_tokens"], run.usage["output_tokens"]) == tuple(map(sum, zip(*USAGE, strict=True)))
    assert [entry["response"]["status"] for entry in journal] == [200, 200, 200]
    assert {entry["path"].partition("?")[0] for entry in journal} == {"/v1/chat/completions"}
