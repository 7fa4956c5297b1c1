"""Opening a call upstream: the tries before anything was answered, and the concessions between them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from proxy_core.api.recorder import RequestRecorder
from proxy_core.api.retries import wait_before
from proxy_core.errors import ProviderError, ProviderRejected
from proxy_core.ledger.request_events import BodyKind
from proxy_core.translate.concessions import concession, without
from proxy_core.upstream.port import ChunkStream, Upstream, UpstreamCall

GIVEN_UP: Final = "The client left, or Understudy stopped, before the provider answered."
"""The error of an attempt of whose end nobody knows."""


class Caller:
    """Opens calls, and remembers what each model does not take, so that it is asked with it only once."""

    def __init__(self) -> None:
        self._conceded: dict[tuple[str, str], dict[str, None]] = {}

    async def open(self, engine: Upstream, call: UpstreamCall, recorder: RequestRecorder) -> ChunkStream:
        """The answer of the first try that succeeds. Raises the last :class:`ProviderError` when none does."""
        conceded = self._conceded.setdefault((call.provider, call.model), {})
        for field in conceded:
            if field in call.body:
                call = replace(call, body=without(call.body, field))
                recorder.warned(_left_out(call, field))
        recorder.carried(BodyKind.UPSTREAM, call.content)
        waited, number, tries = 0.0, 1, 1
        while True:
            try:
                stream = await engine.open(call)
            except asyncio.CancelledError:
                recorder.attempted(number, status=None, error=GIVEN_UP, waited=waited)
                raise
            except ProviderError as error:
                recorder.attempted(
                    number, status=error.upstream_status, error=error.message, waited=waited, sent=error.sent
                )
                number += 1
                if (refused := _refused(error, call.body, conceded)) is not None:
                    conceded[refused] = None
                    call = replace(call, body=without(call.body, refused))
                    recorder.warned(_left_out(call, refused))
                    recorder.carried(BodyKind.UPSTREAM, call.content)
                    waited = 0.0
                    continue
                tries += 1
                wait = wait_before(tries, error)
                if wait is None:
                    raise
                waited = wait
                await asyncio.sleep(wait)
            else:
                recorder.attempted(number, status=200, waited=waited)
                return stream


def _refused(error: ProviderError, body: Mapping[str, object], conceded: Mapping[str, None]) -> str | None:
    """The field that the provider refused; each is given up once, so that two names of one limit do not alternate."""
    if not isinstance(error, ProviderRejected):
        return None
    field = concession(body, error.message)
    return None if field in conceded else field


def _left_out(call: UpstreamCall, field: str) -> str:
    return f"{call.model} does not take {field}: it was left out."
