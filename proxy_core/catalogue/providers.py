"""The providers under the user's settings: the known ones, as changed, and custom ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never
from urllib.parse import urlsplit

from proxy_core.catalogue import litellm_data
from proxy_core.catalogue.provider_table import DIRECT_BASE_URLS, PROVIDERS, RELAY_BASE_URLS, SAME_AS
from proxy_core.catalogue.values import Provider
from proxy_core.config.environment import is_loopback
from proxy_core.config.settings import Engine, ProviderSettings


class Providers:
    """All providers under one set of settings. Cheap to construct; a new one replaces it when the settings change."""

    def __init__(self, settings: Mapping[str, ProviderSettings]) -> None:
        self._settings = settings
        self._made: dict[str, Provider | None] = {}

    def get(self, id_: str) -> Provider | None:
        """Return the provider with this id; None if there is none."""
        if id_ not in self._made:
            self._made[id_] = self._make(id_)
        return self._made[id_]

    def known(self, id_: str) -> bool:
        """Return whether there is a provider with this id."""
        return self.get(id_) is not None

    def all(self) -> tuple[Provider, ...]:
        """Return the providers to show, each once: those of the table, then those of the settings."""
        named = [id_ for id_ in PROVIDERS if id_ not in SAME_AS]
        named += [id_ for id_ in self._settings if id_ not in named]
        return tuple(provider for id_ in named if (provider := self.get(id_)))

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all providers, those that only LiteLLM knows included."""
        return tuple(dict.fromkeys((*PROVIDERS, *self._settings, *litellm_data.other_providers())))

    def base_url_variables(self) -> Mapping[str, str]:
        """Return the environment variables for base URLs with their provider's id, the usual one first."""
        return {variable: provider.id for provider in self.all() for variable in provider.base_url_variables}

    def _make(self, id_: str) -> Provider | None:
        chosen = self._settings.get(id_)
        known = PROVIDERS.get(id_) or _other(id_)
        if chosen is None:
            return known
        if chosen.custom or known is None:
            return _custom(id_, chosen)
        return _changed(known, chosen)


def _other(id_: str) -> Provider | None:
    return litellm_data.other_providers().get(id_)


def _custom(id_: str, chosen: ProviderSettings) -> Provider | None:
    """Return a custom provider; None if the settings have no base URL for it."""
    if not chosen.base_url:
        return None
    variable = "".join(c if c.isalnum() else "_" for c in id_).upper()
    return Provider(
        id=id_,
        name=chosen.name or id_,
        engine=chosen.engine or Engine.DIRECT,
        base_url=chosen.base_url.rstrip("/"),
        key_variables=(f"{variable}_API_KEY",),
        base_url_variables=(f"{variable}_BASE_URL",),
        needs_key=False,  # its server may require one, and then says so
        local=_is_local(chosen.base_url),
        custom=True,
    )


def _changed(known: Provider, chosen: ProviderSettings) -> Provider:
    """Return ``known`` with the user's name, engine and base URL, and what follows from them."""
    engine = chosen.engine or known.engine
    changed = replace(known, name=chosen.name or known.name, engine=engine)
    if chosen.base_url:
        base_url = chosen.base_url.rstrip("/")
        if known.local and not urlsplit(base_url).path:
            base_url += "/v1"  # LiteLLM's variables for local servers are given without it
        local = _is_local(base_url)
        return replace(changed, base_url=base_url, local=local, needs_key=known.needs_key and not local)
    match engine:
        case known.engine:
            return changed
        case Engine.RELAY:
            return replace(changed, base_url=RELAY_BASE_URLS.get(known.id, known.base_url))
        case Engine.DIRECT:
            return replace(changed, base_url=DIRECT_BASE_URLS.get(known.id, known.base_url))
        case Engine.LITELLM:
            return replace(changed, base_url=known.base_url if known.local else "")
        case Engine.DEMO:
            return replace(changed, base_url="", needs_key=False)
        case _:
            assert_never(engine)


def _is_local(base_url: str) -> bool:
    return is_loopback(urlsplit(base_url).hostname or "")
