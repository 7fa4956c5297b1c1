"""The catalogue as windows ask it: the real one, whole."""

from __future__ import annotations

import time

from app.services.catalogue_search import CatalogueSearch
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.config.settings import ProviderSettings


def test_it_knows_nothing_until_it_was_read_in_a_thread_of_its_own() -> None:
    slow = CatalogueSearch(ModelCatalogue(), {})
    assert not slow.ready
    assert slow.facts("openai/gpt-4.1").window is None
    assert ready_within(slow, seconds=20)
    assert slow.facts("openai/gpt-4.1").window == 1_047_576


def ready_within(catalogue: CatalogueSearch, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if catalogue.ready:
            return True
        time.sleep(0.01)
    return False


def test_every_word_has_to_be_there_in_any_order(catalogue: CatalogueSearch) -> None:
    found = [facts.id for facts in catalogue.search("4.1 GPT mini", 50)]
    assert "openai/gpt-4.1-mini" in found
    assert all("gpt" in id_.lower() and "4.1" in id_ and "mini" in id_ for id_ in found)


def test_a_search_of_the_whole_catalogue_takes_less_than_50_ms(catalogue: CatalogueSearch) -> None:
    for words in ("", "g", "claude", "no such model at all"):
        best = min(_seconds(catalogue, words) for _ in range(5))
        assert best < 0.05, words


def _seconds(catalogue: CatalogueSearch, words: str) -> float:
    began = time.perf_counter()
    catalogue.search(words, 200)
    return time.perf_counter() - began


def test_prices_of_fine_tuned_models_are_no_models(catalogue: CatalogueSearch) -> None:
    assert not [facts.id for facts in catalogue.search("gpt", 5000) if "ft:" in facts.id]
    assert [facts.id for facts in catalogue.search("ft:gpt", 50) if "ft:" in facts.id]


def test_no_more_than_was_asked_for(catalogue: CatalogueSearch) -> None:
    assert len(catalogue.search("", 7)) == 7


def test_every_provider_is_listed_once(catalogue: CatalogueSearch) -> None:
    ids = [provider.id for provider in catalogue.providers()]
    assert len(ids) == len(set(ids)) > 100
    assert ids[0] == "openai"
    assert "gateway" in ids


def test_it_follows_the_settings() -> None:
    own = CatalogueSearch(ModelCatalogue(), {})
    assert own.provider("mine") is None
    own.follow({"mine": ProviderSettings(name="Mine", base_url="http://127.0.0.1:9/v1", custom=True)})
    provider = own.provider("mine")
    assert provider is not None
    assert provider.name == "Mine"
