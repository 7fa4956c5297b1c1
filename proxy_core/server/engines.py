"""The engines of one run of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

from proxy_core.config.settings import Engine
from proxy_core.upstream.demo import Demo
from proxy_core.upstream.direct import Direct
from proxy_core.upstream.http import Http
from proxy_core.upstream.litellm_engine import LiteLLM
from proxy_core.upstream.port import Upstream
from proxy_core.upstream.relay import Relay


class Engines:
    """All engines. Construction is cheap: each loads what it needs at its first use."""

    def __init__(self, outgoing_proxy: str) -> None:
        http = Http(outgoing_proxy)
        self._litellm = LiteLLM(outgoing_proxy)
        self._warming: asyncio.Task[None] | None = None
        self.relay = Relay(http)
        self.by_kind: Mapping[Engine, Upstream] = MappingProxyType(
            {Engine.DIRECT: Direct(http), Engine.LITELLM: self._litellm, Engine.DEMO: Demo()}
        )

    def warm_up(self, needed: Callable[[], frozenset[Engine]]) -> None:
        """Load in the background what the roles will need. ``needed`` returns the engines; it may take long."""
        self._warming = asyncio.get_running_loop().create_task(self._warm_up(needed))

    async def aclose(self) -> None:
        """Stop warming up, and close every connection."""
        if self._warming is not None:
            self._warming.cancel()
        for engine in self.by_kind.values():
            await engine.aclose()
        await self.relay.aclose()

    async def _warm_up(self, needed: Callable[[], frozenset[Engine]]) -> None:
        if Engine.LITELLM in await asyncio.to_thread(needed):
            await self._litellm.warm_up()
