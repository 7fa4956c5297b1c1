"""The keys of many providers at once, as the store gave them last or gives them now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from proxy_core.catalogue.values import Provider
from proxy_core.config.keys import Keys
from proxy_core.config.secret import Secret


class ProviderKeys:
    """``from_dotenv`` returns the providers whose base URL a ``.env`` file set: they get only a key of that file."""

    def __init__(self, keys: Keys, from_dotenv: Callable[[], frozenset[str]]) -> None:
        self._keys = keys
        self._from_dotenv = from_dotenv

    def at_hand(self, providers: Iterable[Provider]) -> Mapping[str, Secret]:
        """Return the keys that are known without asking the keyring."""
        from_dotenv = self._from_dotenv()
        found = {
            provider.id: self._keys.known_for(provider, base_url_from_dotenv=provider.id in from_dotenv).secret
            for provider in providers
        }
        return {id_: secret for id_, secret in found.items() if secret is not None}

    async def stored(self, providers: Sequence[Provider]) -> Mapping[str, Secret]:
        """Return all keys, asking the keyring for each; none of its keys while it cannot be used."""
        from_dotenv = self._from_dotenv()
        found = dict[str, Secret]()
        for provider in providers:
            key = await self._keys.find(provider, base_url_from_dotenv=provider.id in from_dotenv)
            if key.secret is not None:
                found[provider.id] = key.secret
        return found
