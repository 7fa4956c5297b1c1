"""``understudy log``: the ledger for a person and for a script, live, one request whole, taken away and wiped."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from app.cli.log import coming, newest
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.request_events import State
from proxy_core.ledger.row_writing import PricedRecord
from proxy_core.ledger.rows import Filter
from tests.ledger.shelving import carried, entry, keep, ledger_of, shelve
from tests.support.processes import UNDERSTUDY, environment, open_pty, understudy


async def test_the_last_requests_are_told_newest_first(scratch: Path) -> None:
    shelve(ledger_of(scratch), *(entry(f"{number}aaaaaaaaaa") for number in (1, 2, 3)))
    done = await understudy("log", "-n", "2", home=scratch)
    assert (done.status, done.err) == (0, "")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[1] for row in rows] == ["3aaaaaaa", "2aaaaaaa"]
    assert rows[0][2:] == [
        *("BIG", "openai/gpt-4.1", "done", "12,000", "10,000", "500", "0.50s", "2.00s", "$0.0125"),
        "claude-opus-5-5 plays BIG",
    ]


async def test_for_a_script_each_is_one_object(scratch: Path) -> None:
    shelve(ledger_of(scratch), entry("old", None), entry("new"))
    done = await understudy("log", "--json", home=scratch)
    new, old = (json.loads(line) for line in done.out.splitlines())
    assert (new["id"], new["cost"], new["estimated"], new["provider_cost"]) == ("req_new", 0.0125, True, None)
    assert new["usage"]["cache_read"] == 10_000
    assert (new["time_to_first_token"], new["duration"]) == (pytest.approx(0.5), pytest.approx(2.0))
    assert (old["id"], old["cost"]) == ("req_old", None)


async def test_only_what_is_asked_for_is_told(scratch: Path) -> None:
    failed = {"state": State.FAILED, "status": 429, "error": "Too many requests."}
    shelve(
        ledger_of(scratch),
        entry("good"),
        entry("bad", None, **failed),
        entry("small", role="SMALL", model="gpt-4.1-mini"),
        entry("mine", project=str(scratch / "trees"), session="s-1"),
        entry("past", began=time.time() - 3 * 86_400),
    )

    async def ids(*arguments: str) -> list[str]:
        done = await understudy("log", "--json", *arguments, home=scratch)
        assert done.status == 0, done.err
        return [json.loads(line)["id"].removeprefix("req_") for line in done.out.splitlines()]

    assert await ids("--status", "failed") == ["bad"]
    assert await ids("--role", "small") == ["small"]
    assert await ids("--model", "openai/gpt-4.1-mini") == ["small"]
    assert await ids("--session", "s-1") == ["mine"]
    assert await ids("--project", str(scratch / "trees")) == ["mine"]
    assert await ids("--text", "too MANY") == ["bad"]
    assert await ids("--since", "1d") == ["mine", "small", "bad", "good"]
    assert await ids("--until", "1d") == ["past"]
    assert await ids("--since", "4d", "--until", "2d") == ["past"]


@pytest.mark.parametrize("option", ["--text", "--body", "--model", "--session", "--project"])
async def test_bytes_that_are_no_text_are_asked_for_like_any_other(scratch: Path, option: str) -> None:
    shelve(ledger_of(scratch), entry("good"))
    done = await understudy("log", option, os.fsdecode(b"\xff"), home=scratch)
    assert (done.status, done.out, done.err) == (0, "", "understudy: No request is like that.\n")


async def test_nothing_to_tell_is_said(scratch: Path) -> None:
    none = await understudy("log", home=scratch)
    assert (none.status, none.out, none.err) == (0, "", "understudy: No request has been made yet.\n")
    shelve(ledger_of(scratch), entry("a"))
    other = await understudy("log", "--role", "small", home=scratch)
    assert (other.status, other.out, other.err) == (0, "", "understudy: No request is like that.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--status", "broken"), "'broken': there are running, done, failed, cancelled"),
        (("--role", "huge"), "'huge' is no role; there are: big, small, thinker"),
        (("--since", "soon"), "'soon' is no time"),
        (("--until", "never"), "--until: 'never' is no time"),
        (("--role", "big", "export"), "--role: it belongs behind export"),
        (("-n", "3", "show", "x"), "--number: it belongs behind show"),
        (("show", "x", "--body", "all"), "'all' is no body; there are: request, upstream, answer"),
    ],
)
async def test_a_mistake_is_explained(scratch: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = await understudy("log", *arguments, home=scratch)
    assert done.status == 2
    assert sentence in " ".join(done.err.replace("│", " ").split())


class _Following:
    """``understudy log -f`` as it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self) -> dict[str, Any]:
        """The next request."""
        assert self._process.stdout is not None
        record: dict[str, Any] = json.loads(await asyncio.wait_for(self._process.stdout.readline(), 60))
        return record

    async def interrupted(self) -> tuple[int | None, bytes]:
        """How Ctrl+C ends it, and what it says to that."""
        self._process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(self._process.communicate(), 60)
        return self._process.returncode, err


@asynccontextmanager
async def _following(home: Path, *arguments: str) -> AsyncIterator[_Following]:
    process = await asyncio.create_subprocess_exec(
        UNDERSTUDY,
        *("log", "-f", "--json", *arguments),
        cwd=home,
        env=environment(home),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield _Following(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_following_goes_on_until_ctrl_c(scratch: Path) -> None:
    shelve(ledger_of(scratch), entry("first"), entry("second"))
    async with _following(scratch) as log:
        ids = [(await log.told())["id"] for _ in range(2)]
        assert ids == ["req_first", "req_second"], "oldest first, as what follows"
        shelve(ledger_of(scratch), entry("new"))
        assert (await log.told())["id"] == "req_new"
        assert await log.interrupted() == (130, b"")


async def test_what_ran_already_is_followed_whatever_is_asked_for(scratch: Path) -> None:
    """A request that runs has not failed yet: it must not be passed over for that."""
    file, began = ledger_of(scratch), time.time() - 5
    failed = {"state": State.FAILED, "status": 500}
    shelve(file, entry("slow", None, state=State.RUNNING, ended=None, began=began), entry("before", None, **failed))
    async with _following(scratch, "--status", "failed") as log:
        assert (await log.told())["id"] == "req_before", "now it has looked"
        shelve(file, entry("slow", None, began=began, **failed))
        told = await log.told()
    assert (told["id"], told["state"]) == ("req_slow", "failed")


def _followed(file: Path, wanted: Filter, *turns: tuple[PricedRecord, ...]) -> list[str]:
    """What is told while these are written, a turn at each look."""
    left, ledger, ids = list(turns), Ledger(file), list[str]()

    def write() -> None:
        if not left:
            raise EOFError
        shelve(file, *left.pop(0))

    with suppress(EOFError), closing(ledger):
        for row in coming(ledger, wanted, newest(ledger), wait=write):
            ids.append(row.record.id.removeprefix("req_"))
    return ids


def test_what_comes_is_told_once_when_it_is_over(tmp_path: Path) -> None:
    file = ledger_of(tmp_path)
    shelve(file, entry("before"))
    running = entry("slow", None, state=State.RUNNING, ended=None)
    followed = _followed(file, Filter(), (running,), (entry("quick"),), (entry("slow", began=running.record.began),))
    assert followed == ["quick", "slow"]


def test_a_filter_is_held_against_what_a_request_became(tmp_path: Path) -> None:
    """While it runs nobody knows that it will fail."""
    file = ledger_of(tmp_path)
    shelve(file, entry("before"))
    running = entry("bad", None, state=State.RUNNING, ended=None)
    ended = entry("bad", None, state=State.FAILED, status=500, began=running.record.began)
    failed = Filter(states=frozenset({State.FAILED}))
    assert _followed(file, failed, (running,), (entry("good"),), (ended,)) == ["bad"]


def test_a_body_that_comes_after_its_request_is_searched_all_the_same(tmp_path: Path) -> None:
    file, turns = ledger_of(tmp_path), iter(["row", "nothing", "body"])
    shelve(file, entry("before"))
    ledger = Ledger(file)

    def write() -> None:
        match next(turns):
            case "row":
                shelve(file, entry("late", began=time.time()))
            case "body":
                keep(file, *carried("late"))

    with closing(ledger):
        row = next(coming(ledger, Filter(body="redwood"), newest(ledger), wait=write))
    assert row.record.id == "req_late"


async def test_on_a_terminal_a_request_is_broken_between_words(scratch: Path) -> None:
    shelve(ledger_of(scratch), entry("a", why="claude-opus-5-5 plays BIG, " + "since it was asked so " * 6))
    done = await understudy("log", "show", "a", home=scratch, variables={"FORCE_COLOR": "1", "COLUMNS": "60"})
    lines = done.out.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("  why "))
    assert max(map(len, lines)) <= 60
    assert lines[first + 1].startswith(" " * 13)
    assert " ".join(" ".join(lines).split()).count("since it was asked so") == 6


async def test_one_request_is_shown_whole(scratch: Path) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    done = await understudy("log", "show", "0123", home=scratch)
    assert done.status == 0, done.err
    for told_ in (
        "req_0123456789abcdef  done 200",
        "why        claude-opus-5-5 plays BIG",
        "sent to    openai/gpt-4.1 (direct)",
        "tokens     12,000 in (10,000 cached) → 500 out",
        "cost       $0.0130, by the list or your own price",
        "try 1: 200 it answered",
        "Asked last\nWhich tree is the tallest?",
        "Thought\nTrees. Tall ones.",
        "Answered\nHyperion, a redwood.",
        'Called Measure\n{"tree":"Hyperion"}',
    ):
        assert told_ in done.out


async def test_a_body_comes_as_it_was_kept(scratch: Path) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    body = await understudy("log", "show", "req_0123", "--body", "request", home=scratch)
    assert json.loads(body.out)["messages"][0]["content"] == "Which tree is the tallest?"
    wrapped = await understudy("log", "show", "0123", "--body", "answer", "--json", home=scratch)
    assert json.loads(json.loads(wrapped.out)["body"])["stop_reason"] == "tool_use"
    gone = await understudy("log", "show", "0123", "--body", "upstream", home=scratch)
    assert (gone.status, gone.out) == (1, "")
    assert "is not kept" in gone.err


async def test_an_id_must_name_one_request(scratch: Path) -> None:
    shelve(ledger_of(scratch), entry("abc1"), entry("abc2"), entry("abc"))
    two = await understudy("log", "show", "abc1", "--json", home=scratch)
    assert json.loads(two.out)["id"] == "req_abc1"
    whole = await understudy("log", "show", "req_abc", "--json", home=scratch)
    assert json.loads(whole.out)["id"] == "req_abc", "a whole id is not the beginning of another"
    many = await understudy("log", "show", "ab", home=scratch)
    assert (many.status, many.err) == (1, "understudy: More than one request begins with ab: write more of its id.\n")
    none = await understudy("log", "show", "xyz", home=scratch)
    assert none.status == 1
    assert "There is no request xyz" in none.err


async def test_an_export_is_the_owners_and_holds_what_was_asked_for(scratch: Path) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    shelve(ledger_of(scratch), entry("small", role="SMALL", why="=cmd()"))
    file = scratch / "requests.csv"
    done = await understudy("log", "export", str(file), home=scratch)
    assert (done.status, done.out, done.err) == (0, "", f"understudy: 2 requests were written to {file}.\n")
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["id"] for row in rows] == ["req_small", "req_0123456789abcdef"]
    assert rows[0]["why"] == "'=cmd()"
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    some = await understudy("log", "export", "--json", "--role", "big", home=scratch)
    assert [row["cost"] for row in json.loads(some.out)] == [0.013]
    assert "Hyperion" not in some.out
    whole = await understudy("log", "export", "--bodies", home=scratch)
    assert json.loads(whole.out)[1]["bodies"]["answer"]["content"][1]["text"] == "Hyperion, a redwood."


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
async def test_a_file_that_was_there_becomes_the_owners_too(scratch: Path) -> None:
    shelve(ledger_of(scratch), entry("a"))
    file = scratch / "requests.json"
    file.write_text("an older export, which is longer than the new one" * 100)
    file.chmod(0o644)
    assert (await understudy("log", "export", str(file), home=scratch)).status == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [row["id"] for row in json.loads(file.read_text())] == ["req_a"]


async def test_an_export_that_cannot_be_written_says_so(scratch: Path) -> None:
    done = await understudy("log", "export", str(scratch / "nowhere" / "x.json"), home=scratch)
    assert done.status == 1
    assert "x.json cannot be written: No such file or directory." in done.err
    assert (await understudy("log", "export", "--csv", "--json", home=scratch)).status == 2


async def test_wiping_asks_first_and_leaves_nothing(scratch: Path) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    unsure = await understudy("log", "wipe", home=scratch, stdin=b"y\n")
    assert unsure.status == 1
    assert "Nothing was deleted: there is no terminal to ask in. Add --yes to delete 1 request (" in unsure.err
    assert "0123" in (await understudy("log", home=scratch)).out
    bodies = await understudy("log", "wipe", "--bodies", "--yes", home=scratch)
    assert bodies.status == 0
    assert bodies.out.startswith("Deleted 1 conversation (")
    shown_ = await understudy("log", "show", "0123", home=scratch)
    assert "kept: no bodies" in shown_.out
    assert (await understudy("log", "wipe", "-y", home=scratch)).status == 0
    assert "No request has been made yet." in (await understudy("log", home=scratch)).err
    assert "nothing in the ledger" in (await understudy("log", "wipe", "-y", home=scratch)).err
    assert not [file for file in ledger_of(scratch).parent.iterdir() if b"Hyperion" in file.read_bytes()]


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
@pytest.mark.parametrize(("answer", "deleted"), [(b"\n", False), (b"n\n", False), (b"y\n", True)])
async def test_on_a_terminal_wiping_is_asked_with_what_goes(scratch: Path, answer: bytes, deleted: bool) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    person, terminal = open_pty()
    try:
        os.write(person, answer)
        process = await asyncio.create_subprocess_exec(
            UNDERSTUDY,
            "log",
            "wipe",
            env=environment(scratch),
            stdin=terminal,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        os.close(person)
        os.close(terminal)
    assert b"Delete 1 request (" in out + err
    assert b"This can't be undone." in out + err
    assert (process.returncode == 0, b"Deleted 1 request (" in out) == (deleted, deleted)
    with closing(Ledger(ledger_of(scratch))) as ledger:
        assert ledger.count() == (0 if deleted else 1)


async def test_wiping_takes_what_was_set_aside_as_well(scratch: Path) -> None:
    file = ledger_of(scratch)
    shelve(file, entry("a"))
    aside = file.with_name(f"{file.name}.damaged-20261122-120000-000000")
    for ending in ("", "-wal"):
        aside.with_name(aside.name + ending).write_bytes(b"a body that somebody sent")
    done = await understudy("log", "wipe", "--bodies", "-y", home=scratch)
    assert (done.status, done.out) == (0, "Deleted what was set aside of a damaged ledger.\n")
    assert not [left for left in file.parent.iterdir() if "damaged" in left.name]
    assert "req_a" in (await understudy("log", "--json", home=scratch)).out


async def test_a_damaged_ledger_is_told_and_can_be_wiped(scratch: Path) -> None:
    file = ledger_of(scratch)
    shelve(file, entry("a"))
    file.write_bytes(b"a body that somebody sent " * 400)
    told = await understudy("log", home=scratch)
    assert told.status == 1
    assert "cannot be read: file is not a database. The next Understudy that runs sets it aside" in told.err
    done = await understudy("log", "wipe", "-y", home=scratch)
    assert (done.status, done.out) == (0, "Deleted the damaged ledger, as a whole.\n")
    assert not [left for left in file.parent.iterdir() if b"somebody" in left.read_bytes()]
    assert "No request has been made yet." in (await understudy("log", home=scratch)).err


@pytest.mark.parametrize("arguments", [("--text", b"\xff"), ("--project", b"/tmp/\xff"), ("--model", b"\xff/x")])
async def test_a_filter_that_is_not_utf8_matches_nothing(scratch: Path, arguments: tuple[str, bytes]) -> None:
    option, value = arguments
    ended = await understudy("log", option, os.fsdecode(value), home=scratch)
    assert (ended.status, ended.out) == (0, "")
    assert "Traceback" not in ended.err


async def test_an_id_that_is_not_utf8_is_a_request_that_is_not_there(scratch: Path) -> None:
    ended = await understudy("log", "show", os.fsdecode(b"\xff"), home=scratch)
    assert (ended.status, ended.out) == (1, "")
    assert "There is no request" in ended.err


async def test_a_number_beyond_what_a_ledger_holds_is_a_usage_error(scratch: Path) -> None:
    ended = await understudy("log", "-n", "99999999999999999999", home=scratch)
    assert (ended.status, ended.out) == (2, "")
    assert "Traceback" not in ended.err
