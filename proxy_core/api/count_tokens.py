"""``POST /v1/messages/count_tokens``: how much of a model's window a request takes."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from proxy_core.anthropic_api.request import parse
from proxy_core.api.context import ApiContext
from proxy_core.api.counting import count
from proxy_core.api.exchange import Exchange, serve
from proxy_core.api.relaying import relay
from proxy_core.api.resolve import resolve_call
from proxy_core.api.responses import send_json
from proxy_core.config.settings import Engine
from proxy_core.translate.call import translate


class CountTokensEndpoint:
    """The endpoint, an ASGI app behind the guard. Under passthrough Anthropic counts; else it is counted here."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await serve(self._context, scope, receive, send, self._answer)

    async def _answer(self, exchange: Exchange) -> None:
        body = await exchange.body()
        request = parse(body)
        exchange.began(request.model, streamed=False)
        chosen = resolve_call(request, len(body), exchange)
        if chosen.engine is Engine.RELAY:
            await relay(exchange, request.model, body, chosen, self._context)
            return
        call = translate(request, chosen.target_model())
        chosen.tell(exchange.recorder)
        tokens = await count(call, self._context)
        await send_json(exchange.send, 200, {"input_tokens": tokens}, [(b"request-id", exchange.recorder.id.encode())])
        exchange.recorder.done()
