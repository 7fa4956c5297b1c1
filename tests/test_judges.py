"""The judges from outside can be trusted: Claude Code works without us, and a way out past loopback is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import aimock, claude_code

BASH = {"id": "toolu_one", "name": "Bash", "arguments": json.dumps({"command": "echo hi-$((40 + 2))"})}
FIXTURES = [
    {"match": {"hasToolResult": False}, "response": {"toolCalls": [BASH]}},
    {"match": {"hasToolResult": True, "toolResultContains": "hi-42"}, "response": {"content": "It said hi-42."}},
]
LET_IN = {"ANTHROPIC_AUTH_TOKEN": "any", "ANTHROPIC_MODEL": "some-model", "CLAUDE_CODE_MAX_RETRIES": "0"}

pytestmark = [
    pytest.mark.aimock,
    pytest.mark.claude_code,
    pytest.mark.slow,
    pytest.mark.parametrize("version", claude_code.VERSIONS),
]


def test_the_old_and_the_new_are_here(version: str) -> None:
    assert claude_code.VERSIONS == ("2.1.197", "2.1.330")


async def test_claude_code_works_without_us_and_stays_on_loopback(version: str, tmp_path: Path) -> None:
    async with aimock.running(tmp_path / "aimock", FIXTURES) as provider:
        run = await claude_code.run(
            version,
            "Say hi with Bash.",
            base_url=provider.address,
            folder=tmp_path,
            variables=LET_IN,
            arguments=("--allowedTools", "Bash", "--permission-mode", "default"),
        )
        journal = await provider.journal()
    assert (run.status, run.is_error, run.result, run.turns) == (0, False, "It said hi-42.", 2)
    assert [block["content"] for block in run.blocks("user", "tool_result")] == ["hi-42"]
    assert {entry["path"] for entry in journal} == {"/v1/messages?beta=true"}
    assert run.asked_outside == ()


async def test_a_way_out_is_noticed(version: str, tmp_path: Path) -> None:
    loud = {**LET_IN, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "", "DISABLE_TELEMETRY": ""}
    async with aimock.running(tmp_path / "aimock", FIXTURES[1:]) as provider:
        run = await claude_code.run(version, "Hello.", base_url=provider.address, folder=tmp_path, variables=loud)
    assert "api.anthropic.com:443" in run.asked_outside
