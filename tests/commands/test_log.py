"""``understudy log``: the journal for a person and for a script."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from app.commands.log import lines
from proxy_core.ledger.journal import Attempted, Story, Usage
from proxy_core.ledger.journal import State as RequestState
from proxy_core.ledger.journal_file import JournalFile
from tests.ledger.test_journal_file import _story
from tests.support.processes import UNDERSTUDY, environment, understudy


def _journal(home: Path, *ids: str) -> None:
    journal = JournalFile(home / "log" / "journal.jsonl")
    for id_ in ids:
        for news in _story(id_):
            journal.hear(news)
    journal.close()


async def test_the_last_requests_are_told(scratch: Path) -> None:
    _journal(scratch, "r1", "r2", "r3")
    ended = await understudy("log", "-n", "2", home=scratch)
    assert ended.status == 0
    assert ended.out.count("openai/gpt-4.1") == 2
    assert "opus is BIG" in ended.out


async def test_for_a_script_each_is_one_object(scratch: Path) -> None:
    _journal(scratch, "r1", "r2")
    ended = await understudy("log", "--json", home=scratch)
    told = [json.loads(line) for line in ended.out.splitlines()]
    assert [story["id"] for story in told] == ["r1", "r2"]
    assert told[0]["usage"] == {"input": 10, "output": 5, "cache_read": 3, "cache_write": 2, "reasoning": 1}
    assert told[0]["duration"] == 3.0


async def test_without_a_journal_nothing_is_printed_and_this_is_said(scratch: Path) -> None:
    ended = await understudy("log", home=scratch)
    assert (ended.status, ended.out) == (0, "")
    assert ended.err == "understudy: No request has been made yet.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_following_goes_on_until_ctrl_c(scratch: Path) -> None:
    _journal(scratch, "old")
    process = await asyncio.create_subprocess_exec(
        UNDERSTUDY,
        *("log", "-f", "--json"),
        cwd=scratch,
        env=environment(scratch),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert json.loads(await asyncio.wait_for(process.stdout.readline(), 20))["id"] == "old"
    await asyncio.sleep(0.3)
    _journal(scratch, "new")
    assert json.loads(await asyncio.wait_for(process.stdout.readline(), 10))["id"] == "new"
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, err) == (130, b"")


def test_a_request_is_told_with_all_that_matters() -> None:
    story = Story(
        id="r",
        began=0.0,
        role="big",
        why="opus is BIG",
        provider="openai",
        model="gpt-4.1",
        attempts=(Attempted("r", 0.1, 1, 429, "too many requests"), Attempted("r", 0.2, 2, 200)),
        first_token=0.5,
        ended=2.0,
        state=RequestState.FAILED,
        status=200,
        error="cut off",
        usage=Usage(10, 5, cache_read=3),
        warnings=("no images",),
    )
    first, *rest = lines(story)
    assert first.endswith("BIG     openai/gpt-4.1  failed 200  13 (3 cached) → 5 tokens  first 0.50 s, all 2.00 s")
    assert [line.strip() for line in rest] == [
        "opus is BIG",
        "try 1: too many requests",
        "cut off",
        "note: no images",
    ]


def test_a_request_that_is_not_over_or_not_understood_is_told_too() -> None:
    (line,) = lines(Story(id="r", began=0.0, asked_for="claude-x"))
    assert line.endswith("-       claude-x  running")
