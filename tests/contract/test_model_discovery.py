"""The real Claude Code asks for our models at both versions, and keeps every one that the user's keys reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.api.test_models import LIST, SETTINGS, stage
from tests.support import claude_code
from tests.support.chat_server import whole
from tests.support.proxy import TOKEN

pytestmark = [pytest.mark.claude_code, pytest.mark.slow]


@pytest.mark.parametrize("version", claude_code.VERSIONS)
async def test_every_model_is_offered(version: str, tmp_path: Path) -> None:
    settings = SETTINGS.replace("openai/gpt-4.1", "demo/instant").replace("passthrough", "openai/gpt-4.1")
    async with stage(tmp_path / "home", whole(LIST), settings=settings) as (_, proxy):
        done = await claude_code.run(
            version,
            "Hello",
            base_url=proxy.url,
            folder=tmp_path,
            variables={
                "ANTHROPIC_AUTH_TOKEN": TOKEN,
                "ANTHROPIC_MODEL": "understudy/big",
                "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "",
            },
        )
        assert done.status == 0, done.stderr
        ours = (await proxy.client.get("/v1/models")).json()["data"]
    kept = json.loads((tmp_path / "claude-home" / ".claude" / "cache" / "gateway-models.json").read_text())
    assert kept["baseUrl"] == proxy.url
    assert [model["id"] for model in kept["models"]] == [entry["id"] for entry in ours]
    assert [model["display_name"] for model in kept["models"]] == [entry["display_name"] for entry in ours]
    assert "claude:openai/ft:mine" in {model["id"] for model in kept["models"]}
