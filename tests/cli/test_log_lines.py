"""Requests as lines and the options that choose them: nothing too long, nothing hidden, nothing dangerous."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from typing import Any

import pytest
import typer
from rich.console import Console

from app.cli.log_filter import chosen, moment
from app.cli.log_lines import Columns, as_object, line_of, plain, told
from app.cli.terminal_escape import escape, escape_line
from proxy_core.ledger.request_events import AttemptMade, RecordedUsage, RequestRecord, State
from proxy_core.ledger.rows import RequestRow
from tests.ledger.shelving import entry

NOON = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))


def _drawn(width: int, *rows: RequestRow) -> list[str]:
    out = io.StringIO()
    Columns(Console(file=out, width=width, force_terminal=True, color_system=None)).write(
        [line_of(row) for row in rows]
    )
    return out.getvalue().splitlines()


def _row(**more: Any) -> RequestRow:
    made = entry("0123456789", **more)
    return RequestRow(1, made.record, made.cost)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 250])
def test_on_a_terminal_no_line_is_too_long_and_no_failure_hidden(width: int) -> None:
    failed = _row(
        state=State.FAILED, status=502, error="The provider cannot be reached. Is it running?", model="a" * 30
    )
    lines = _drawn(width, _row(), failed)
    assert max(map(len, lines)) <= width
    assert [line.index("STATUS") for line in lines[:1]] == [line.index("done") for line in lines[1:2]]
    assert "The provider cannot be reached. Is it running?" in " ".join(" ".join(lines).split())
    assert "$0.0125" in lines[1]


@pytest.mark.parametrize(
    ("width", "names"),
    [
        (80, "TIME ID MODEL STATUS IN OUT COST"),
        (120, "TIME ID ROLE MODEL STATUS IN CACHED OUT FIRST ALL COST"),
    ],
)
def test_a_long_name_gives_way_before_a_whole_column_does(width: int, names: str) -> None:
    long = _row(provider="openrouter", model="some-vendor/a-very-long-name-of-a-model-instruct-2507")
    head, short, cut = _drawn(width, _row(), long)
    assert head.split() == names.split()
    assert "openai/gpt-4.1" in short
    assert "instruct-2507  done" in cut, "the end of a name tells models apart"
    assert max(map(len, (head, short, cut))) <= width


def test_what_comes_later_stands_below_what_came_first() -> None:
    out = io.StringIO()
    columns = Columns(Console(file=out, width=80, force_terminal=True, color_system=None))
    late = _row(
        provider="openrouter", model="b" * 60, state=State.CANCELLED, cost=None, usage=RecordedUsage(1_234_567, 98_765)
    )
    for row in (_row(), late, _row()):
        columns.write([line_of(row)])
    head, *lines = out.getvalue().splitlines()
    assert [line[head.index("ID") :][:8] for line in lines] == ["01234567"] * 3
    assert all(len(line) <= 80 for line in lines)
    assert "1,234,567" in lines[1]
    assert "unpriced" in lines[1]


def test_an_error_in_wide_letters_is_not_cut() -> None:
    error = "模型不可用请稍后再试" * 12
    lines = _drawn(80, _row(state=State.FAILED, status=502, error=error))
    assert "".join(line.strip() for line in lines[2:]) == error


def test_a_wide_terminal_has_all_of_it() -> None:
    head, line = _drawn(200, _row())
    names = ("TIME", "ID", "ROLE", "MODEL", "STATUS", "IN", "CACHED", "OUT", "FIRST", "ALL", "COST", "WHY")
    assert tuple(head.split()) == names
    assert "claude-opus-5-5 plays BIG" in line


def test_what_runs_has_no_cost_yet_and_what_has_none_says_so() -> None:
    running = line_of(_row(state=State.RUNNING, ended=None, usage=None, cost=None))
    assert (running.cells[4], running.cells[10]) == ("running", "")
    assert line_of(_row(cost=None)).cells[10] == "unpriced"
    refused = _row(state=State.FAILED, status=400, attempts=(), usage=None, cost=None)
    assert line_of(refused).cells[10] == "not billed"
    assert as_object(refused)["billing"] == "not billed"
    assert line_of(_row(cost=0.0)).cells[10] == "$0"
    assert line_of(_row(cost=0.00001)).cells[10] == "<$0.0001"


def test_text_from_outside_moves_nothing_on_the_terminal() -> None:
    evil = "a\x1b[2Jb\x9b1mc\u202ed\r\ne\tf\u2028g\x00"
    (line,) = plain([line_of(_row(why=evil))])
    assert line.split("\t")[-1] == escape_line(evil) == "a\\x1b[2Jb\\x9b1mc\\u202ed  e f\\u2028g\\x00"
    assert escape(evil) == "a\\x1b[2Jb\\x9b1mc\\u202ed\\x0d\ne    f\\u2028g\\x00"
    assert escape("ünïcödé 木 👩‍🌾") == "ünïcödé 木 👩‍🌾"
    lines = list(told(replace(_row().record, error="\x1b]0;title\x07", warnings=("\x1b[31m",))))
    assert not [line for line in lines if "\x1b" in line]


@pytest.mark.parametrize(
    ("when", "seconds"),
    [
        ("90m", NOON - 5_400),
        ("1.5h", NOON - 5_400),
        ("2d", NOON - 172_800),
        ("1w", NOON - 604_800),
        ("today", NOON - 43_200),
        ("yesterday", NOON - 43_200 - 86_400),
        ("2026-11-22", NOON - 43_200),
        ("2026-11-22T11:30", NOON - 1_800),
        ("2026-11-22 11:30", NOON - 1_800),
    ],
)
def test_a_time_may_be_said_in_many_ways(when: str, seconds: float) -> None:
    assert moment(when, NOON) == seconds


def test_what_is_no_time_is_refused() -> None:
    for nonsense in ("", "later", "5 parsecs", "2026-13-01"):
        with pytest.raises(typer.BadParameter):
            moment(nonsense, NOON)


def test_a_provider_alone_is_a_model_too() -> None:
    assert (chosen(model="openai").provider, chosen(model="openai").model) == ("openai", "")
    assert (chosen(model="openai/gpt-4.1").provider, chosen(model="openai/gpt-4.1").model) == ("", "openai/gpt-4.1")


def test_a_request_is_told_with_all_that_matters() -> None:
    record = RequestRecord(
        id="r",
        began=0.0,
        role="big",
        why="opus is BIG",
        provider="openai",
        model="gpt-4.1",
        attempts=(AttemptMade("r", 0.1, 1, 429, "too many requests"), AttemptMade("r", 0.2, 2, 200)),
        first_token=0.5,
        ended=2.0,
        state=State.FAILED,
        status=200,
        error="cut off",
        usage=RecordedUsage(10, 5, cache_read=3),
        warnings=("no images",),
    )
    first, *rest = told(record)
    assert first.endswith("BIG     openai/gpt-4.1  failed 200  13 (3 cached) → 5 tokens  first 0.50 s, all 2.00 s")
    assert [line.strip() for line in rest] == ["opus is BIG", "try 1: too many requests", "cut off", "note: no images"]


def test_a_request_that_is_not_over_or_not_understood_is_told_too() -> None:
    (line,) = told(RequestRecord(id="r", began=0.0, asked_for="claude-x"))
    assert line.endswith("-       claude-x  running")
