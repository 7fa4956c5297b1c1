"""``understudy demo``: a whole round, without a key, a network or a trace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.cli.demo_conversation import _run
from tests.support import node
from tests.support.claude_code import VERSIONS, refusing_proxy
from tests.support.processes import Finished, understudy


def _is_a_whole_round(ended: Finished) -> None:
    assert ended.status == 0, ended.err
    for part in ("> Who are you", "demo model", "[Bash] echo ", "What happened", "done 200", "What next"):
        assert part in ended.out
    assert "BAD" not in ended.out


async def test_a_round_with_the_built_in_client(scratch: Path) -> None:
    ended = await understudy("demo", "--client", "built-in", "--pace", "instant", home=scratch)
    _is_a_whole_round(ended)
    assert ended.err == ""
    assert ended.out.count("done 200") == 3
    assert "claude-haiku-5-5 → SMALL" in ended.out
    assert "claude-opus-5-5 → BIG" in ended.out
    assert "\x1b" not in ended.out, "no colours into a pipe"


async def test_no_file_is_left_and_no_key_is_used(scratch: Path) -> None:
    before = set(scratch.rglob("*"))
    keys = {"OPENAI_API_KEY": "sk-proj-must-not-be-used", "OPENAI_BASE_URL": "http://192.0.2.1/v1", "PORT": "nonsense"}
    _is_a_whole_round(
        await understudy("demo", "--client", "built-in", "--pace", "instant", home=scratch, variables=keys)
    )
    assert set(scratch.rglob("*")) == before


async def test_auto_takes_the_built_in_client_where_claude_is_not(scratch: Path) -> None:
    ended = await understudy("demo", "--pace", "instant", home=scratch, variables={"PATH": "/nowhere"})
    _is_a_whole_round(ended)
    assert "a built-in client" in ended.out


async def test_the_real_client_asked_for_and_missing_is_said(scratch: Path) -> None:
    ended = await understudy("demo", "--client", "claude", home=scratch, variables={"PATH": "/nowhere"})
    assert ended.status == 127
    assert "npm install" in ended.err


@pytest.mark.claude_code
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_round_with_the_real_claude_code_that_asks_nobody_else(scratch: Path, version: str) -> None:
    folder = node.program("claude-code", version, "claude").parent
    with refusing_proxy() as outside:
        variables = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "IS_SANDBOX": "1",
            "HTTPS_PROXY": outside.address,
            "HTTP_PROXY": outside.address,
        }
        before = set(scratch.rglob("*"))
        ended = await understudy("demo", "--pace", "instant", home=scratch, variables=variables)
    _is_a_whole_round(ended)
    assert "Understudy is on stage." in ended.out
    assert outside.asked == []
    assert set(scratch.rglob("*")) == before


def test_the_built_in_shell_runs_nothing() -> None:
    assert _run({"id": "t1", "input": {"command": "echo 'a b' c"}}) == {
        "type": "tool_result",
        "tool_use_id": "t1",
        "content": "a b c",
        "is_error": False,
    }
    assert _run({"id": "t2", "input": {"command": "touch /tmp/x"}})["is_error"]
    assert _run({"id": "t3", "input": {}})["is_error"]
