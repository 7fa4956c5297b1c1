"""Opening a call upstream, with the tries that are allowed before anything was answered."""

from __future__ import annotations

import asyncio

from proxy_core.api.retries import wait_before
from proxy_core.api.telling import Telling
from proxy_core.errors import ProviderError
from proxy_core.upstream.port import ChunkStream, Upstream, UpstreamCall


async def open_call(engine: Upstream, call: UpstreamCall, telling: Telling) -> ChunkStream:
    """The answer of the first try that succeeds. Raises the last :class:`ProviderError` when none does."""
    waited = 0.0
    attempt = 1
    while True:
        try:
            stream = await engine.open(call)
        except ProviderError as error:
            telling.attempted(attempt, status=error.upstream_status, error=error.message, waited=waited)
            attempt += 1
            wait = wait_before(attempt, error)
            if wait is None:
                raise
            waited = wait
            await asyncio.sleep(wait)
        else:
            telling.attempted(attempt, status=200, waited=waited)
            return stream
