"""``understudy doctor``: what it finds, and that a finding says how to mend it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from proxy_core.ledger.ledger_file import connect
from tests.support.processes import serving, understudy

HEALTHY = {"BIG_MODEL": "demo/fast", "SMALL_MODEL": "demo/fast", "THINKER_MODEL": "demo/fast", "PORT": "0"}


async def _examined(home: Path, **variables: str) -> tuple[int, dict[str, dict[str, Any]]]:
    ended = await understudy("doctor", "--json", home=home, variables=variables)
    findings = json.loads(ended.out)
    for finding in findings:
        assert finding["grade"] != "broken" or finding["mend"] or "--port" in finding["sentence"], finding
    return ended.status, {finding["subject"]: finding for finding in findings}


async def test_a_healthy_machine_is_left_alone(scratch: Path) -> None:
    status, found = await _examined(scratch, **HEALTHY)
    assert status == 0
    assert found["BIG"]["grade"] == "good"
    assert found["Keyring"]["grade"] == "notable"


async def test_a_missing_key_is_broken_and_says_what_to_type(scratch: Path) -> None:
    status, found = await _examined(scratch, **{**HEALTHY, "BIG_MODEL": "mistral/mistral-large-latest"})
    assert status == 1
    assert found["BIG"]["grade"] == "broken"
    assert "understudy keys set mistral" in found["BIG"]["mend"]


async def test_a_provider_that_nobody_knows_is_broken_in_each_role_that_follows_it(scratch: Path) -> None:
    only_big = {**HEALTHY, "BIG_MODEL": "Qwen/Qwen9", "SMALL_MODEL": "", "THINKER_MODEL": ""}
    status, found = await _examined(scratch, **only_big)
    assert status == 1
    for role in ("BIG", "SMALL", "THINKER"):
        assert found[role]["grade"] == "broken"
        assert found[role]["sentence"].startswith("Qwen/Qwen9 ")


async def test_a_local_server_that_does_not_run_is_broken(scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    status, found = await _examined(scratch, **{**HEALTHY, "BIG_MODEL": "ollama/qwen3", "OLLAMA_API_BASE": url})
    assert status == 1
    assert found["Ollama"]["grade"] == "broken"
    assert found["Ollama"]["mend"] == "Start Ollama."


async def test_a_budget_that_cannot_see_a_model_is_notable(scratch: Path) -> None:
    (scratch / "settings.toml").write_text("[budget]\ndaily = 5.0\n")
    _, seen = await _examined(scratch, **HEALTHY)
    assert seen["Budget"]["grade"] == "good"
    _, blind = await _examined(scratch, **{**HEALTHY, "BIG_MODEL": "openai/made-up"})
    assert blind["Budget"]["grade"] == "notable"
    assert blind["Budget"]["sentence"] == "1 of your 2 models has no price: the limit can't see it (openai/made-up)."
    assert "[prices]" in blind["Budget"]["mend"]


async def test_a_taken_port_names_its_holder(scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        status, found = await _examined(scratch, **{**HEALTHY, "PORT": port})
    assert status == 1
    if sys.platform == "linux":
        assert f"process {os.getpid()}" in found["Proxy"]["sentence"]


async def test_a_running_understudy_is_found(tmp_path: Path) -> None:
    async with serving(tmp_path / "home", variables=HEALTHY) as proxy:
        for _ in range(100):
            _, found = await _examined(proxy.home, **HEALTHY)
            if proxy.address in found["Proxy"]["sentence"]:
                break
        assert f"runs on {proxy.address}" in found["Proxy"]["sentence"]


async def test_a_wrong_setting_is_told_instead_of_crashing(scratch: Path) -> None:
    status, found = await _examined(scratch, PREFERRED_PROVIDER="nonsense")
    assert status == 1
    assert "PREFERRED_PROVIDER" in found["Settings"]["sentence"]


async def test_obstacles_are_told_with_their_place(scratch: Path) -> None:
    settings = scratch / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"model": "understudy/big"}')
    status, found = await _examined(scratch, **HEALTHY)
    assert status == 0
    assert str(settings) in found["Claude Code's settings"]["sentence"]


@pytest.mark.skipif(sys.platform == "win32", reason="a script with a shebang")
async def test_a_claude_that_does_not_start_is_broken(scratch: Path) -> None:
    program = scratch / ".local" / "bin" / "claude"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    status, found = await _examined(scratch, **HEALTHY, PATH="/bin:/usr/bin")
    assert status == 1
    assert "ends with code 3" in found["Claude Code"]["sentence"]


async def test_for_a_person_it_is_lines_without_colours_into_a_pipe(scratch: Path) -> None:
    ended = await understudy("doctor", home=scratch, variables=HEALTHY)
    assert ended.status == 0
    assert "ok    BIG: demo/fast, which needs no key" in ended.out
    assert "\x1b" not in ended.out


async def test_a_log_of_a_newer_version_is_broken_here(scratch: Path) -> None:
    file = scratch / "data" / "ledger.sqlite"
    with contextlib.closing(connect(file)) as database:
        database.execute("PRAGMA user_version = 99")
    status, found = await _examined(scratch, **HEALTHY)
    assert (status, found["Log"]["grade"]) == (1, "broken")
    assert "newer version of Understudy" in found["Log"]["sentence"]


async def test_a_database_of_another_program_is_told_by_doctor_and_log(scratch: Path) -> None:
    file = scratch / "data" / "ledger.sqlite"
    file.parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE songs (title)")
    status, found = await _examined(scratch, **HEALTHY)
    assert (status, found["Log"]["grade"]) == (1, "broken")
    ended = await understudy("log", home=scratch)
    assert (ended.status, ended.out) == (1, "")
    assert found["Log"]["sentence"] in ended.err


async def test_a_log_that_is_a_folder_is_broken(scratch: Path) -> None:
    (scratch / "data" / "ledger.sqlite").mkdir(parents=True)
    status, found = await _examined(scratch, **HEALTHY)
    assert (status, found["Log"]["grade"]) == (1, "broken")


async def test_a_missing_keyring_is_told_once(scratch: Path) -> None:
    ended = await understudy("doctor", home=scratch)
    assert ended.status == 1
    assert ended.out.count("There is no keyring") == 1
    assert ended.out.count("has no key") > 1
