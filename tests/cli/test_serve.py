"""``understudy serve``: what it says, whom it lets find it, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from proxy_core.server.instance_file import answers
from tests.support.processes import STOP_SECONDS, UNDERSTUDY, Serving, environment, serving, understudy
from tests.support.proxy import request
from tests.support.secret_service import SecretService, secret_service

__all__ = ["secret_service"]


async def _announced(proxy: Serving) -> Path:
    path = proxy.home / "state" / "runtime.json"
    for _ in range(3000):
        if path.exists():
            break
        await asyncio.sleep(0.02)
    return path


async def test_it_says_where_it_listens_and_lets_itself_be_found(tmp_path: Path) -> None:
    async with serving(tmp_path / "home") as proxy:
        path = await _announced(proxy)
        assert answers(proxy.address)
        assert json.loads(path.read_text())["address"] == proxy.address
        assert proxy.said["pid"] == proxy.process.pid
        assert proxy.said["roles"]["big"] == "openai/gpt-4.1"
    assert proxy.process.returncode == 0
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    async with serving(tmp_path / "home") as proxy:
        await _announced(proxy)
        os.kill(proxy.process.pid, signal.SIGINT)
        assert await asyncio.wait_for(proxy.process.wait(), 60) == 0
    assert "Traceback" not in proxy.printed


async def test_no_key_and_no_token_is_shown(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text("OPENAI_API_KEY=sk-proj-from-the-dotenv-file\n")
    variables = {"GEMINI_API_KEY": "AIza-from-the-environment", "UNDERSTUDY_TOKEN": "us-the-local-token-12345"}
    process = await asyncio.create_subprocess_exec(
        UNDERSTUDY,
        *("serve", "--port", "0"),
        cwd=home,
        env=environment(
            home, {**variables, "BIG_MODEL": "gemini/gemini-2.5-pro", "SMALL_MODEL": "openai/gpt-4.1-mini"}
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = await asyncio.wait_for(process.stdout.readuntil(b"understudy log -f\n"), 60)
    process.terminate()
    rest, err = await asyncio.wait_for(process.communicate(), 60)
    everything = (said + rest + err).decode()
    assert "gemini/gemini-2.5-pro  key from GEMINI_API_KEY" in everything
    assert "openai/gpt-4.1-mini    key from OPENAI_API_KEY" in everything
    assert not [secret for secret in ("dotenv-file", "from-the-environment", "local-token-1") if secret in everything]


async def test_missing_keys_and_a_missing_keyring_are_said_once_each(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    process = await asyncio.create_subprocess_exec(
        UNDERSTUDY,
        *("serve", "--port", "0"),
        cwd=home,
        env=environment(home),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = (await asyncio.wait_for(process.stdout.readuntil(b"understudy log -f\n"), 60)).decode()
    await asyncio.sleep(0.3)
    process.terminate()
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert said.count("NO KEY: understudy keys set openai") == 3
    assert "Set UNDERSTUDY_TOKEN" in said
    assert err.decode().count("There is no keyring to keep keys in.") == 1


async def test_a_limit_that_cannot_see_a_model_is_said_at_the_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text("[budget]\ndaily = 5.0\n")
    variables = {"BIG_MODEL": "openai/made-up", "SMALL_MODEL": "demo/fast", "THINKER_MODEL": "demo/fast"}
    async with serving(home, variables=variables) as proxy:
        async with asyncio.timeout(20):
            while "the limit can't see it (openai/made-up)" not in proxy.err_file.read_text():
                await asyncio.sleep(0.05)


async def test_a_second_one_on_the_same_port_is_told_that_one_runs(tmp_path: Path) -> None:
    async with serving(tmp_path / "home") as proxy:
        await _announced(proxy)
        port = proxy.address.rpartition(":")[2]
        second = await understudy("serve", "--port", port, home=proxy.home)
        assert second.status == 1
        assert f"Understudy already runs on {proxy.address} (process {proxy.process.pid})" in second.err


async def test_a_second_one_elsewhere_does_not_take_the_firsts_place(tmp_path: Path) -> None:
    async with serving(tmp_path / "home") as first:
        path = await _announced(first)
        async with serving(tmp_path / "home") as second:
            await asyncio.sleep(0.3)
            assert second.address != first.address
            assert json.loads(path.read_text())["address"] == first.address
        assert json.loads(path.read_text())["address"] == first.address


async def test_a_port_of_another_program_is_told_with_its_holder(scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = await understudy("serve", "--port", str(port), home=scratch)
    assert ended.status == 1
    assert f"Port {port} on 127.0.0.1 is taken by " in ended.err
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in ended.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
async def test_the_lan_is_refused_unless_it_was_opened(scratch: Path, host: str) -> None:
    ended = await understudy("serve", "--host", host, "--port", "0", home=scratch)
    assert ended.status == 1
    assert "access from the LAN is off" in ended.err


@pytest.mark.parametrize("choice", ["openai", "openai=", "=direct", "openai=demo", "openai=nonsense"])
async def test_an_engine_that_is_none_is_a_wrong_call(scratch: Path, choice: str) -> None:
    ended = await understudy("serve", "--engine", choice, home=scratch)
    assert ended.status == 2
    assert "PROVIDER=direct" in ended.err


@pytest.mark.parametrize(("choice", "advice"), [("nosuch=litellm", "understudy models"), ("opnai=direct", "openai?")])
async def test_an_engine_for_a_provider_that_does_not_exist_is_refused(scratch: Path, choice: str, advice: str) -> None:
    ended = await understudy("serve", "--port", "0", "--engine", choice, home=scratch)
    assert ended.status == 2
    told = " ".join(ended.err.replace("│", " ").split())
    assert f"no provider called '{choice.partition('=')[0]}'" in told
    assert advice in told


async def test_a_wrong_variable_is_named_and_nothing_starts(scratch: Path) -> None:
    ended = await understudy("serve", home=scratch, variables={"PORT": "eighty"})
    assert ended.status == 1
    assert "PORT is 'eighty'" in ended.err
    assert "Traceback" not in ended.err


async def test_a_trouble_with_the_settings_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text("version = 1\n[proxy]\nport = 'eighty'\n")
    async with serving(home) as proxy:
        assert any("port" in warning for warning in proxy.said["warnings"])
        assert "port" in proxy.err_file.read_text()


async def test_what_a_proxy_that_waits_does_not_need_is_not_loaded(scratch: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-X", "importtime", UNDERSTUDY, "serve", "--json", "--port", "0"),
        cwd=scratch,
        env=environment(scratch, {"UNDERSTUDY_TOKEN": "us-test-token-0123456789"}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 60)
    await asyncio.sleep(0.5)
    process.terminate()
    _, err = await asyncio.wait_for(process.communicate(), 60)
    loaded = {line.rpartition("|")[2].strip() for line in err.decode().splitlines() if line.startswith("import time:")}
    assert "uvicorn" in loaded, "the list is not empty"
    assert loaded.isdisjoint({"litellm", "PySide6", "rich.console", "httpx", "tomlkit", "aiohttp", "tiktoken"})


async def test_what_stands_open_is_said(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text("version = 1\n[proxy]\nopen = true\n")
    async with serving(home, "--host", "0.0.0.0", variables={"UNDERSTUDY_LAN": "1"}) as proxy:
        said = proxy.err_file.read_text()
        assert proxy.address.startswith("http://127.0.0.1:")
        await _announced(proxy)
    assert "Open mode is on" in said
    assert "Other machines can reach the proxy on 0.0.0.0." in said


@pytest.mark.parametrize("how", [("--json",), ()])
async def test_it_says_its_address_where_nothing_can_be_written(tmp_path: Path, how: tuple[str, ...]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "state").write_text("a file where the folder should be: root may write anywhere else")
    process = await asyncio.create_subprocess_exec(
        UNDERSTUDY,
        *("serve", "--port", "0", *how),
        cwd=home,
        env=environment(home, {"UNDERSTUDY_TOKEN": "us-test-token-0123456789"}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert b"http://127.0.0.1:" in await asyncio.wait_for(process.stdout.readline(), 60)
        warning = await asyncio.wait_for(process.stderr.readline(), 60)
        assert b"runtime.json could not be written" in warning
    finally:
        process.terminate()
        _, rest = await asyncio.wait_for(process.communicate(), 60)
    assert b"Traceback" not in rest
    assert process.returncode == 0


async def test_a_dotenv_file_that_cannot_be_read_is_told_and_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for content, why in ((b"BIG_MODEL=\xff\xfe", "not UTF-8 text"), (b"A=1\n" * 300_000, "larger than 64 KB")):
        (home / ".env").write_bytes(content)
        async with serving(home) as proxy:
            assert proxy.said["roles"]["big"] == "openai/gpt-4.1"
            (warning,) = proxy.said["warnings"]
            assert why in warning
            assert "goes on without it" in warning


async def test_an_address_out_of_dotenv_is_told_with_its_variable(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text("OPENAI_API_BASE=http://elsewhere.example/v1\n")
    async with serving(home, variables={"OPENAI_API_KEY": "sk-of-the-environment-0123"}) as proxy:
        (warning,) = proxy.said["warnings"]
        assert "http://elsewhere.example/v1" in warning
        assert "OPENAI_API_BASE in .env" in warning
        assert warning in proxy.printed


async def test_a_token_that_can_be_guessed_is_refused_at_the_start(scratch: Path) -> None:
    ended = await understudy("serve", "--port", "0", home=scratch, variables={"UNDERSTUDY_TOKEN": "a"})
    assert ended.status == 1
    assert "UNDERSTUDY_TOKEN is too short to be safe: it needs at least 16 characters." in ended.err


@pytest.mark.keyring
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_with_a_keyring_that_hangs_it_starts_answers_and_stops(
    tmp_path: Path, secret_service: SecretService
) -> None:
    psutil.Process(secret_service.pid).suspend()
    variables = {name: value for name, value in secret_service.environ.items() if name != "UNDERSTUDY_HOME"}
    variables["PYTHON_KEYRING_BACKEND"] = "keyring.backends.SecretService.Keyring"
    async with serving(tmp_path / "home", variables=variables) as proxy:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            headers = {"x-api-key": proxy.token}
            answer = await client.post(f"{proxy.address}/v1/messages", headers=headers, json=request())
            assert (answer.status_code, answer.headers["x-should-retry"]) == (503, "true")
            assert "keyring is locked" in answer.json()["error"]["message"]
        proxy.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(proxy.process.wait(), STOP_SECONDS) == 0
