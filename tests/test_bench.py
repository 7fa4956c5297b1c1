"""The benchmark's own test: figures come out, and what is wrong is told instead of measured. No figure is judged."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import figures, measuring, programs, prompts, running, table
from bench.load.client import Client, Connection, Load
from bench.load.wanted import Kind, Wanted
from bench.programs import DIRECT, STRAIGHT, TRANSLATOR, Part, Place, Program, Start

ONLY_WHERE_UVLOOP_IS = pytest.mark.skipif(sys.platform == "win32", reason="the load runs on uvloop")
SITUATIONS = (figures.FIRST_LARGE, figures.PACED, figures.BURST, figures.WHOLE)


def chosen(*names: str) -> list[Program]:
    return [program for program in programs.programs() if program.name in names]


def plan(folder: Path, *asked: Program, situations: tuple[figures.Situation, ...] = SITUATIONS) -> measuring.Plan:
    return measuring.Plan(asked, folder, seconds=0.3, rounds=1, situations=situations, tries=1, patience=0)


@pytest.mark.slow
@ONLY_WHERE_UVLOOP_IS
def test_a_round_gives_every_figure_of_every_program(tmp_path: Path) -> None:
    asked = chosen(STRAIGHT, TRANSLATOR, DIRECT)
    run = measuring.measure(plan(tmp_path, *asked), lambda _: None)
    assert run.troubles == []
    values = run.counted()
    for name in (TRANSLATOR, DIRECT):
        for key in ("cpu", "p50", "p99", "first_large", "burst", "whole", "startup", "idle", "peak"):
            assert all(value > 0 for value in values[name][key]), (name, key)
    medians = table.medians_of(run)
    assert medians[DIRECT]["p50"] == values[DIRECT]["p50"][0] - values[STRAIGHT]["p50"][0]
    assert len(table.table(asked, medians, markdown=True).split("\n")) == len(asked) + 2
    judged = table.verdicts(medians, markdown=False)
    assert judged.count("not measured") == 5, "no relay and no LiteLLM here"


@ONLY_WHERE_UVLOOP_IS
def test_a_program_that_ends_is_told(tmp_path: Path) -> None:
    def start(_: Place) -> Start:
        return Start((sys.executable, "-c", "raise SystemExit('I will not')"), {})

    run = measuring.measure(plan(tmp_path, Program("refuser", Part.PEER, relays=False, start=start)), lambda _: None)
    assert run.counted() == {}
    assert "I will not" in run.troubles[0]


@ONLY_WHERE_UVLOOP_IS
def test_an_answer_that_lost_a_chunk_is_told(tmp_path: Path) -> None:
    upstream, port = running.start_upstream(tmp_path)
    try:
        with running.running(chosen(STRAIGHT)[0], tmp_path, port) as one:
            load = figures.BURST.load(one, upstream.pid, 0.2)
            assert measuring.ask(load).fault == ""
            lost = measuring.ask(dataclasses.replace(load, chunks=load.chunks + 1))
            assert lost.fault == "an answer of 10000 chunks instead of 10001"
    finally:
        running.stop(upstream)


async def test_a_stamp_that_was_cut_is_found() -> None:
    load = Load(0, "/", {}, "", connections=1, again=False, chunks=2, warm=0, seconds=0)
    client = Client(load)
    connection = Connection(client)
    stamps = f'"text":" @{time.monotonic_ns()}~"}} "text":" @{time.monotonic_ns()}~"'.encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(stamps)
    for byte in head + stamps:
        connection.data_received(bytes([byte]))
    assert client.fault == ""
    assert (client.tally.chunks, client.tally.answers, len(client.tally.first)) == (2, 1, 1)
    assert len(client.tally.delays) == 2
    assert all(0 <= delay < 10**9 for delay in client.tally.delays)


async def test_a_refusal_is_told() -> None:
    client = Client(Load(0, "/", {}, "", connections=1, again=False, chunks=2, warm=0, seconds=0))
    Connection(client).data_received(b"HTTP/1.1 429 No\r\ncontent-length: 8\r\n\r\nnot now!")
    assert client.fault == "429: not now!"


@pytest.mark.parametrize("write", [prompts.small, prompts.large])
def test_what_is_wanted_is_found_in_the_request(write: Callable[[Wanted, str], str]) -> None:
    wanted = Wanted(Kind.PACED, 17, 50)
    body = write(wanted, "a-model").encode()
    assert Wanted.read(body) == wanted
    assert b"~" not in body


def test_the_large_request_is_as_large_as_it_is_called() -> None:
    assert abs(len(prompts.large(Wanted(Kind.BURST, 1), "a-model")) - prompts.LARGE) < 1_000


def test_what_others_disturbed_counts_only_where_there_is_nothing_better() -> None:
    run, program = measuring.Run(), Program("one", Part.FLOOR, relays=False)
    run.add(program, "cpu", 90.0, disturbed=True)
    run.add(program, "burst", 7.0, disturbed=True)
    run.add(program, "cpu", 30.0)
    run.add(program, "cpu", 40.0)
    assert table.medians_of(run) == {"one": {"cpu": 35.0, "burst": 7.0}}


def test_limits_are_judged_both_ways() -> None:
    medians = {DIRECT: {"cpu": 136.0, "burst": 50.0}, TRANSLATOR: {"cpu": 100.0, "burst": 100.0}}
    limits = [limit for limit in table.LIMITS if limit.beside == TRANSLATOR and limit.key in {"cpu", "burst"}]
    judged = {limit.key: limit.holds(value) for limit in limits if (value := limit.value(medians)) is not None}
    assert judged == {"cpu": False, "burst": True}
    assert all(limit.value({}) is None for limit in table.LIMITS)
