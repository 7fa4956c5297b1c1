"""The catalogue as windows ask it: read once in a thread of its own, then searched in about a millisecond."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from itertools import islice
from typing import Final

from proxy_core.catalogue.known import Known
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.provider_table import SAME_AS
from proxy_core.catalogue.values import ModelFacts, Provider
from proxy_core.config.settings import ProviderSettings

_ALL: Final = sys.maxsize
_TUNED: Final = "ft:"


class CatalogueSearch:
    """Implements :class:`app.state.catalogue_port.Catalogue` over ``proxy_core.catalogue``.

    ``models`` may be the proxy's own: it is large, and one is enough. Call :meth:`read` off Qt's thread; where nobody
    did, the first question has a thread do it, and is answered with nothing.
    """

    def __init__(self, models: ModelCatalogue, settings: Mapping[str, ProviderSettings]) -> None:
        self._known = Known(settings, models)
        self._read = threading.Event()
        self._reading = threading.Lock()
        self._reader: threading.Thread | None = None

    def read(self) -> None:
        """Read the models and the providers now: some 50 ms. From any thread, as often as one likes.

        Raises ValueError when a data file is not the JSON it should be.
        """
        with self._reading:
            if not self._read.is_set():
                self._known.models.search("", limit=1)
                self._known.providers.ids()
                self._read.set()

    def follow(self, settings: Mapping[str, ProviderSettings]) -> None:
        """Know the providers as these settings have them from now on."""
        self._known = Known(settings, self._known.models)

    @property
    def ready(self) -> bool:
        """Whether the models were read."""
        if not self._read.is_set() and self._reader is None:
            self._reader = threading.Thread(target=self.read, name="catalogue", daemon=True)
            self._reader.start()
        return self._read.is_set()

    def search(self, words: str, limit: int) -> tuple[ModelFacts, ...]:
        """The models whose id holds every one of ``words``, the best known providers first.

        Prices of fine-tuned models are among them only where ``words`` ask for them: nobody can call those names.
        """
        if not self.ready:
            return ()
        found = self._known.models.search(words, _ALL)
        return tuple(islice((model for model in found if _TUNED in words or _TUNED not in model.id), limit))

    def facts(self, model_id: str) -> ModelFacts:
        """What is known of ``provider/name``."""
        provider, _, name = model_id.partition("/")
        return self._known.model(provider, name) if self.ready else ModelFacts(model_id)

    def provider(self, id_: str) -> Provider | None:
        """The provider of this id."""
        return self._known.provider(id_)

    def providers(self) -> tuple[Provider, ...]:
        """Every provider there is, LiteLLM's others last."""
        providers = self._known.providers
        named = (providers.get(id_) for id_ in providers.ids() if id_ not in SAME_AS)
        return tuple(provider for provider in named if provider is not None)
