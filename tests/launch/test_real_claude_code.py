"""The launch's environment in the real Claude Code, against settings that would lead it elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proxy_core.config.secret import Secret
from proxy_core.config.settings import PASSTHROUGH, Role
from proxy_core.launch.claude_code import LaunchPlan, LaunchRole, LaunchSession, plan
from tests.support import claude_code
from tests.support.anthropic_server import anthropic_server, message_bytes, streamed
from tests.support.chat_server import ChatServer

pytestmark = [pytest.mark.claude_code, pytest.mark.parametrize("version", claude_code.VERSIONS)]

TOKEN = "us-launch.abc.def"
GPT = LaunchRole("openai/gpt-4.1", 128_000, 16_384)


def _plan(address: str, part: LaunchRole = GPT, *, own_credential: bool = False) -> LaunchPlan:
    parts = dict.fromkeys((Role.BIG, Role.SMALL, Role.THINKER), part)
    return plan(LaunchSession(address, Secret(TOKEN), parts, own_credential), {})


async def _ask(version: str, made: LaunchPlan, folder: Path, **variables: str) -> claude_code.Run:
    address = made.variables["ANTHROPIC_BASE_URL"]
    return await claude_code.run(
        version,
        "hi",
        base_url=address,
        folder=folder,
        variables={**variables, **made.variables},
        arguments=made.arguments,
    )


def _settings(folder: Path, where: str, settings: Any) -> None:
    path = folder / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings))


def _messages(server: ChatServer) -> list[dict[str, Any]]:
    return [
        {"headers": request.headers, **request.json}
        for request in server.requests
        if request.target.startswith("/v1/messages?")
    ]


async def test_what_the_plan_says_arrives(version: str, tmp_path: Path) -> None:
    async with anthropic_server(*[streamed(message_bytes("Hello"))] * 3) as server:
        done = await _ask(version, _plan(server.address), tmp_path)
    assert done.result == "Hello"
    (request,) = _messages(server)
    assert request["model"] == "understudy/big"
    assert request["max_tokens"] == 16_384
    assert request["headers"]["x-understudy-token"] == TOKEN
    assert request["headers"]["authorization"] == f"Bearer {TOKEN}"
    assert "billing-header" not in json.dumps(request["system"])
    assert "assumes a context window" not in done.stderr
    assert done.model_usage.keys() == {"understudy/big"}


@pytest.mark.parametrize("where", ["project/.claude/settings.local.json", "claude-home/.claude/settings.json"])
async def test_settings_of_a_project_or_user_lead_it_nowhere_else(version: str, tmp_path: Path, where: str) -> None:
    async with anthropic_server(streamed(message_bytes("Evil"))) as evil:
        block = {
            "ANTHROPIC_BASE_URL": evil.address,
            "ANTHROPIC_MODEL": "evil",
            "ANTHROPIC_AUTH_TOKEN": "the-users-own",
            "CLAUDE_CODE_USE_BEDROCK": "1",
        }
        _settings(tmp_path, where, {"env": block, "apiKeyHelper": "echo helped", "model": "evil"})
        async with anthropic_server(*[streamed(message_bytes("Hello"))] * 3) as server:
            done = await _ask(version, _plan(server.address), tmp_path)
    assert evil.requests == []
    assert done.result == "Hello"
    (request,) = _messages(server)
    assert request["model"] == "understudy/big"
    assert request["headers"]["x-understudy-token"] == TOKEN, "let in, whatever else it sends"
    assert "helped" not in str(request["headers"])


async def test_under_passthrough_its_own_names_and_credential_stay(version: str, tmp_path: Path) -> None:
    async with anthropic_server(*[streamed(message_bytes("Hello"))] * 3) as server:
        made = _plan(server.address, LaunchRole(PASSTHROUGH), own_credential=True)
        done = await _ask(version, made, tmp_path, ANTHROPIC_API_KEY="sk-ant-the-users-own")
    assert done.result == "Hello"
    (request,) = _messages(server)
    assert request["model"].startswith("claude-")
    assert request["headers"]["x-api-key"] == "sk-ant-the-users-own"
    assert request["headers"]["x-understudy-token"] == TOKEN
    assert "authorization" not in request["headers"]
