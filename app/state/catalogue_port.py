"""What windows ask the catalogue of models and providers, in their words."""

from __future__ import annotations

from typing import Protocol

from proxy_core.catalogue.values import ModelFacts, Provider


class Catalogue(Protocol):
    """Answers at once, in Qt's thread."""

    @property
    def ready(self) -> bool:
        """Whether the models were read. Until then :meth:`search` finds nothing and :meth:`facts` knows nothing."""
        ...

    def search(self, words: str, limit: int) -> tuple[ModelFacts, ...]:
        """The models whose id holds every one of ``words``, in any order and case; well within 50 ms."""
        ...

    def facts(self, model_id: str) -> ModelFacts:
        """What is known of ``provider/name``; all None for an unknown model."""
        ...

    def provider(self, id_: str) -> Provider | None:
        """The provider of this id, as the settings have it."""
        ...

    def providers(self) -> tuple[Provider, ...]:
        """Every provider there is, the best known first."""
        ...
