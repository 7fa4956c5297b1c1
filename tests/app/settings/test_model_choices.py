"""What a picker offers, as values."""

from __future__ import annotations

import pytest

from app.services.catalogue_search import CatalogueSearch
from app.widgets.model_choices import ModelChoice, ModelMark, ModelOffer, choices, wrong_provider

REACHED = frozenset({"openai/gpt-4.1", "openai/gpt-4.1-mini"})
LOCAL = ("ollama/qwen3-coder:30b",)


def offered(words: str, catalogue: CatalogueSearch, none: str = "") -> tuple[ModelChoice, ...]:
    return choices(words, catalogue, ModelOffer(REACHED, LOCAL, none))


def test_without_words_what_is_really_there_comes_first(catalogue: CatalogueSearch) -> None:
    found = offered("", catalogue, "Same as BIG")
    assert [choice.mark for choice in found[:5]] == [
        ModelMark.NONE,
        ModelMark.PASSTHROUGH,
        ModelMark.LOCAL,
        ModelMark.REACHED,
        ModelMark.REACHED,
    ]
    assert found[5].mark is ModelMark.KNOWN


def test_a_model_is_offered_once(catalogue: CatalogueSearch) -> None:
    values = [choice.value for choice in offered("gpt-4.1", catalogue)]
    assert len(values) == len(set(values))


def test_words_leave_only_what_has_them_all(catalogue: CatalogueSearch) -> None:
    found = offered("qwen coder", catalogue)
    assert found[0] == ModelChoice(LOCAL[0], ModelMark.LOCAL, catalogue.facts(LOCAL[0]), "Ollama")
    assert all("qwen" in choice.value.lower() and "coder" in choice.value.lower() for choice in found)


def test_what_was_typed_exactly_stands_first_and_only_once(catalogue: CatalogueSearch) -> None:
    found = offered("openai/gpt-4.1", catalogue)
    assert (found[0].value, found[0].mark) == ("openai/gpt-4.1", ModelMark.REACHED)
    assert ModelMark.TYPED not in {choice.mark for choice in found}


def test_a_beginning_of_known_names_is_the_last_choice(catalogue: CatalogueSearch) -> None:
    found = offered("openai/gpt-4.", catalogue)
    assert found[-1].mark is ModelMark.TYPED
    assert found[0].mark is not ModelMark.TYPED


def test_a_new_name_of_a_known_provider_may_be_used(catalogue: CatalogueSearch) -> None:
    assert [choice.mark for choice in offered("openai/my-own-tune", catalogue)] == [ModelMark.TYPED]


@pytest.mark.parametrize("typed", ["gpt", "openai/", "/gpt", "openai/gpt 4"])
def test_what_is_no_whole_id_is_no_choice(typed: str, catalogue: CatalogueSearch) -> None:
    assert wrong_provider(typed, catalogue) is None
    assert ModelMark.TYPED not in {choice.mark for choice in offered(typed, catalogue)}


def test_an_unknown_provider_is_named(catalogue: CatalogueSearch) -> None:
    assert wrong_provider("nobody/gpt", catalogue) == "nobody"
    assert wrong_provider("openai/gpt", catalogue) == ""


def test_passthrough_is_found_by_its_name_and_can_be_left_out(catalogue: CatalogueSearch) -> None:
    assert offered("passth", catalogue)[0].mark is ModelMark.PASSTHROUGH
    assert choices("", catalogue, ModelOffer(passthrough=False))[0].mark is ModelMark.KNOWN
