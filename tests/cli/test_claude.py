"""``understudy claude``: what reaches the program, from whom, and what comes back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from app.cli.claude import own_options
from proxy_core.launch.claude_code import FOR_NOBODY_ELSE
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.rows import RequestRow
from proxy_core.server.instance_file import InstanceInfo, announce
from tests.cli.fake_claude import FakeClaude, install
from tests.support.processes import UNDERSTUDY, Finished, environment, kill_all_of, serving, understudy

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake is a script with a shebang")

DEMO = {"BIG_MODEL": "demo/instant", "SMALL_MODEL": "demo/instant", "THINKER_MODEL": "demo/instant"}


@pytest.fixture
def fake(tmp_path: Path) -> FakeClaude:
    return install(tmp_path / "bin")


def _variables(fake: FakeClaude, **more: str) -> dict[str, str]:
    return {**DEMO, "PATH": f"{fake.folder}:{os.environ['PATH']}", **more}


async def _claude(fake: FakeClaude, home: Path, *arguments: str, **more: str) -> Finished:
    return await understudy("claude", *arguments, home=home, variables=_variables(fake, **more))


@pytest.mark.parametrize(
    "arguments",
    [
        ["-p", "hi there", "--model", "opus"],
        ["--help"],
        ["--version"],
        ["mcp", "add", "x", "--", "npx", "--json"],
        ["--", "--profile", "x"],
        ["-p", "--profile"],
        [],
    ],
)
async def test_every_argument_is_claudes(fake: FakeClaude, scratch: Path, arguments: list[str]) -> None:
    ended = await _claude(fake, scratch, *arguments)
    assert (ended.status, ended.out) == (0, "from claude\n"), ended.err
    assert fake.theirs == arguments


async def test_its_exit_code_comes_back(fake: FakeClaude, scratch: Path) -> None:
    assert (await _claude(fake, scratch, END_WITH="42")).status == 42


async def test_a_killed_one_ends_as_a_shell_would_tell_it(fake: FakeClaude, scratch: Path) -> None:
    assert (await _claude(fake, scratch, "die")).status == 128 + 9


async def test_a_proxy_is_started_for_it_and_gone_afterwards(fake: FakeClaude, scratch: Path) -> None:
    await _claude(fake, scratch)
    environ = fake.seen["environ"]
    assert environ["ANTHROPIC_BASE_URL"].startswith("http://127.0.0.1:")
    assert "BIG · instant" in str(fake.seen["models"])
    port = int(environ["ANTHROPIC_BASE_URL"].rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_the_token_is_a_launchs_own_and_stands_on_no_command_line_and_in_no_file(
    fake: FakeClaude, scratch: Path
) -> None:
    local = "us-local-token-9876543210"
    await _claude(fake, scratch, UNDERSTUDY_TOKEN=local)
    token = fake.seen["environ"]["ANTHROPIC_AUTH_TOKEN"]
    assert token.startswith("us-launch.")
    signature = token.rpartition(".")[2]
    written = b"".join(path.read_bytes() for path in scratch.rglob("*") if path.is_file())
    for secret in (local, signature):
        assert secret not in " ".join(fake.seen["arguments"])
        assert secret.encode() not in written


async def test_with_big_alone_on_this_machine_nothing_is_meant_to_leave_it(fake: FakeClaude, scratch: Path) -> None:
    only_big = {**DEMO, "BIG_MODEL": "ollama/qwen3", "SMALL_MODEL": "", "THINKER_MODEL": ""}
    assert (await _claude(fake, scratch, **only_big, OPENAI_API_KEY="sk-openai-0123456789")).status == 0
    environ = fake.seen["environ"]
    assert environ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] == "1"
    assert environ["ANTHROPIC_DEFAULT_HAIKU_MODEL_DESCRIPTION"] == "ollama/qwen3"


async def test_a_running_understudy_is_used(fake: FakeClaude, scratch: Path) -> None:
    async with serving(scratch, variables={**DEMO, "BIG_MODEL": "demo/slow"}) as proxy:
        await _until(scratch / "state" / "runtime.json")
        ended = await _claude(fake, scratch, UNDERSTUDY_TOKEN=proxy.token)
        assert ended.status == 0, ended.err
        assert fake.seen["environ"]["ANTHROPIC_BASE_URL"] == proxy.address
        assert fake.seen["environ"]["ANTHROPIC_DEFAULT_OPUS_MODEL_NAME"] == "BIG · slow", "its roles, not ours"
    rows = _rows(scratch)
    assert [row.record.error for row in rows] == [], "roles that are not set are no errors"


async def test_one_with_another_token_is_not_and_this_is_said(fake: FakeClaude, scratch: Path) -> None:
    async with serving(scratch, variables=DEMO) as proxy:
        await _until(scratch / "state" / "runtime.json")
        ended = await _claude(fake, scratch, UNDERSTUDY_TOKEN="us-another-token-000000")
        assert ended.status == 0, ended.err
        assert fake.seen["environ"]["ANTHROPIC_BASE_URL"] != proxy.address
        assert "has another token" in ended.err


async def test_an_impostor_in_its_place_gets_nothing_and_this_is_said(fake: FakeClaude, scratch: Path) -> None:
    """It passes for Understudy, on the port and with the process that the file of a killed one names."""
    asked: list[bytes] = []

    async def pose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        body = (
            b'{"name":"understudy","status":"ok","proof":"AAAA","data":[{"id":"understudy/big","target":"evil/evil"}]}'
        )
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()

    server = await asyncio.start_server(pose, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        announce(scratch / "state" / "runtime.json", InstanceInfo(os.getpid(), address, time.time(), "0.1.0"))
        ended = await _claude(fake, scratch, UNDERSTUDY_TOKEN="us-local-token-9876543210")
    assert ended.status == 0, ended.err
    assert fake.seen["environ"]["ANTHROPIC_BASE_URL"] != address
    assert f"The Understudy on {address} has another token, or another program poses as it." in ended.err
    assert asked != []
    assert b"us-l" not in b"".join(asked)


async def test_what_is_for_nobody_else_is_not_handed_on(fake: FakeClaude, scratch: Path) -> None:
    await _claude(fake, scratch, **dict.fromkeys(FOR_NOBODY_ELSE, "us-local-token-9876543210"))
    assert not fake.seen["environ"].keys() & set(FOR_NOBODY_ELSE)
    assert "us-local-token-9876543210" not in json.dumps(fake.seen)


async def test_settings_of_ones_own_go_in_under_the_launchs(fake: FakeClaude, scratch: Path) -> None:
    own = {
        "env": {"ANTHROPIC_BASE_URL": "http://evil", "NO_PROXY": "corp.example", "no_proxy": "x", "MINE": "1", "N": 2},
        "permissions": {"allow": ["Bash(ls)"], "disableAutoMode": "no"},
        "apiKeyHelper": "echo evil",
        "hooks": {"Stop": []},
    }
    (scratch / "mine.json").write_text(json.dumps(own))
    ended = await _claude(fake, scratch, "-p", "--settings", "mine.json", "hi")
    assert ended.status == 0, ended.err
    assert fake.theirs == ["-p", "hi"]
    env = fake.settings["env"]
    assert env["ANTHROPIC_BASE_URL"] == fake.seen["environ"]["ANTHROPIC_BASE_URL"]
    assert {"corp.example", "127.0.0.1"} < {*env["NO_PROXY"].split(",")}
    assert env["NO_PROXY"] == env["no_proxy"] == fake.seen["environ"]["NO_PROXY"]
    assert (env["MINE"], env["N"]) == ("1", "2")
    assert fake.settings["permissions"] == {"allow": ["Bash(ls)"], "disableAutoMode": "disable"}
    assert (fake.settings["apiKeyHelper"], fake.settings["hooks"]) == ("", {"Stop": []})
    assert fake.seen["environ"]["CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"] == "1"
    assert "Bash(ls)" not in json.dumps(fake.seen["arguments"]), "what is in a file of theirs stands on no command line"
    assert list((scratch / "state" / "launches").glob("*.json")) == [], "nor does it stay"


async def test_without_any_nothing_of_this_is_set(fake: FakeClaude, scratch: Path) -> None:
    await _claude(fake, scratch, "--", "--settings", "no option")
    assert fake.theirs == ["--", "--settings", "no option"]
    assert "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST" not in fake.seen["environ"]


async def test_settings_that_cannot_be_read_are_refused_in_one_sentence(fake: FakeClaude, scratch: Path) -> None:
    ended = await _claude(fake, scratch, "--settings", "gone.json")
    assert ended.status == 1
    assert (
        ended.err
        == f"understudy: The settings file {scratch / 'gone.json'} cannot be read: No such file or directory.\n"
    )
    assert not fake.seen_file.exists()


async def test_the_end_of_the_launch_ends_its_token(fake: FakeClaude, scratch: Path) -> None:
    async with serving(scratch, variables=DEMO) as proxy:
        await _until(scratch / "state" / "runtime.json")
        await _claude(fake, scratch, UNDERSTUDY_TOKEN=proxy.token)
        seen = fake.seen
        assert "understudy/big" in json.dumps(seen["models"]), "good while it ran"
        status = await asyncio.to_thread(_asked, proxy.address, seen["environ"]["ANTHROPIC_AUTH_TOKEN"])
        assert status == 401
        assert await asyncio.to_thread(_asked, proxy.address, proxy.token) == 200


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take UTF-8 only")
async def test_a_folder_whose_name_is_not_utf_8_is_launched_in(fake: FakeClaude, scratch: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(scratch) + b"/caf\xe9"))
    async with serving(scratch, variables=DEMO) as proxy:
        await _until(scratch / "state" / "runtime.json")
        folder.mkdir()
        process = await asyncio.create_subprocess_exec(
            UNDERSTUDY,
            *("claude", "ask"),
            cwd=folder,
            env=environment(scratch, _variables(fake, UNDERSTUDY_TOKEN=proxy.token)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert (process.returncode, out) == (0, b"from claude\n"), err.decode()
        assert fake.seen["folder"] == str(folder)
        shown = await understudy("log", "--project", os.fsdecode(b"caf\xe9"), "--json", home=scratch)
    (row,) = [json.loads(line) for line in shown.out.splitlines()]
    assert row["project"] == f"{scratch}/caf\\xe9"


def _asked(address: str, token: str) -> int:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
    connection.request("GET", "/v1/models?wait=0", headers={"x-understudy-token": token})
    status = connection.getresponse().status
    connection.close()
    return status


async def test_a_projects_env_file_chooses_nothing(fake: FakeClaude, scratch: Path) -> None:
    (scratch / ".env").write_text("OPENAI_BASE_URL=http://evil.example\nBIG_MODEL=openai/evil\nUNDERSTUDY_TOKEN=evil\n")
    ended = await _claude(fake, scratch)
    assert ended.status == 0, ended.err
    assert "evil" not in json.dumps(fake.seen)


async def test_a_signal_is_passed_on(fake: FakeClaude, scratch: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        UNDERSTUDY,
        *("claude", "wait"),
        cwd=scratch,
        env=environment(scratch, _variables(fake)),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"from claude\n"
        process.send_signal(signal.SIGINT)  # the terminal gives Ctrl+C to both: here it must not end anything
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"caught SIGTERM\n"
        assert await asyncio.wait_for(process.wait(), 60) == 7
    finally:
        if process.returncode is None:
            kill_all_of(process.pid)
            await process.wait()


async def test_without_claude_it_says_how_to_install_it(scratch: Path) -> None:
    ended = await understudy("claude", home=scratch, variables={**DEMO, "PATH": "/nowhere"})
    assert ended.status == 127
    assert "npm install -g @anthropic-ai/claude-code" in ended.err


async def test_settings_that_lead_elsewhere_stop_it_and_are_named(fake: FakeClaude, scratch: Path) -> None:
    settings = scratch / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"env": {"ANTHROPIC_AUTH_TOKEN": "x", "ANTHROPIC_CUSTOM_HEADERS": "a: b"}}))
    ended = await _claude(fake, scratch)
    assert ended.status == 1
    assert str(settings) in ended.err
    assert not fake.seen_file.exists()


async def test_an_unknown_profile_is_refused_before_anything_starts(fake: FakeClaude, scratch: Path) -> None:
    ended = await _claude(fake, scratch, "--profile", "Wrok")
    assert (ended.status, ended.err) == (1, "understudy: There is no profile called 'Wrok'; there are: Default.\n")
    assert not fake.seen_file.exists()


async def test_a_profile_is_the_launchs_own(fake: FakeClaude, scratch: Path) -> None:
    (scratch / "settings.toml").write_text('version = 1\n[profiles.Default]\n[profiles.Work]\nbig = "demo/slow"\n')
    variables = {name: value for name, value in _variables(fake).items() if name != "BIG_MODEL"}
    ended = await understudy("claude", "--profile=Work", "-c", home=scratch, variables=variables)
    assert ended.status == 0, ended.err
    assert fake.theirs == ["-c"]
    assert "BIG · slow" in str(fake.seen["models"])


def test_our_options_stand_first() -> None:
    assert own_options(["--profile", "Work", "-p", "x"]) == ("Work", ["-p", "x"])
    assert own_options(["--profile=Work"]) == ("Work", [])
    assert own_options(["--profile"]) == ("", ["--profile"])
    assert own_options(["-p", "--profile", "Work"]) == ("", ["-p", "--profile", "Work"])


async def test_nothing_is_kept_in_the_journal_of_a_session_that_asked_nothing(fake: FakeClaude, scratch: Path) -> None:
    await _claude(fake, scratch)
    assert [row for row in _rows(scratch) if row.record.path == "/v1/messages"] == []


def _rows(home: Path) -> tuple[RequestRow, ...]:
    with closing(Ledger(home / "data" / "ledger.sqlite")) as ledger:
        return ledger.page()


async def _until(path: Path) -> Mapping[str, object]:
    for _ in range(3000):
        if path.exists():
            break
        await asyncio.sleep(0.02)
    told: Mapping[str, object] = json.loads(path.read_text())
    return told
