"""The local token as the guard sees it: what was read once counts, and no request waits for the keyring again."""

from __future__ import annotations

from proxy_core.config.keys import REQUEST_WAIT, Keys
from proxy_core.config.secret import Secret
from proxy_core.errors import KeyringClosed


class LocalTokenCache:
    """A :class:`~proxy_core.api.context.LocalTokens` out of ``Keys``."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def known(self) -> Secret | None:
        """The token as it was last read; None before that."""
        return self._keys.known_local_token()

    def former(self) -> Secret | None:
        """The token that was replaced a short while ago."""
        return self._keys.former_local_token()

    async def ask(self) -> Secret:
        """The token as the keyring has it now, or as it was last read. Raises KeyringClosed where it never was."""
        found = await self._keys.find_local_token()
        if found.secret is None:
            raise KeyringClosed(found.trouble, retry_after=REQUEST_WAIT)
        return found.secret
