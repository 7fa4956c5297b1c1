"""``understudy usage``: sums with what they leave out, bars that do not lie, and where the budget stands."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.cli.money import blind_spot, cost_of, dollars, priced
from app.cli.usage import _cells, _draw, bar, budget_lines, shares
from proxy_core.config.settings import AtLimit, BudgetSettings
from proxy_core.ledger.budget import BudgetState, Spent
from proxy_core.ledger.request_events import State
from proxy_core.ledger.rows import Grouping, Sum
from tests.ledger.shelving import entry, ledger_of, shelve
from tests.support.processes import understudy

DAY = 86_400.0


def _shelved(home: Path) -> None:
    noon = datetime.now().replace(hour=0, minute=0, second=1).timestamp()  # noqa: DTZ005 - local days
    shelve(
        ledger_of(home),
        entry("a", 0.5, began=noon),
        entry("b", 0.25, began=noon, session="s-1", project="/home/me/trees"),
        entry("c", None, began=noon, provider="somebody", model="new"),
        entry("d", 2.0, began=noon - 2 * DAY, model="o3"),
        entry("e", 9.0, began=noon - 60 * DAY),
        entry("f", None, began=noon, state=State.FAILED, status=500, usage=None),
    )


async def _told(home: Path, *arguments: str) -> dict[str, Any]:
    done = await understudy("usage", "--json", *arguments, home=home)
    assert done.status == 0, done.err
    told: dict[str, Any] = json.loads(done.out)
    return told


async def test_the_dearest_model_comes_first_and_what_has_no_price_is_null(scratch: Path) -> None:
    _shelved(scratch)
    told = await _told(scratch)
    sums = {each["key"]: each for each in told["sums"]}
    assert list(sums)[:2] == ["openai/o3", "openai/gpt-4.1"]
    assert (sums["openai/gpt-4.1"]["cost"], sums["openai/gpt-4.1"]["requests"]) == (0.75, 3)
    assert (sums["openai/gpt-4.1"]["priced"], sums["openai/gpt-4.1"]["failed"]) == (2, 1)
    assert sums["somebody/new"]["cost"] is None
    assert (told["total"]["cost"], told["total"]["requests"], told["total"]["priced"]) == (2.75, 5, 3)
    assert told["total"]["cache_share"] == pytest.approx(10 / 12)


async def test_it_can_be_asked_by_day_session_and_project_and_for_longer(scratch: Path) -> None:
    _shelved(scratch)
    assert [each["requests"] for each in (await _told(scratch, "--by", "day"))["sums"]] == [1, 4]
    assert {each["key"] for each in (await _told(scratch, "--by", "session"))["sums"]} == {"", "s-1"}
    assert {each["key"] for each in (await _told(scratch, "--by", "project"))["sums"]} == {"", "/home/me/trees"}
    assert (await _told(scratch, "--since", "90d"))["total"]["cost"] == 11.75
    assert (await _told(scratch, "--model", "somebody"))["total"]["requests"] == 1


async def test_the_budget_is_counted_by_the_calendar_and_told(scratch: Path) -> None:
    _shelved(scratch)
    (scratch / "settings.toml").write_text('[budget]\ndaily = 0.5\nat_limit = "downgrade"\n')
    budget = (await _told(scratch))["budget"]
    assert budget["today"] == {"usd": 0.75, "priced": 2, "requests": 4}
    assert (budget["daily"], budget["monthly"], budget["at_limit"], budget["level"]) == (0.5, 0.0, "downgrade", "spent")


async def test_models_that_the_limit_cannot_see_are_named(scratch: Path) -> None:
    _shelved(scratch)
    blind = {"BIG_MODEL": "openai/made-up", "SMALL_MODEL": "openai/made-up", "THINKER_MODEL": "demo/fast"}
    without_limit = await understudy("usage", home=scratch, variables=blind)
    assert "limit" not in without_limit.err
    (scratch / "settings.toml").write_text("[budget]\ndaily = 5.0\n")
    done = await understudy("usage", home=scratch, variables=blind)
    assert "1 of your 2 models has no price: the limit can't see it (openai/made-up)." in " ".join(done.err.split())
    told = json.loads((await understudy("usage", "--json", home=scratch, variables=blind)).out)
    assert told["budget"]["unpriced_models"] == ["openai/made-up"]


def test_what_was_not_billed_is_told_apart() -> None:
    refused = Sum(requests=2, not_billed=2)
    assert cost_of(refused) == "not billed"
    assert cost_of(Sum(requests=3, unpriced=1, not_billed=2)) == "unpriced"
    assert priced(Sum(requests=5, priced=3, not_billed=2, cost=1.0)) == "priced 3 of 3, 2 not billed"


@pytest.mark.parametrize(
    ("unpriced", "models", "told"),
    [
        (0, 3, ""),
        (1, 1, "Your model has no price: the limit can't see it."),
        (1, 3, "1 of your 3 models has no price: the limit can't see it."),
        (2, 3, "2 of your 3 models have no price: the limit can't see them."),
    ],
)
def test_what_a_limit_cannot_see(unpriced: int, models: int, told: str) -> None:
    assert blind_spot(unpriced, models) == told


async def test_into_a_pipe_goes_a_row_for_each_and_nothing_else(scratch: Path) -> None:
    _shelved(scratch)
    done = await understudy("usage", home=scratch)
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert rows[1][:4] == ["openai/gpt-4.1", "$0.7500", "3", "1"]
    assert rows[1][-1] == "2 of 3"
    assert ["somebody/new", "unpriced"] in [row[:2] for row in rows]
    assert "\x1b" not in done.out


async def test_nothing_to_sum_is_said(scratch: Path) -> None:
    done = await understudy("usage", home=scratch)
    assert (done.status, done.out) == (0, "")
    assert "No request was made since" in done.err
    wrong = await understudy("usage", "--by", "moon", home=scratch)
    assert wrong.status == 2
    assert "there are model, project" in " ".join(wrong.err.replace("│", " ").split())


def _sum(key: str, cost: float, priced: int = 1, **more: Any) -> Sum:
    return Sum(key, requests=1, priced=priced, estimated=priced, cost=cost, input=1_000, output=100, **more)


@pytest.mark.parametrize("width", [70, 80, 100, 200])
def test_the_table_fits_the_terminal(width: int) -> None:
    out = io.StringIO()
    sums = [_sum("openai/gpt-4.1", 1.0), _sum("openrouter/a-long/name-of-a-model-that-goes-on", 0.5)]
    rows = [_cells(Grouping.MODEL, each) for each in sums]
    head = ("MODEL", "COST", "REQUESTS", "FAILED", "IN", "CACHED", "OUT", "FIRST", "TOKENS/S", "PRICED")
    _draw(Console(file=out, width=width, force_terminal=True, color_system=None), [head, *rows], [0.0, *shares(sums)])
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= width
    assert "$0.5000" in lines[2]
    assert lines[0].endswith("PRICED")
    assert lines[2].endswith("all"), "how much of a sum is known is never left out"
    assert "████" in lines[1]
    assert "that-goes-on" in lines[2]


def test_a_bar_is_as_long_as_its_share() -> None:
    assert [bar(share, 4) for share in (0.0, 0.001, 0.5, 0.53125, 1.0)] == ["    ", "▏   ", "██  ", "██▏ ", "████"]
    assert shares([_sum("a", 2.0), _sum("b", 1.0)]) == [1.0, 0.5]
    assert shares([_sum("a", 0.0), _sum("b", 0.0)]) == [1.0, 1.0], "by tokens where nothing has a price"
    assert shares([Sum("a")]) == [0.0]


def test_a_sum_says_what_it_leaves_out() -> None:
    assert cost_of(_sum("a", 0.0, priced=0)) == "unpriced"
    assert cost_of(Sum()) == "$0"
    assert priced(Sum(requests=4, priced=4)) == "priced 4 of 4"
    assert priced(Sum(requests=4, priced=3, unpriced=1, estimated=3)) == "priced 3 of 4, estimated"
    assert (
        priced(Sum(requests=4_000, priced=3_000, unpriced=1_000, estimated=1))
        == "priced 3,000 of 4,000, 1 of them estimated"
    )


@pytest.mark.parametrize(
    ("usd", "told"),
    [
        (None, "unpriced"),
        (0.0, "$0"),
        (0.00002, "<$0.0001"),
        (0.0123456, "$0.0123"),
        (1.005, "$1.00"),
        (1234.5, "$1,234.50"),
    ],
)
def test_what_is_not_known_is_not_nothing_nor_is_what_is_little(usd: float | None, told: str) -> None:
    assert dollars(usd) == told


def test_the_budget_on_a_terminal() -> None:
    limits = BudgetSettings(5.0, 0.0, AtLimit.STOP)
    state = BudgetState(Spent(2.5, 9, 10), Spent(40.0, 90, 100), limits, "The ledger cannot be read.")
    assert budget_lines(state) == [
        "  today       $2.50 of $5.00, 50%  █████       (priced 9 of 10)",
        "  this month  $40.00  (priced 90 of 100)",
        "  At the limit requests are refused.",
        "  The ledger cannot be read.",
    ]
    assert budget_lines(BudgetState()) == ["  today       $0", "  this month  $0"]
    assert "unpriced" in budget_lines(BudgetState(Spent(0.0, 0, 3)))[0]
