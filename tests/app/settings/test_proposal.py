"""Which models a newcomer is offered."""

from __future__ import annotations

import pytest

from app.services.catalogue_search import CatalogueSearch
from app.state.default_models import propose_models
from proxy_core.catalogue.values import ModelFacts
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Role


def test_openai_has_the_defaults(catalogue: CatalogueSearch) -> None:
    reached = [facts.id for facts in catalogue.search("openai/", 500)]
    assert propose_models("openai", reached, catalogue.facts) == DEFAULT_ROLES


def test_a_favourite_that_the_key_does_not_reach_is_not_proposed(catalogue: CatalogueSearch) -> None:
    roles = propose_models("openai", ["openai/gpt-4.1-mini", "openai/gpt-4.1-nano"], catalogue.facts)
    assert set(roles.values()) <= {"openai/gpt-4.1-mini", "openai/gpt-4.1-nano"}
    assert roles[Role.SMALL] == "openai/gpt-4.1-mini"


def test_anthropic_passes_through(catalogue: CatalogueSearch) -> None:
    assert propose_models("anthropic", [], catalogue.facts) == dict.fromkeys(DEFAULT_ROLES, PASSTHROUGH)


def test_a_local_server_plays_with_what_it_has(catalogue: CatalogueSearch) -> None:
    roles = propose_models("ollama", ["ollama/my-model:7b"], catalogue.facts)
    assert roles == dict.fromkeys(DEFAULT_ROLES, "ollama/my-model:7b")


def test_nothing_known_and_no_favourite_is_no_proposal(catalogue: CatalogueSearch) -> None:
    assert propose_models("gateway", [], catalogue.facts) == {}
    assert set(propose_models("openrouter", [], catalogue.facts)) == set(DEFAULT_ROLES)


def test_facts_decide_where_there_is_no_favourite() -> None:
    facts = {
        "new/large": ModelFacts("new/large", window=200_000, tools=True, reasoning=False, output_price=8e-6),
        "new/small": ModelFacts("new/small", window=200_000, tools=True, reasoning=False, output_price=1e-6),
        "new/thinks": ModelFacts("new/thinks", window=200_000, tools=True, reasoning=True, output_price=5e-6),
        "new/dear": ModelFacts("new/dear", window=200_000, tools=True, reasoning=True, output_price=90e-6),
        "new/narrow": ModelFacts("new/narrow", window=8_000, tools=True, output_price=0.1e-6),
        "new/no-tools": ModelFacts("new/no-tools", window=200_000, tools=False, output_price=0.1e-6),
    }
    roles = propose_models("new", facts, facts.__getitem__)
    assert roles == {Role.BIG: "new/large", Role.SMALL: "new/small", Role.THINKER: "new/thinks"}


@pytest.mark.parametrize("provider", ["gemini", "deepseek", "groq", "mistral", "xai", "moonshot", "zai", "demo"])
def test_every_usual_provider_gets_a_proposal(provider: str, catalogue: CatalogueSearch) -> None:
    known = [facts.id for facts in catalogue.search(f"{provider}/", 500) if facts.id.startswith(f"{provider}/")]
    roles = propose_models(provider, known, catalogue.facts)
    assert set(roles) == set(DEFAULT_ROLES)
    assert set(roles.values()) <= set(known)
    assert catalogue.facts(roles[Role.BIG]).tools is not False
