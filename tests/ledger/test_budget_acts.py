"""A budget that is used up, through the whole proxy: who answers then, what is said, and what goes on all the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy_core.config import paths
from proxy_core.ledger.budget import Spent
from proxy_core.ledger.request_events import RequestRecord, State
from proxy_core.ledger.row_writing import PricedRecord
from proxy_core.ledger.rows import Billing, billing_of
from tests.ledger.shelving import shelve
from tests.support import anthropic_server
from tests.support.chat_server import (
    Body,
    ChatServer,
    Cut,
    Finish,
    Head,
    Request,
    Step,
    Wait,
    chat_server,
    completion,
    delta,
    sse,
    streamed,
    usage,
    whole,
)
from tests.support.proxy import Running, running

KEY = "sk-upstream-0123456789"
MODELS = {"BIG_MODEL": "openai/gpt-4.1", "SMALL_MODEL": "openai/gpt-4.1-mini", "THINKER_MODEL": "openai/o3"}
MILLION = 1_000_000


def dear(request: Request) -> list[Step]:
    """An answer that costs two dollars of gpt-4.1's."""
    return whole({**completion(), "usage": {"prompt_tokens": MILLION, "completion_tokens": 0, "total_tokens": MILLION}})


@asynccontextmanager
async def stage(home: Path, at_limit: str, **environ: str) -> AsyncIterator[tuple[Running, ChatServer]]:
    settings = f'[budget]\ndaily = 1.5\nat_limit = "{at_limit}"\n'
    async with chat_server(dear) as model:
        variables = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": KEY, **MODELS, **environ}
        async with running(home, variables, settings) as proxy:
            yield proxy, model


async def test_it_stops_with_what_to_do_and_no_second_try(tmp_path: Path) -> None:
    async with stage(tmp_path, "stop") as (proxy, model):
        assert (await proxy.ask()).status_code == 200
        refused = await proxy.ask()
        assert len(model.requests) == 1
    assert refused.status_code == 402
    assert refused.headers["x-should-retry"] == "false"
    assert refused.json()["error"] == {
        "type": "billing_error",
        "message": "The daily budget of $1.50 is used up, and Understudy was told to stop there. Raise it in "
        "Understudy → Settings → Log and budget, or go on tomorrow. Local models still answer.",
    }
    record = proxy.heard.last
    assert (record.state, record.status, record.error_type) == (State.FAILED, 402, "billing_error")
    assert (record.role, record.model) == ("BIG", "gpt-4.1"), "who would have answered is told"


async def test_a_streamed_request_is_refused_before_it_streams(tmp_path: Path) -> None:
    async with stage(tmp_path, "stop") as (proxy, _):
        await proxy.ask()
        refused = await proxy.ask(stream=True)
    assert (refused.status_code, refused.json()["error"]["type"]) == (402, "billing_error")


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ("claude-opus-5-5", {}),
        ("claude-sonnet-5-5", {"thinking": {"type": "enabled", "budget_tokens": 4_000}}),
        ("openai/o3", {}),
    ],
    ids=["BIG", "THINKER", "by name"],
)
async def test_small_answers_instead_and_why_says_so(tmp_path: Path, asked: str, fields: dict[str, object]) -> None:
    async with stage(tmp_path, "downgrade") as (proxy, model):
        await proxy.ask()
        assert (await proxy.ask(model=asked, **fields)).status_code == 200
        assert [request.json["model"] for request in model.requests] == ["gpt-4.1", "gpt-4.1-mini"]
    record = proxy.heard.last
    assert (record.role, record.model, record.state) == ("SMALL", "gpt-4.1-mini", State.DONE)
    assert record.why.endswith("; the daily budget of $1.50 is used up, so SMALL answers")


async def test_small_itself_is_nothing_to_be_told_about(tmp_path: Path) -> None:
    async with stage(tmp_path, "downgrade") as (proxy, _):
        await proxy.ask()
        await proxy.ask(model="claude-haiku-5-5")
    assert proxy.heard.last.why == "claude-haiku-5-5 → SMALL"


async def test_a_passthrough_that_plays_small_keeps_its_model(tmp_path: Path) -> None:
    """The name that Claude Code itself would take for SMALL may be a newer one."""
    async with anthropic_server.anthropic_server(anthropic_server.message()) as anthropic:
        settings = (
            f'[budget]\ndaily = 0.0001\nat_limit = "downgrade"\n\n[proxy]\npassthrough_url = "{anthropic.address}"\n'
        )
        environ = {"BIG_MODEL": "passthrough", "ANTHROPIC_API_KEY": "sk-ant-api03-a-key-of-some-length"}
        async with running(tmp_path, environ, settings) as proxy:
            for _ in range(2):
                await proxy.ask(model="claude-sonnet-4-5")
            await proxy.ask(model="claude-haiku-4-5")
        models = [request.json["model"] for request in anthropic.requests]
    assert models == ["claude-sonnet-4-5", "claude-haiku-5-5", "claude-haiku-4-5"]


async def test_with_warning_only_everything_goes_on(tmp_path: Path) -> None:
    async with stage(tmp_path, "warn") as (proxy, model):
        await proxy.ask()
        assert (await proxy.ask()).status_code == 200
        assert [request.json["model"] for request in model.requests] == ["gpt-4.1", "gpt-4.1"]


@pytest.mark.parametrize("at_limit", ["stop", "downgrade"])
async def test_what_costs_nothing_goes_on(tmp_path: Path, at_limit: str) -> None:
    async with stage(tmp_path, at_limit) as (proxy, _):
        await proxy.ask()
        local = await proxy.ask(model="demo/instant")
        counted = await proxy.client.post(
            "/v1/messages/count_tokens",
            json={"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": "hi"}]},
        )
    assert (local.status_code, counted.status_code) == (200, 200)
    assert [record.model for record in proxy.heard.records.values()] == ["gpt-4.1", "instant", "gpt-4.1"]


async def test_passthrough_is_counted_and_downgraded_too(tmp_path: Path) -> None:
    """Its tokens have a price where a key pays; what a claude.ai login pays has none."""
    async with anthropic_server.anthropic_server(anthropic_server.message()) as anthropic:
        settings = (
            f'[budget]\ndaily = 0.0001\nat_limit = "downgrade"\n\n[proxy]\npassthrough_url = "{anthropic.address}"\n'
        )
        async with (
            chat_server(whole(completion())) as model,
            running(
                tmp_path,
                {
                    "BIG_MODEL": "passthrough",
                    "SMALL_MODEL": "openai/gpt-4.1-mini",
                    "OPENAI_BASE_URL": model.base_url,
                    "OPENAI_API_KEY": KEY,
                },
                settings,
            ) as proxy,
        ):

            async def asked(credential: str) -> tuple[str, float]:
                headers = {"x-understudy-token": proxy.client.headers["x-api-key"], "authorization": credential}
                body = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
                await proxy.client.post("/v1/messages", json=body, headers=headers)
                return proxy.heard.last.provider, proxy.proxy.budget.state().spent_today

            assert await asked("Bearer sk-ant-oat01-a-login") == ("anthropic", 0.0)
            # 25 x $3 + 7 x $0.30 + 3 x $3.75 + 12 x $15 per million
            provider, spent = await asked("Bearer sk-ant-api03-a-key")
            assert provider == "anthropic"
            assert spent == pytest.approx(0.00026835)
            assert (await asked("Bearer sk-ant-api03-a-key"))[0] == "openai"
            assert proxy.proxy.budget.state().today.priced == 2


@pytest.mark.parametrize("stream", [True, False])
async def test_the_providers_own_figure_is_what_counts(tmp_path: Path, stream: bool) -> None:
    told = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10, "cost": 0.75}
    answer = streamed(delta(content="Hi"), delta("stop"), {**usage(9, 1), "usage": told}, "[DONE]")
    async with chat_server(answer if stream else whole({**completion(), "usage": told})) as model:
        environ = {"OPENROUTER_API_BASE": model.base_url, "OPENROUTER_API_KEY": KEY}
        async with running(tmp_path, environ, '[budget]\ndaily = 1.0\nat_limit = "stop"\n') as proxy:
            first, _, third = [await proxy.ask(model="openrouter/some/model", stream=stream) for _ in range(3)]
            assert next(iter(proxy.heard.records.values())).cost == 0.75
            assert proxy.proxy.budget.state().today == Spent(1.5, priced=2, requests=2)  # the third was not billed
    assert (first.status_code, third.status_code) == (200, 402)


async def test_an_answer_under_way_is_not_cut(tmp_path: Path) -> None:
    slow: list[Step] = [
        Head(),
        Body(sse(delta(role="assistant", content="Slowly"))),
        Wait(1.0),
        Body(sse(delta(content=" on."), delta("stop"), usage(10, 4), "[DONE]")),
        Finish(),
    ]
    async with stage(tmp_path, "stop") as (proxy, model):
        model.scripts[:] = [slow, dear]
        running_one = asyncio.create_task(proxy.ask(stream=True))
        while not model.requests:
            await asyncio.sleep(0.01)
        await proxy.ask()
        assert (await proxy.ask()).status_code == 402
        assert " on." in (await running_one).text


async def test_what_was_spent_before_a_restart_counts(tmp_path: Path) -> None:
    file = paths.find({"UNDERSTUDY_HOME": str(tmp_path)}).ledger_file
    shelve(file, PricedRecord(RequestRecord("req_before", time.time(), state=State.DONE), 2.0))
    async with stage(tmp_path, "stop") as (proxy, model):
        assert (await proxy.ask()).status_code == 402
        assert model.requests == []


@pytest.mark.parametrize(
    ("model", "script", "billing"),
    [
        ("openai/m", whole({"error": {"message": "no", "type": "invalid_request_error"}}, 400), Billing.NOT_BILLED),
        ("openai/m", None, Billing.NOT_BILLED),
        ("openai/m", [Head(), Body(sse(delta(content="Half"))), Cut()], Billing.UNPRICED),
        ("openai/m", [Head(), Body(sse(delta(content="Half"), usage(10, 2))), Cut()], Billing.PRICED),
        ("anthropic/m", whole({"type": "error", "error": {"type": "x", "message": "no"}}, 401), Billing.NOT_BILLED),
        ("anthropic/m", None, Billing.NOT_BILLED),
        ("anthropic/m", whole({"type": "error", "error": {"type": "x", "message": "no"}}, 500), Billing.UNPRICED),
    ],
    ids=[
        "refused",
        "unreachable",
        "cut",
        "cut with its count",
        *(f"relayed: {it}" for it in ("refused", "unreachable", "5xx")),
    ],
)
async def test_what_becomes_of_a_failed_request_in_the_sums(
    tmp_path: Path, model: str, script: list[Step] | None, billing: Billing
) -> None:
    async with chat_server(*([script] * 4 if script else [])) as upstream:
        gone = "http://127.0.0.1:1"
        settings = (
            f'[providers.openai]\nbase_url = "{upstream.base_url if script else gone}"\n'
            f'[providers.anthropic]\nbase_url = "{upstream.address if script else gone}"\n'
            "[budget]\ndaily = 100.0\n"
            '[prices."openai/m"]\ninput = 1.0\noutput = 1.0\n'
        )
        environ = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
        async with running(tmp_path, environ, settings) as proxy:
            await proxy.ask(model=model, stream=True)
            cost = proxy.proxy.price(proxy.heard.last)
            assert billing_of(proxy.heard.last, None if cost is None else cost.usd) is billing
            spent = proxy.proxy.budget.state().today
    counted = {Billing.NOT_BILLED: (0, 0), Billing.UNPRICED: (0, 1), Billing.PRICED: (1, 1)}
    assert (spent.priced, spent.requests) == counted[billing]
