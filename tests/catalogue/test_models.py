"""What is known of models: the real price list, its spellings, and what stays unknown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from proxy_core.catalogue.litellm_data import model_entries
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.catalogue.values import ModelFacts
from proxy_core.config.settings import DEFAULT_ROLES


@pytest.fixture(scope="module")
def models() -> ModelCatalogue:
    return ModelCatalogue()


def listing(**entries: dict[str, Any]) -> ModelCatalogue:
    """A catalogue of a few entries; ``__`` in a name stands for ``/``."""

    def read() -> Iterable[tuple[str, Any]]:
        return [(name.replace("__", "/"), entry) for name, entry in entries.items()]

    return ModelCatalogue(read)


def test_the_default_models_are_known_in_full(models: ModelCatalogue) -> None:
    for model in DEFAULT_ROLES.values():
        provider, _, name = model.partition("/")
        facts = models.facts(provider, name)
        assert facts.id == model
        assert facts.window is not None
        assert facts.window >= 128_000
        assert facts.max_output
        assert facts.vision
        assert facts.tools
        assert not facts.responses_only
        assert facts.input_price
        assert facts.output_price
        assert facts.output_price > facts.input_price


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("openai", "gpt-4.1"),
        ("openai", "gpt-4.1-2025-04-14"),
        ("anthropic", "claude-sonnet-4-5"),
        ("gemini", "gemini-2.5-pro"),
        ("vertex_ai", "gemini-2.5-pro"),
        ("vertex_ai", "claude-sonnet-4-5"),
        ("azure", "gpt-4.1"),
        ("bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("deepseek", "deepseek-chat"),
        ("xai", "grok-4.3"),
        ("groq", "openai/gpt-oss-120b"),
        ("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("zai", "glm-4.6"),
    ],
)
def test_every_spelling_of_the_list_is_found(models: ModelCatalogue, provider: str, name: str) -> None:
    facts = models.facts(provider, name)
    assert facts.id == f"{provider}/{name}"
    assert facts.window
    assert facts.input_price


def test_unknown_is_not_zero(models: ModelCatalogue) -> None:
    assert models.facts("openai", "no-such-model") == ModelFacts("openai/no-such-model")
    assert models.facts("my-box", "gpt-4.1") == ModelFacts("my-box/gpt-4.1")


def test_nothing_that_is_no_chat_model_is_listed(models: ModelCatalogue) -> None:
    assert models.facts("openai", "text-embedding-3-small").window is None
    assert models.facts("openai", "dall-e-3").window is None
    assert not models.search("sample_spec")


def test_a_dated_name_has_the_undated_ones_facts() -> None:
    models = listing(openai__gpt={"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 9})
    for name in ("gpt", "gpt-2026-01-31", "gpt-20260131", "gpt@20260131", "gpt-latest"):
        assert models.facts("openai", name) == ModelFacts(f"openai/{name}", window=9)
    for name in ("gpt-4", "gpt-2026", "gpt-mini-2026-01-31", "latest"):
        assert models.facts("openai", name).window is None


def test_a_dated_name_that_is_listed_has_its_own() -> None:
    entry = {"litellm_provider": "openai", "mode": "chat"}
    models = ModelCatalogue(lambda: [("m", {**entry, "max_tokens": 1}), ("m-2026-01-31", {**entry, "max_tokens": 2})])
    assert models.facts("openai", "m-2026-01-31").window == 2


def test_one_entry_becomes_facts() -> None:
    models = listing(
        m={
            "litellm_provider": "openai",
            "mode": "chat",
            "max_input_tokens": 100,
            "max_output_tokens": 10,
            "max_tokens": 10,
            "supports_vision": True,
            "supports_pdf_input": False,
            "supports_function_calling": True,
            "input_cost_per_token": 1e-6,
            "output_cost_per_token": 0,
            "cache_read_input_token_cost": 1e-7,
            "cache_creation_input_token_cost": 2e-6,
        }
    )
    assert models.facts("openai", "m") == ModelFacts(
        "openai/m",
        window=100,
        max_output=10,
        vision=True,
        pdf=False,
        tools=True,
        input_price=1e-6,
        output_price=0.0,
        cache_read_price=1e-7,
        cache_write_price=2e-6,
    )


@pytest.mark.parametrize("odd", [None, 3, "text", [], {}, {"mode": "chat"}, {"mode": "chat", "litellm_provider": None}])
def test_an_odd_entry_harms_nobody(odd: Any) -> None:
    models = ModelCatalogue(
        lambda: [("odd", odd), ("m", {"litellm_provider": "openai", "mode": "chat", "max_tokens": 5})]
    )
    assert models.facts("openai", "m").window == 5


@pytest.mark.parametrize("value", ["128k", 0, -1, None, "", [1]])
def test_a_window_that_is_no_number_is_unknown(value: Any) -> None:
    models = listing(m={"litellm_provider": "openai", "mode": "chat", "max_input_tokens": value})
    assert models.facts("openai", "m").window is None


@pytest.mark.parametrize(
    ("name", "only", "for_tools"),
    [
        ("gpt-4.1", False, False),
        ("gpt-5", False, False),
        ("gpt-5.2", False, False),
        ("gpt-5-codex", True, False),
        ("gpt-5-pro", True, False),
        ("o3-pro", True, False),
        ("computer-use-preview", True, False),
        ("gpt-5.4", False, True),
        ("gpt-5.4-mini", False, True),
        ("gpt-5.4-2026-03-05", False, True),
        ("gpt-5.4-pro", True, True),
    ],
)
def test_which_openai_models_need_the_responses_api(
    models: ModelCatalogue, name: str, only: bool, for_tools: bool
) -> None:
    facts = models.facts("openai", name)
    assert (facts.responses_only, facts.responses_for_tools) == (only, for_tools)


@pytest.mark.parametrize("name", ["anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5:free"])
def test_a_gateways_model_has_its_makers_abilities_but_not_its_prices(models: ModelCatalogue, name: str) -> None:
    facts = models.facts("openrouter", name)
    maker = models.facts("anthropic", "claude-sonnet-4-5")
    assert facts.id == f"openrouter/{name}"
    assert (facts.window, facts.max_output, facts.vision, facts.tools) == (
        maker.window,
        maker.max_output,
        maker.vision,
        maker.tools,
    )
    assert (facts.input_price, facts.output_price, facts.cache_read_price, facts.cache_write_price) == (None,) * 4


def test_behind_a_gateway_chat_completions_are_enough(models: ModelCatalogue) -> None:
    assert not models.facts("openrouter", "openai/gpt-5.4").responses_for_tools
    assert not models.facts("openrouter", "openai/gpt-5-codex").responses_only


def test_an_open_models_host_sets_its_window(models: ModelCatalogue) -> None:
    """Who serves it behind OpenRouter is not known, and neither is what they give."""
    assert models.facts("openrouter", "qwen/qwen3-235b-a22b").window is None
    assert models.facts("openrouter", "auto") == ModelFacts("openrouter/auto")


def test_a_local_models_window_is_its_servers_and_it_costs_nothing(models: ModelCatalogue) -> None:
    facts = models.facts("ollama", "llama3")
    assert (facts.window, facts.max_output) == (None, None)
    assert facts.input_price == 0.0


def test_the_demo_model(models: ModelCatalogue) -> None:
    facts = models.facts("demo", "anything")
    assert facts.id == "demo/anything"
    assert facts.window == 200_000
    assert facts.tools
    assert facts.vision is False
    assert (facts.input_price, facts.output_price) == (0.0, 0.0)
    assert "demo/understudy" in {found.id for found in models.search("demo")}


@pytest.mark.parametrize(
    ("name", "providers"),
    [
        ("gpt-4.1", ("openai",)),
        ("gemini-2.5-pro", ("gemini",)),
        ("claude-sonnet-4-5", ("anthropic",)),
        ("deepseek-chat", ("deepseek",)),
        ("glm-4.6", ("zai",)),
        ("mistral-large-latest", ("mistral",)),
        ("no-such-model", ()),
        ("", ()),
    ],
)
def test_whom_a_bare_name_means(models: ModelCatalogue, name: str, providers: tuple[str, ...]) -> None:
    assert models.providers_of(name) == providers


def test_a_bare_name_of_two_providers_means_both(models: ModelCatalogue) -> None:
    assert models.providers_of("qwen3-coder-plus") == ("dashscope", "qwencloud")


def test_words_in_any_order_and_case(models: ModelCatalogue) -> None:
    found = [facts.id for facts in models.search("FLASH gemini 2.5")]
    assert "gemini/gemini-2.5-flash" in found
    assert found == [facts.id for facts in models.search("2.5 Gemini flash")]
    assert all("flash" in id_.lower() and "gemini" in id_.lower() for id_ in found)
    assert models.search("flash no-such-word") == []


def test_the_best_known_providers_come_first(models: ModelCatalogue) -> None:
    rank = {provider: number for number, provider in enumerate(PROVIDERS)}
    ranks = [rank.get(facts.id.partition("/")[0], len(rank)) for facts in models.search("gpt", limit=10_000)]
    assert ranks == sorted(ranks)
    assert ranks[0] == 0


def test_a_search_gives_no_more_than_asked(models: ModelCatalogue) -> None:
    assert len(models.search("", limit=7)) == 7
    assert len(models.search("", limit=10_000)) > 3000


def test_the_list_is_read_once_and_not_before_it_is_needed() -> None:
    reads = 0

    def read() -> Iterable[tuple[str, Any]]:
        nonlocal reads
        reads += 1
        return model_entries()

    models = ModelCatalogue(read)
    assert models.facts("demo", "fast").tools
    assert reads == 0
    for _ in range(3):
        models.facts("openai", "gpt-4.1")
        models.search("gpt")
        models.providers_of("gpt-4.1")
    assert reads == 1
