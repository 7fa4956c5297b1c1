"""The local token for the guard: the last value read counts, so that no request waits for the keyring again."""

from __future__ import annotations

from proxy_core.config.keys import REQUEST_WAIT, Keys
from proxy_core.config.secret import Secret
from proxy_core.errors import KeyringClosed


class LocalTokenCache:
    """A :class:`~proxy_core.api.context.LocalTokens` based on ``Keys``."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def known(self) -> Secret | None:
        """Return the token as last read; None before the first time."""
        return self._keys.known_local_token()

    def former(self) -> Secret | None:
        """Return the token that was replaced a short while ago."""
        return self._keys.former_local_token()

    async def ask(self) -> Secret:
        """Return the token in the keyring now, or as last read. Raises KeyringClosed if it was never read."""
        found = await self._keys.find_local_token()
        if found.secret is None:
            raise KeyringClosed(found.trouble, retry_after=REQUEST_WAIT)
        return found.secret
