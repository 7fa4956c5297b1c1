"""The real Claude Code, old and new, when the budget is used up: it says so at once, and does not ask again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.contract.conftest import Stage
from tests.contract.plays import asked, calls, says
from tests.contract.plays import bash as bash_call
from tests.contract.serving_openai import serving_openai
from tests.support import claude_code
from tests.support.chat_server import chat_server, text_stream

pytestmark = [pytest.mark.claude_code, pytest.mark.slow, pytest.mark.parametrize("version", claude_code.VERSIONS)]

AT_ONCE = 30.0
"""Seconds for a whole run of Claude Code, start and end included; its retries would take three minutes."""

RETRYING = {"CLAUDE_CODE_MAX_RETRIES": "10"}


async def _run(version: str, folder: Path, at_limit: str) -> tuple[claude_code.Run, list[str], float]:
    """A turn whose first answer costs more than the day may: how it ended, whom the proxy asked, and in how long."""
    home = folder / "understudy"
    home.mkdir(parents=True)
    (home / "settings.toml").write_text(
        f'[budget]\ndaily = 1.0\nat_limit = "{at_limit}"\n\n[prices."openai/gpt-4.1"]\ninput = 1000.0\n'
    )
    dear = calls(1_000, 20, bash_call("call_1", "echo once"))
    async with (
        chat_server(text_stream("Nothing was staged.")) as model,
        serving_openai(model.base_url, folder) as understudy,
    ):
        began = time.monotonic()
        run, requests = await asked(
            version, Stage(understudy.address, model), folder, "Echo.", [dear, says("Done.", 10, 3)], variables=RETRYING
        )
        return run, [request.json["model"] for request in requests], time.monotonic() - began


async def test_stopped_it_says_why_at_once(version: str, tmp_path: Path) -> None:
    run, models, seconds = await _run(version, tmp_path, "stop")
    assert run.is_error
    assert "402" in run.result
    assert "The daily budget of $1.00 is used up" in run.result
    assert models == ["gpt-4.1"]
    assert seconds < AT_ONCE


async def test_downgraded_it_goes_on_with_small(version: str, tmp_path: Path) -> None:
    run, models, _ = await _run(version, tmp_path, "downgrade")
    assert (run.is_error, run.result) == (False, "Done.")
    assert models == ["gpt-4.1", "gpt-4.1-mini"]
