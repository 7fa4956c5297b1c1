"""What an answer cost: what is not known is not free, and the sums are those that a person works out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.values import ModelFacts
from proxy_core.config.settings import Price
from proxy_core.ledger.pricing import Cost, cost, is_free, price_of
from proxy_core.ledger.request_events import AttemptMade, RecordedUsage, RequestRecord, State
from proxy_core.ledger.rows import Billing, billing_of
from proxy_core.upstream.usage_reading import UsageReading
from tests.ledger.price_cases import (
    CASES,
    KNOWN,
    MONDAY_AT_EIGHT,
    MONDAY_AT_ELEVEN_AT_NIGHT,
    SETTINGS,
    chat,
    prompt,
)

USAGE = RecordedUsage(input=1_000, output=100, cache_read=10_000, cache_write=2_000)
A_CENT = 0.01


def record(model: str, usage: RecordedUsage | None = USAGE, **more: Any) -> RequestRecord:
    provider, _, name = model.partition("/")
    return replace(
        RequestRecord(
            "r", MONDAY_AT_EIGHT, "/v1/messages", provider=provider, model=name, state=State.DONE, status=200
        ),
        usage=usage,
        **more,
    )


@pytest.mark.parametrize("name", CASES)
def test_the_sums_are_those_worked_out_by_hand(name: str) -> None:
    case = CASES[name]
    usage, told = case.heard
    found = price_of(record(case.model, usage, cost=told, began=case.at), KNOWN, SETTINGS)
    assert found is not None
    assert found.usd == pytest.approx(case.usd, abs=A_CENT / 10_000)
    assert found.estimated is case.estimated


@pytest.mark.parametrize(
    "unpriced",
    [
        record("openrouter/some/model"),  # no figure came
        record("my-box/other"),
        record("no-such-provider/m"),
        record("gemini/gemini-preview"),  # the list has zero for what it does not know
        record("openai/gpt-4.1", None),  # an answer without counts
        record("openai/gpt-4.1", None, state=State.CANCELLED, status=499),
        record("anthropic/claude-sonnet-4-5", flat=True),  # a subscription pays
        record("xai/grok-4", replace(USAGE, searches=1)),  # nobody says what a search costs there
        record(
            "openai/gpt-4.1", None, state=State.FAILED, status=504, attempts=(AttemptMade("r", 0.0, 1, None, "late"),)
        ),
        record("openai/gpt-4.1", None, state=State.FAILED, status=200, attempts=(AttemptMade("r", 0.0, 1, 200),)),
        record("openai/gpt-4.1", None, state=State.FAILED, status=529),  # stopped while it was asked
    ],
    ids=lambda each: f"{each.provider}/{each.model} {each.state}",
)
def test_what_is_not_known_is_not_free(unpriced: RequestRecord) -> None:
    assert price_of(unpriced, KNOWN, SETTINGS) is None


def failed(status: int, *attempts: int | None, sent: bool = True, **more: Any) -> RequestRecord:
    """A request that came to no answer, after tries that ended with these statuses."""
    tries = tuple(AttemptMade("r", 0.0, number, each, "no", sent=sent) for number, each in enumerate(attempts, 1))
    return record("openai/gpt-4.1", None, state=State.FAILED, status=status, attempts=tries, **more)


@pytest.mark.parametrize(
    "refused",
    [
        record("openai/gpt-4.1", None, path="/v1/messages/count_tokens"),
        failed(502, 500, path="/v1/messages/count_tokens"),
        failed(402),
        failed(400),
        failed(503),
        failed(400, 401),
        failed(429, 429, 429, 429),
        failed(529, 529),
        failed(529, 503, 529),
        failed(200, 429, 429, error_type="rate_limit_error"),
        failed(502, None, sent=False),
        failed(400, 400, flat=True),
    ],
    ids=[
        *("counted", "count failed", "our budget", "no key", "keyring locked", "refused", "limited"),
        *("overloaded", "unavailable, then overloaded"),
        *("limited after a ping", "unreachable", "a subscription's"),
    ],
)
def test_what_no_provider_took_is_not_billed_which_is_no_price_of_zero(refused: RequestRecord) -> None:
    assert price_of(refused, KNOWN, SETTINGS) is None
    assert billing_of(refused, None) is Billing.NOT_BILLED


@pytest.mark.parametrize(
    "doubtful",
    [
        failed(502, 500),
        failed(504, 524),
        failed(504, 408),
        failed(504, None),
        failed(429, 500, 429),
        failed(200, 200),
        failed(500),
        failed(529),
        failed(529, 429, error_type="overloaded_error"),
        record(
            "openai/gpt-4.1", None, state=State.CANCELLED, status=499, attempts=(AttemptMade("r", 0.0, 1, 429, "no"),)
        ),
    ],
    ids=[
        *("5xx", "gateway timeout", "request timeout", "no answer", "5xx, then refused", "cut"),
        *("a fault of ours", "stopped", "stopped during the second try", "left"),
    ],
)
def test_where_a_provider_may_have_worked_nothing_is_said_to_be_free(doubtful: RequestRecord) -> None:
    assert price_of(doubtful, KNOWN, SETTINGS) is None
    assert billing_of(doubtful, None) is Billing.UNPRICED


def test_a_failed_request_is_billed_by_the_tokens_that_were_counted() -> None:
    cut = failed(200, 200, error_type="api_error")
    cut = replace(cut, usage=RecordedUsage(input=1_000_000))
    priced = price_of(cut, KNOWN, SETTINGS)
    assert priced == Cost(2.0, estimated=True)
    assert billing_of(cut, 2.0) is Billing.PRICED


def test_what_was_cut_costs_nothing_where_nothing_costs() -> None:
    """A local model's answer that its client did not wait for tells no tokens; a cloud's has still been billed."""
    cut = {"state": State.CANCELLED, "status": 200}
    assert price_of(record("ollama/qwen3:8b", None, **cut), KNOWN, SETTINGS) == Cost(0.0, estimated=True)
    assert price_of(record("openai/gpt-4.1", None, **cut), KNOWN, SETTINGS) is None
    dear = replace(SETTINGS, prices={"ollama/qwen3:8b": Price(2.0)})
    assert price_of(record("ollama/qwen3:8b", None, **cut), KNOWN, dear) is None


def test_what_is_said_comes_before_what_is_listed() -> None:
    said = replace(SETTINGS, prices={"openai/gpt-4.1": Price(1.0, 1.0)})
    usage = RecordedUsage(input=1_000_000)
    assert price_of(record("openai/gpt-4.1", usage), KNOWN, said) == Cost(1.0, estimated=True)
    assert price_of(record("openai/gpt-4.1", usage, cost=0.5), KNOWN, said) == Cost(0.5, estimated=False)
    assert price_of(record("ollama/qwen3:8b", usage), KNOWN, replace(said, prices={"ollama/qwen3:8b": Price(2.0)})) == (
        Cost(2.0, estimated=True)
    )


ABSURD: list[Any] = [1e308, 10**400, 1_000_001, -1, -0.5, float("nan"), float("inf"), "0.5", True, [0.5], None]


@pytest.mark.parametrize("figure", ABSURD, ids=lambda each: repr(each)[:12])
def test_a_figure_that_cannot_be_a_cost_is_as_good_as_none(figure: Any) -> None:
    """It would use up a budget, or spoil each sum it stands in: the tokens have a price."""
    own = chat(prompt(1_000, 100, cost=figure))
    in_ticks = chat(prompt(1_000, 100, cost_in_usd_ticks=figure if figure != 1_000_001 else 10**17))
    total = chat(prompt(1_000, 100, cost={"total_cost": figure}))
    makers = chat(prompt(1_000, 100, cost=0.5, is_byok=True, cost_details={"upstream_inference_cost": figure or -1}))
    for usage, said in (own, in_ticks, total, makers):
        priced = price_of(record("openai/gpt-4.1", usage, cost=said), KNOWN, SETTINGS)
        assert priced is not None
        assert priced.usd == pytest.approx(0.0028)
        assert priced.estimated
    relayed = UsageReading()
    relayed.feed(b"data: " + json.dumps({"type": "message_delta", "usage": {"cost": figure}}).encode() + b"\n\n")
    assert relayed.cost is None


@pytest.mark.parametrize("count", [10**12, 10**30, float("inf")])
def test_absurd_counts_of_tokens_make_no_cost(count: Any) -> None:
    usage, said = chat(prompt(count, 1))
    assert usage is not None
    assert price_of(record("openai/gpt-4.1", usage, cost=said), KNOWN, SETTINGS) is None


@pytest.mark.parametrize(
    ("model", "free"),
    [
        ("ollama/qwen3:8b", True),
        ("demo/fast", True),
        ("lm_studio/qwen3", True),
        ("vllm/qwen3", True),
        ("litellm_proxy/gpt-4.1", False),  # on one's own machine, but others answer
        ("my-box/gift", True),
        ("my-box/other", False),
        ("gemini/gemini-preview", False),
        ("openai/gpt-4.1", False),
    ],
)
def test_free_is_only_what_is_certain_to_be(model: str, free: bool) -> None:
    provider, _, name = model.partition("/")
    assert is_free(provider, name, KNOWN, SETTINGS) is free


@pytest.mark.parametrize(
    ("hours", "weekdays", "at", "open_"),
    [
        ("22:00-06:00", [1], MONDAY_AT_ELEVEN_AT_NIGHT, True),
        ("22:00-09:00", [7], MONDAY_AT_EIGHT, True),  # Sunday's night is not over
        ("22:00-08:00", [7], MONDAY_AT_EIGHT, False),  # now it is
        ("22:00-09:00", [1], MONDAY_AT_EIGHT, False),
        ("08:00-09:00", None, MONDAY_AT_EIGHT, True),
        ("nonsense", None, MONDAY_AT_EIGHT, False),
    ],
)
def test_quiet_hours_may_last_over_midnight(hours: str, weekdays: Any, at: float, open_: bool) -> None:
    rule = {"hours_utc": hours, **({"weekdays": weekdays} if weekdays else {})}
    entry = {
        "litellm_provider": "deepseek",
        "mode": "chat",
        "input_cost_per_token": 2e-6,
        "output_cost_per_token": 2e-6,
        "off_peak_pricing": {"input_cost_per_token": 1e-6, "windows": [rule]},
    }
    model = ModelCatalogue(lambda: [("deepseek/m", entry)]).facts("deepseek", "m")
    assert cost(RecordedUsage(input=1_000_000), model, at) == (1.0 if open_ else 2.0)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        (ModelFacts("p/x"), None),
        (ModelFacts("p/x", input_price=1e-6), None),
        (ModelFacts("p/x", output_price=1e-6), None),
        (ModelFacts("p/x", input_price=0.0, output_price=0.0), 0.0),
        (ModelFacts("p/x", input_price=2e-6, output_price=8e-6), 0.0268),
        (
            ModelFacts("p/x", input_price=2e-6, output_price=8e-6, cache_read_price=5e-7, cache_write_price=4e-6),
            0.002 + 0.0008 + 0.005 + 0.008,
        ),
    ],
)
def test_tokens_times_price(model: ModelFacts, dollars: float | None) -> None:
    found = cost(USAGE, model)
    assert found is None if dollars is None else found == pytest.approx(dollars)


@pytest.mark.parametrize(
    "odd",
    [
        {"tiered_pricing": "no"},
        {"tiered_pricing": [3, {"range": []}, {"input_cost_per_token": 1e-6, "range": ["a"]}]},
        {"off_peak_pricing": {"windows": [None, {"weekdays": ["mon"], "hours_utc": [7]}]}},
        {"search_context_cost_per_query": [1]},
        {"provider_specific_entry": {"fast": "twice"}},
        {"input_cost_per_token": True},
    ],
)
def test_an_odd_price_harms_nobody(odd: dict[str, Any]) -> None:
    model = ModelCatalogue(lambda: [("m", {"litellm_provider": "openai", "mode": "chat", **odd})]).facts("openai", "m")
    assert model.input_price is None
    assert cost(USAGE, model, MONDAY_AT_EIGHT) is None
