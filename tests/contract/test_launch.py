"""``understudy claude``: the real Claude Code, started as a person would, with nothing set up before."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.request_events import State
from tests.contract.serving_openai import KEY
from tests.support import claude_code, node, processes
from tests.support.chat_server import chat_server, text_stream

pytestmark = [pytest.mark.claude_code, pytest.mark.slow, pytest.mark.parametrize("version", claude_code.VERSIONS)]


async def test_one_command_answers_from_another_model(version: str, tmp_path: Path) -> None:
    folder = node.program("claude-code", version, "claude").parent
    home = tmp_path / "home"
    with claude_code.refusing_proxy() as outside:
        async with chat_server(text_stream("Good ", "evening.")) as model:
            variables = {
                **claude_code.QUIET,
                "PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin",
                "OPENAI_BASE_URL": model.base_url,
                "OPENAI_API_KEY": KEY,
                "HTTPS_PROXY": outside.address,
                "HTTP_PROXY": outside.address,
            }
            arguments = ("claude", "-p", "Greet me.", "--output-format", "json")
            done = await processes.understudy(*arguments, home=home, variables=variables)
    assert done.status == 0, done.err
    ending = json.loads(done.out.strip().split("\n")[-1])
    assert ending["result"] == "Good evening."
    assert outside.asked == []
    assert KEY not in done.out + done.err
    assert not (home / ".claude" / "settings.json").exists()


async def test_nothing_that_it_asks_of_a_running_understudy_fails(version: str, tmp_path: Path) -> None:
    """Neither by the launch, which asks for the roles that are set, nor by Claude Code, which knows no others."""
    folder = node.program("claude-code", version, "claude").parent
    home = tmp_path / "home"
    roles = dict.fromkeys(("BIG_MODEL", "SMALL_MODEL", "THINKER_MODEL"), "demo/instant")
    async with processes.serving(home, variables=roles) as proxy:
        variables = {
            **claude_code.QUIET,
            "PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin",
            "UNDERSTUDY_TOKEN": proxy.token,
        }
        done = await processes.understudy("claude", "-p", "Hi.", home=home, variables=variables)
        assert done.status == 0, done.err
    with closing(Ledger(home / "data" / "ledger.sqlite")) as ledger:
        asked = [(row.record.path, row.record.state) for row in ledger.page()]
    assert "/v1/messages" in [path.partition("?")[0] for path, _ in asked]
    assert [one for one in asked if one[1] is not State.DONE] == []
