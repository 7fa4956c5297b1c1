"""The local token as the guard sees it: remembered, so that no request waits for a keyring that was asked just now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from proxy_core.config.keys import Keys
from proxy_core.config.secret import Secret
from proxy_core.errors import InternalError

FRESH_FOR: Final = 30.0
"""Seconds after which the keyring is asked again: so long a token that another process renewed is still good."""


class LocalTokens:
    """Remembers the token. Belongs to one event loop."""

    def __init__(self, keys: Keys, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._monotonic = monotonic
        self._token: Secret | None = None
        self._asked = 0.0

    def known(self) -> Secret | None:
        """The token as it was last seen; None when that is too long ago."""
        return self._token if self._monotonic() - self._asked < FRESH_FOR else None

    async def ask(self) -> Secret:
        """The token as it is now; ``Keys`` sees to it that many wrong guesses do not become as many questions."""
        found = await asyncio.to_thread(self._keys.local_token)
        if found.secret is None:
            raise InternalError("There is no local token.")
        self._token, self._asked = found.secret, self._monotonic()
        return found.secret
