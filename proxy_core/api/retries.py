"""When to try a provider again before anything was answered, and after how long."""

from __future__ import annotations

from typing import Final

from proxy_core.errors import ProviderError, Unreachable

TRIES: Final = 3
"""Attempts by the proxy itself. More would only delay the client, which retries for minutes and shows that it does."""

PATIENCE: Final = 8.0
"""The longest wait in seconds that is not left to the client: Claude Code retries by itself, and shows that it does."""

_WAITS: Final = (0.5, 1.5)
"""Seconds before the second and the third attempt where the provider names no time."""

_NOT_WORKED_ON: Final = frozenset({429, 503, 529})
"""Statuses by which a provider says that it turned a request away. After any other, and after a connection that ended
once the request was on it, it may have been worked on, and paid for."""


def wait_before(attempt: int, error: ProviderError) -> float | None:
    """Seconds to wait before try ``attempt`` (the second is 2), or None when ``error`` is the answer.

    Again only where the provider cannot have worked on the request: it never left, or was turned away.
    """
    was_not_worked_on = isinstance(error, Unreachable) or error.upstream_status in _NOT_WORKED_ON
    if not was_not_worked_on or not error.try_again or attempt > TRIES:
        return None
    wait = _WAITS[attempt - 2] if error.retry_after is None else error.retry_after
    return wait if wait <= PATIENCE else None
