"""The command line as a whole: how it is asked, how it answers, how every command ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ledger.shelving import entry, ledger_of, shelve
from tests.support.processes import UNDERSTUDY, environment, understudy


async def test_without_a_command_it_says_what_there_is(scratch: Path) -> None:
    ended = await understudy(home=scratch)
    assert ended.status == 0
    assert all(f"`understudy {name}`" in ended.out for name in ("serve", "claude", "demo"))


async def test_it_knows_its_version(scratch: Path) -> None:
    ended = await understudy("--version", home=scratch)
    assert ended.out.startswith("understudy 0.")


async def test_help_names_every_command(scratch: Path) -> None:
    ended = await understudy("--help", home=scratch)
    assert ended.status == 0
    for name in ("serve", "claude", "demo", "keys", "doctor", "log", "token"):
        assert f"\n  {name} " in ended.out


@pytest.mark.parametrize("arguments", [["sing"], ["serve", "--port", "99999"], ["log", "-n", "-3"], ["keys", "sing"]])
async def test_a_wrong_call_ends_with_two_and_says_why(scratch: Path, arguments: list[str]) -> None:
    ended = await understudy(*arguments, home=scratch)
    assert ended.status == 2
    assert ended.err.startswith("Usage: understudy")
    assert ended.out == ""


def test_starting_loads_nothing_heavy() -> None:
    heavy = "{'rich', 'uvicorn', 'fastapi', 'aiohttp', 'litellm', 'keyring', 'tomlkit', 'asyncio', 'PySide6'}"
    script = f"import sys, app.cli; print({heavy}.intersection(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


async def test_a_character_that_the_terminal_does_not_have_ends_no_command(scratch: Path) -> None:
    shelve(ledger_of(scratch), entry("a", why="木 plays BIG"))
    told = await understudy("log", "show", "a", home=scratch, variables={"PYTHONIOENCODING": "latin-1"})
    assert (told.status, told.err) == (0, "")
    assert "? plays BIG" in told.out


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("command", ["demo --client built-in --pace instant", "--help", "doctor"])
def test_a_reader_that_leaves_early_is_no_fault(scratch: Path, command: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{UNDERSTUDY} {command} | head -n 1 | cut -c 1-9"],
        env=environment(scratch),
        cwd=scratch,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.strip()
