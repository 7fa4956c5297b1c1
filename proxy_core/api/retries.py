"""When to try a provider again before anything was answered, and after how long."""

from __future__ import annotations

from typing import Final

from proxy_core.errors import ProviderError, ProviderTimeout

TRIES: Final = 3
PATIENCE: Final = 8.0
"""The longest wait in seconds that is not left to the client: Claude Code retries by itself, and shows that it does."""

_WAITS: Final = (0.5, 1.5)


def wait_before(attempt: int, error: ProviderError) -> float | None:
    """Seconds to wait before try ``attempt`` (the second is 2), or None when ``error`` is the answer.

    Where the time ran out without an answer, as long again would be more than a client waits.
    """
    ran_out = isinstance(error, ProviderTimeout) and error.upstream_status is None
    if ran_out or not error.try_again or attempt > TRIES:
        return None
    wait = _WAITS[attempt - 2] if error.retry_after is None else error.retry_after
    return wait if wait <= PATIENCE else None
