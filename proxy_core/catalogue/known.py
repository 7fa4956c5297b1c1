"""All facts in one place: the providers under the user's settings, and their models."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.providers import Providers
from proxy_core.catalogue.small_models import small_model
from proxy_core.catalogue.values import ModelFacts, Provider
from proxy_core.config.settings import ProviderSettings


class Known:
    """The facts under one set of provider settings. ``models`` is shared, since it is large."""

    def __init__(self, settings: Mapping[str, ProviderSettings], models: ModelCatalogue) -> None:
        self.providers = Providers(settings)
        self.models = models
        self._facts = lru_cache(maxsize=512)(models.facts)
        self._small = lru_cache(maxsize=64)(self._find_small)

    def is_provider(self, name: str) -> bool:
        """Return whether a provider with this id exists."""
        return self.providers.known(name)

    def provider(self, id_: str) -> Provider | None:
        """Return a provider by its id, None if there is none."""
        return self.providers.get(id_)

    def model(self, provider: str, name: str) -> ModelFacts:
        """Return the facts about a model; all None if it is unknown."""
        return self._facts(provider, name)

    def providers_of(self, name: str) -> tuple[str, ...]:
        """Return the providers that know a model by this bare name."""
        return self.models.providers_of(name)

    def small_model(self, provider: str, big: str) -> str:
        """Return the small model of the provider that belongs to its model ``big``; empty if there is none."""
        return self._small(provider, big)

    def can_see(self, provider: str, name: str) -> bool | None:
        """Return whether a model takes images; None if that is unknown."""
        return self._facts(provider, name).vision

    def _find_small(self, provider: str, big: str) -> str:
        known = self.providers.get(provider)
        if known is None or known.custom:
            return ""
        return small_model(provider, big, self.models.of(provider))
