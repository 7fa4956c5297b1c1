"""``POST /v1/messages/count_tokens``: how much of a model's window a request takes."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from proxy_core.api.casting import cast
from proxy_core.api.counting import count
from proxy_core.api.exchange import Exchange, serve
from proxy_core.api.house import House
from proxy_core.api.relaying import relay
from proxy_core.api.replies import send_json
from proxy_core.config.settings import Engine
from proxy_core.translate.call import translate
from proxy_core.wire.request import parse


class CountTokens:
    """The endpoint, an ASGI app behind the guard. Under passthrough Anthropic counts; else it is counted here."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await serve(self._house, scope, receive, send, self._answer)

    async def _answer(self, exchange: Exchange) -> None:
        body = await exchange.body()
        request = parse(body)
        exchange.began(request.model, streamed=False)
        chosen = cast(request, len(body), exchange)
        if chosen.engine is Engine.RELAY:
            await relay(exchange, request.model, body, chosen, self._house)
            return
        call = translate(request, chosen.target_model())
        chosen.tell(exchange.telling)
        tokens = await count(call, self._house)
        await send_json(exchange.send, 200, {"input_tokens": tokens}, [(b"request-id", exchange.telling.id.encode())])
        exchange.telling.done()
