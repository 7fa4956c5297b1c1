"""All facts in one place: the providers as the user has them, and the models they have."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.providers import Providers
from proxy_core.catalogue.small_models import small_model
from proxy_core.catalogue.values import ModelFacts, Provider
from proxy_core.config.settings import ProviderSettings


class Known:
    """What exists under one set of provider settings; ``models`` is shared, since it is large."""

    def __init__(self, settings: Mapping[str, ProviderSettings], models: ModelCatalogue) -> None:
        self.providers = Providers(settings)
        self.models = models
        self._facts = lru_cache(maxsize=512)(models.facts)
        self._small = lru_cache(maxsize=64)(self._find_small)

    def is_provider(self, name: str) -> bool:
        """Whether a provider of this id exists."""
        return self.providers.known(name)

    def provider(self, id_: str) -> Provider | None:
        """A provider by its id."""
        return self.providers.get(id_)

    def model(self, provider: str, name: str) -> ModelFacts:
        """What is known of a model; all None for an unknown one."""
        return self._facts(provider, name)

    def providers_of(self, name: str) -> tuple[str, ...]:
        """The providers under which a bare name is known."""
        return self.models.providers_of(name)

    def small_model(self, provider: str, big: str) -> str:
        """The model of the provider's small tier that belongs to its model ``big``; empty where there is none."""
        return self._small(provider, big)

    def can_see(self, provider: str, name: str) -> bool | None:
        """Whether a model takes images; None when that is not known."""
        return self._facts(provider, name).vision

    def _find_small(self, provider: str, big: str) -> str:
        known = self.providers.get(provider)
        if known is None or known.custom:
            return ""
        return small_model(provider, big, self.models.of(provider))
