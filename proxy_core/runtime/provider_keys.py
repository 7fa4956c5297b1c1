"""The keys of many providers at once, with the keyring asked in one go and off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from proxy_core.catalogue.values import Provider
from proxy_core.config.keys import Keys
from proxy_core.config.secret import Secret
from proxy_core.errors import ConfigError


class ProviderKeys:
    """``from_dotenv`` names the providers whose base URL a ``.env`` file gave: no key of the keyring is theirs."""

    def __init__(self, keys: Keys, from_dotenv: Callable[[], frozenset[str]]) -> None:
        self._keys = keys
        self._from_dotenv = from_dotenv

    def at_hand(self, providers: Iterable[Provider]) -> Mapping[str, Secret]:
        """Those that are known without asking the keyring."""
        from_dotenv = self._from_dotenv()
        found = {
            provider.id: self._keys.peek(provider, base_url_from_dotenv=provider.id in from_dotenv)
            for provider in providers
        }
        return {id_: key.secret for id_, key in found.items() if key is not None and key.secret is not None}

    async def stored(self, providers: Sequence[Provider]) -> Mapping[str, Secret]:
        """Those that the keyring holds; none where it cannot be used, which whoever needs a key will be told."""
        return await asyncio.to_thread(self._stored, providers)

    def _stored(self, providers: Sequence[Provider]) -> dict[str, Secret]:
        from_dotenv = self._from_dotenv()
        unknown = {
            provider.id: provider
            for provider in providers
            if self._keys.peek(provider, base_url_from_dotenv=provider.id in from_dotenv) is None
        }
        try:
            held = self._keys.names(unknown)
        except ConfigError:  # no keyring, or a locked one
            return {}
        found = {id_: self._keys.for_provider(unknown[id_]).secret for id_ in held}
        return {id_: secret for id_, secret in found.items() if secret is not None}
