"""Where a newcomer's models come from, and which of them they are offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.state.app_state import AppState, KeyPlace
from app.state.catalogue_port import Catalogue
from app.state.default_models import propose_models
from proxy_core.catalogue.values import Provider
from proxy_core.config.settings import Role

DEMO: Final = "demo"
_MOST: Final = 500
"""Models of one provider that are looked at."""


def keyed(state: AppState) -> tuple[Provider, ...]:
    """The providers whose key is there already, from the environment or an earlier start."""
    return tuple(
        provider
        for provider in state.providers
        if (key := state.keys.get(provider.id)) is not None and key.place is not KeyPlace.NONE
    )


def proposal(source: str, state: AppState, catalogue: Catalogue) -> Mapping[Role, str]:
    """The models proposed for a provider: out of those it really offers, else out of the catalogue's."""
    local = [model for server in state.local_servers if server.provider == source for model in server.models]
    reached = local or sorted(model for model in state.reached if model.startswith(f"{source}/"))
    known = [facts.id for facts in catalogue.search(f"{source}/", _MOST) if facts.id.startswith(f"{source}/")]
    return propose_models(source, reached or known, catalogue.facts)
