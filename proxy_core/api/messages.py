"""``POST /v1/messages``: a request is read, cast, translated and answered."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from proxy_core.api.attempts import Caller
from proxy_core.api.casting import Cast, cast, explained, key_for
from proxy_core.api.counting import check_window
from proxy_core.api.exchange import Exchange, serve
from proxy_core.api.house import House
from proxy_core.api.relaying import goes_on_unread, relay, relay_unread
from proxy_core.api.replies import send_json
from proxy_core.api.spending import within_budget
from proxy_core.api.streaming import EventWriter, stream_answer, while_connected, whole_answer
from proxy_core.api.telling import Owed, Telling, counted
from proxy_core.config.settings import Engine, Timeouts
from proxy_core.errors import KeyRefused
from proxy_core.ledger.journal import Part
from proxy_core.translate.call import ChatCall, translate
from proxy_core.translate.search import SearchTranslator
from proxy_core.translate.stream import StreamTranslator
from proxy_core.upstream.port import ChunkStream, NoChunks, UpstreamCall
from proxy_core.wire.request import MessagesRequest, parse


class Messages:
    """The endpoint, an ASGI app behind the guard."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._caller = Caller()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await serve(self._house, scope, receive, send, self._answer)

    async def _answer(self, exchange: Exchange) -> None:
        body = await exchange.body()
        if model := await goes_on_unread(body, exchange, self._house):
            await relay_unread(exchange, model, body, self._house)
            return
        request = parse(body)
        exchange.began(request.model, streamed=request.stream)
        exchange.telling.carried(Part.REQUEST, body)
        chosen = cast(request, len(body), exchange)
        chosen = await within_budget(chosen, request, exchange, self._house)
        if chosen.engine is Engine.RELAY:
            await relay(exchange, request.model, body, chosen, self._house)
        else:
            async with while_connected(exchange.receive):
                await self._translated(exchange, request, len(body), chosen)

    async def _translated(self, exchange: Exchange, request: MessagesRequest, size: int, chosen: Cast) -> None:
        telling = exchange.telling
        model = chosen.target_model()
        chat = translate(request, model)
        chosen.tell(telling, chat.warnings)
        await check_window(chat, size, chosen.model.window, self._house)
        translator = self._translator(request, chosen, chat, think_tags=model.quirks.think_tags)
        telling.counting(lambda: Owed(counted(translator), translator.cost))
        opening = self._opening(chosen, chat, telling, exchange.in_force.settings.timeouts)
        if request.stream:
            writer = EventWriter(exchange.send, translator, telling)
            await stream_answer(opening, writer, translator, telling)
        else:
            message = await whole_answer(opening, translator, telling)
            await send_json(
                exchange.send, 200, message, [(b"request-id", telling.id.encode())], sent=telling.progressed
            )
            telling.done(stop_reason=translator.stop_reason)

    def _translator(
        self, request: MessagesRequest, chosen: Cast, chat: ChatCall, *, think_tags: bool
    ) -> StreamTranslator:
        id_ = f"msg_{self._house.new_id()}"
        if chat.search is not None:
            return SearchTranslator(id_, request.model, chat.search, chosen.target.id)
        return StreamTranslator(
            id_,
            request.model,
            names=chat.tool_names,
            provider=chosen.provider.id,
            think_tags=think_tags,
        )

    async def _opening(self, chosen: Cast, chat: ChatCall, telling: Telling, timeouts: Timeouts) -> ChunkStream:
        """The provider's answer; an empty one for a search that it cannot make, since nobody needs to be asked."""
        if chat.search is not None and not chat.search.possible:
            return NoChunks()
        call = UpstreamCall(
            provider=chosen.provider.id,
            provider_name=chosen.provider.name,
            window=chosen.model.window,
            model=chosen.model_name,
            body=chat.body,
            base_url=chosen.provider.base_url,
            api_key=await key_for(chosen.provider, self._house),
            timeouts=timeouts,
        )
        try:
            return await self._caller.open(self._house.engines[chosen.engine], call, telling)
        except KeyRefused as refusal:
            if call.api_key is not None:
                raise
            raise await explained(refusal, chosen.provider, self._house) from refusal
