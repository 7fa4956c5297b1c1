"""The choices of a model picker for the words typed so far, in the order in which they are shown. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from app.state.catalogue_port import Catalogue
from proxy_core.catalogue.values import ModelFacts
from proxy_core.config.settings import PASSTHROUGH


class ModelMark(StrEnum):
    """The source of a choice."""

    NONE = "none"
    """No model: the role follows another one."""
    PASSTHROUGH = "passthrough"
    LOCAL = "local"
    REACHED = "reached"
    KNOWN = "known"
    TYPED = "typed"
    """Unknown, used as it was typed."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """``value`` is ``provider/name``, passthrough, or empty for no model."""

    value: str
    mark: ModelMark
    facts: ModelFacts = field(default_factory=lambda: ModelFacts(""))
    provider: str = ""


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """Choices besides the catalogue's models.

    ``reached`` are models that the keys can use, ``local`` those of local servers, as ``provider/name``. ``none`` is
    the label for no model, empty if that is no choice.
    """

    reached: frozenset[str] = frozenset()
    local: tuple[str, ...] = ()
    none: str = ""
    passthrough: bool = True


def choices(words: str, catalogue: Catalogue, offer: ModelOffer, limit: int = 200) -> tuple[ModelChoice, ...]:
    """Return at most ``limit`` choices for ``words``: local models, those the keys can use, then the catalogue's.

    The typed text is a choice if it is ``provider/name`` with a known provider; it comes first as soon as no known
    model starts with it.
    """
    wanted = words.lower().split()
    found = {choice.value: choice for choice in _special(wanted, offer)}
    for choice in _models(words, wanted, catalogue, offer, limit):
        found.setdefault(choice.value, choice)
    listed = list(found.values())[:limit]
    typed = words.strip()
    exact = [choice for choice in listed if choice.value == typed]
    if exact:
        return (*exact, *(choice for choice in listed if choice.value != typed))
    if wrong_provider(typed, catalogue) != "":
        return tuple(listed)
    own = _choice(typed, ModelMark.TYPED, catalogue)
    begun = any(choice.value.startswith(typed) for choice in listed)
    return (*listed, own) if begun else (own, *listed)


def wrong_provider(typed: str, catalogue: Catalogue) -> str | None:
    """Return the unknown provider in ``provider/name``; empty if it is known; None for any other text."""
    provider, slash, name = typed.partition("/")
    if not (provider and slash and name) or any(letter.isspace() for letter in typed):
        return None
    return "" if catalogue.provider(provider) else provider


def _special(wanted: list[str], offer: ModelOffer) -> Iterator[ModelChoice]:
    if offer.none and not wanted:
        yield ModelChoice("", ModelMark.NONE)
    if offer.passthrough and all(word in PASSTHROUGH for word in wanted):
        yield ModelChoice(PASSTHROUGH, ModelMark.PASSTHROUGH)


def _models(
    words: str, wanted: list[str], catalogue: Catalogue, offer: ModelOffer, limit: int
) -> Iterator[ModelChoice]:
    for mark, ids in ((ModelMark.LOCAL, offer.local), (ModelMark.REACHED, sorted(offer.reached))):
        yield from (_choice(id_, mark, catalogue) for id_ in _holding(ids, wanted))
    for facts in catalogue.search(words, limit):
        provider = catalogue.provider(facts.id.partition("/")[0])
        yield ModelChoice(facts.id, ModelMark.KNOWN, facts, provider.name if provider else "")


def _holding(ids: Iterable[str], wanted: list[str]) -> Iterator[str]:
    return (id_ for id_ in ids if all(word in id_.lower() for word in wanted))


def _choice(id_: str, mark: ModelMark, catalogue: Catalogue) -> ModelChoice:
    provider = catalogue.provider(id_.partition("/")[0])
    return ModelChoice(id_, mark, catalogue.facts(id_), provider.name if provider else "")
