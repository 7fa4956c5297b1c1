"""The real Claude Code in a real terminal, as the window opens it: it speaks to us, from the project's folder."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from proxy_core.config.secret import Secret
from proxy_core.config.settings import Role
from proxy_core.launch.claude_code import TOKEN_HEADER, LaunchRole, LaunchSession, plan
from proxy_core.launch.terminals import TerminalChoice, open_terminal
from tests.support import claude_code, node
from tests.support.anthropic_server import anthropic_server, message_bytes, streamed
from tests.support.display import Display, display

__all__ = ["display"]

TOKEN = "us-launch.5f1e.c0ffee"
OWN_KEY = "sk-ant-the-users-own"


@pytest.mark.desktop
@pytest.mark.claude_code
@pytest.mark.slow
@pytest.mark.parametrize("version", claude_code.VERSIONS)
async def test_a_turn_from_a_terminal(version: str, display: Display, tmp_path: Path) -> None:
    project, home = tmp_path / "my proj", tmp_path / "home"
    project.mkdir()
    home.mkdir()
    with claude_code.refusing_proxy() as outside:
        inherited = {
            **display.environ({"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **claude_code.QUIET}),
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), outside.address),
            "HOME": str(home),
            "UNDERSTUDY_HOME": str(tmp_path / "understudy"),
            "ANTHROPIC_API_KEY": OWN_KEY,
        }
        async with anthropic_server(streamed(message_bytes("Good evening."))) as understudy:
            parts = dict.fromkeys((Role.BIG, Role.SMALL, Role.THINKER), LaunchRole("openai/gpt-4.1", 128_000, 16_384))
            made = plan(LaunchSession(understudy.address, Secret(TOKEN), parts), inherited)
            program = str(node.program("claude-code", version, "claude"))
            argv = [program, "-p", "Greet me.", "--model", "understudy/big"]
            opened = await asyncio.to_thread(open_terminal, made, project, inherited, argv, TerminalChoice("xterm"))
            async with asyncio.timeout(120):
                while not (asks := [each for each in understudy.requests if each.target.startswith("/v1/messages?")]):
                    await asyncio.sleep(0.05)
    assert (opened.terminal.id, opened.begun) == ("xterm", True)
    assert asks[0].headers[TOKEN_HEADER] == TOKEN
    assert asks[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "x-api-key" not in asks[0].headers
    assert str(project) in asks[0].body.decode()
    assert outside.asked == []
    assert list((tmp_path / "understudy" / "state" / "launch").iterdir()) == []
