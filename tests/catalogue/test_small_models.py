"""Which small model stands beside a big one."""

from __future__ import annotations

import pytest

from proxy_core.catalogue.known import Known
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.small_models import small_model
from proxy_core.catalogue.values import ModelFacts
from proxy_core.config.settings import ProviderSettings


def listed(provider: str, *models: tuple[str, float | None], tools: bool | None = True) -> list[ModelFacts]:
    return [ModelFacts(f"{provider}/{name}", tools=tools, output_price=price) for name, price in models]


OPENAI = listed(
    "openai",
    ("gpt-4o", 10.0),
    ("gpt-4o-mini", 0.6),
    ("gpt-4o-mini-2024-07-18", 0.6),
    ("gpt-4.1", 8.0),
    ("gpt-4.1-mini", 1.6),
    ("gpt-5", 10.0),
    ("gpt-5-2025-08-07", 10.0),
    ("gpt-5-mini", 2.0),
    ("gpt-5-nano", 0.4),
    ("gpt-audio-mini", 0.1),
    ("gpt-6-sol", 10.0),
    ("gpt-6-luna", 0.5),
    ("o4-mini", 4.4),
)


@pytest.mark.parametrize(
    ("big", "small"),
    [
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4.1", "gpt-4.1-mini"),
        ("gpt-5", "gpt-5-mini"),
        ("gpt-5-2025-08-07", "gpt-5-mini"),
        ("gpt-6-sol", "gpt-6-luna"),
        ("gpt-5-mini", "gpt-5-mini"),
        ("gpt-5-nano", ""),  # all of the tier that are old enough are dearer
        ("my-own-model", ""),
    ],
)
def test_it_is_the_newest_that_is_no_newer_and_no_dearer_than_big(big: str, small: str) -> None:
    assert small_model("openai", big, OPENAI) == small


def test_a_name_without_a_version_takes_the_newest() -> None:
    gemini = listed("gemini", ("gemini-pro-latest", 12.0), ("gemini-2.5-flash", 2.5), ("gemini-3-flash-preview", 3.0))
    assert small_model("gemini", "gemini-pro-latest", gemini) == "gemini-3-flash-preview"


def test_what_takes_no_tools_or_has_no_price_is_not_taken() -> None:
    big = listed("zai", ("glm-4.6", 2.2))
    assert small_model("zai", "glm-4.6", [*big, *listed("zai", ("glm-4.5-air", 1.1), tools=False)]) == ""
    assert small_model("zai", "glm-4.6", [*big, *listed("zai", ("glm-4.5-flash", 0.0), ("glm-4.5-air", None))]) == ""


def test_a_cloud_keeps_to_the_maker_of_big() -> None:
    cloud = listed("vertex_ai", ("gemini-2.5-pro", 10.0), ("gemini-2.5-flash", 2.5), ("claude-opus-4", 75.0))
    assert small_model("vertex_ai", "gemini-2.5-pro", cloud) == "gemini-2.5-flash"
    assert small_model("vertex_ai", "claude-opus-4", cloud) == ""


@pytest.fixture(scope="module")
def models() -> ModelCatalogue:
    return ModelCatalogue()


@pytest.mark.parametrize(
    ("provider", "big"),
    [
        ("openai", "gpt-4.1"),
        ("openai", "gpt-5"),
        ("anthropic", "claude-sonnet-4-5"),
        ("gemini", "gemini-2.5-pro"),
        ("vertex_ai", "gemini-2.5-pro"),
        ("deepseek", "deepseek-v4-pro"),
        ("mistral", "mistral-large-latest"),
        ("zai", "glm-5.3"),
    ],
)
def test_each_tier_is_in_the_catalogue(models: ModelCatalogue, provider: str, big: str) -> None:
    small = Known({}, models).small_model(provider, big)
    facts = models.facts(provider, small)
    assert small
    assert small != big
    assert facts.tools
    assert (facts.output_price or 0) <= (models.facts(provider, big).output_price or 0)


def test_local_servers_gateways_and_the_users_own_have_none(models: ModelCatalogue) -> None:
    own = {"my-box": ProviderSettings(base_url="http://10.0.0.2/v1", custom=True)}
    known = Known({**own, "openai": ProviderSettings(base_url="http://10.0.0.2/v1", custom=True)}, models)
    for id_, big in (("ollama", "qwen3"), ("openrouter", "openai/gpt-5"), ("my-box", "x"), ("openai", "gpt-5")):
        assert known.small_model(id_, big) == ""
