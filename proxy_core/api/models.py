"""``GET /v1/models`` and ``GET /v1/models/{id}``: what a client may ask for, in the shape of Anthropic's list."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from proxy_core.api.context import ApiContext
from proxy_core.api.exchange import Exchange, serve
from proxy_core.api.model_list import ModelList, page
from proxy_core.api.resolve import profile_of
from proxy_core.api.responses import send_json
from proxy_core.catalogue.live_models import ProviderListing
from proxy_core.errors import UnknownPath
from proxy_core.routing.model_ids import role_of

WAIT: Final = "wait"
"""Ours in a query: ``wait=0`` has what is known here at once, without the providers' own lists."""

_WAIT: Final = 2.0
"""Seconds for the providers' own lists: Claude Code waits three for ours."""


class ModelsEndpoint:
    """Both endpoints, an ASGI app behind the guard."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the path's ``model`` is the id asked for, its slashes included."""
        wanted = scope.get("path_params", {}).get("model")

        async def answer(exchange: Exchange) -> None:
            await (self._list(exchange) if wanted is None else self._one(exchange, wanted))

        await serve(self._context, scope, receive, send, answer)

    async def _list(self, exchange: Exchange) -> None:
        query = dict(parse_qsl(exchange.path.partition("?")[2]))
        reached = () if query.get(WAIT) == "0" else await self._context.reached(_WAIT, exchange.own_port)
        listed = self._known(exchange, reached)
        await send_json(exchange.send, 200, page(listed.entries(), query))

    async def _one(self, exchange: Exchange, wanted: str) -> None:
        found = self._known(exchange).find(wanted)
        if found is None and role_of(wanted) is None:
            found = self._known(exchange, await self._context.reached(_WAIT, exchange.own_port)).find(wanted)
        if found is None:
            raise UnknownPath(f"model: {wanted}")
        await send_json(exchange.send, 200, found)

    def _known(self, exchange: Exchange, reached: tuple[ProviderListing, ...] = ()) -> ModelList:
        profile = profile_of(exchange.caller.launch, exchange.config_snapshot.settings)
        return ModelList(profile, exchange.config_snapshot.facts, reached)
