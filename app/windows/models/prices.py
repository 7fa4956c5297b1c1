"""The prices that hold for this user, as windows ask for them: their own before the catalogue's, local models free."""

from __future__ import annotations

from app.state.catalogue_port import Catalogue
from proxy_core.catalogue.values import ModelFacts
from proxy_core.config.settings import Settings
from proxy_core.ledger import pricing


class _Listed:
    """The catalogue as pricing asks it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def model(self, provider: str, name: str) -> ModelFacts:
        return self._catalogue.facts(f"{provider}/{name}")


def tariff(model: str, catalogue: Catalogue, settings: Settings) -> ModelFacts | None:
    """``provider/name`` with its prices; None where there are none."""
    provider, _, name = model.partition("/")
    return pricing.tariff(provider, name, _Listed(catalogue), settings)


def has_no_price(model: str, catalogue: Catalogue, settings: Settings) -> bool:
    """Whether nobody knows what ``provider/name`` costs."""
    return bool(pricing.without_price([model], _Listed(catalogue), settings))
