"""``POST /v1/messages``: a request is read, cast, translated and answered."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from proxy_core.anthropic_api.request import MessagesRequest, parse
from proxy_core.api.attempts import Caller
from proxy_core.api.budget_enforcement import within_budget
from proxy_core.api.context import ApiContext
from proxy_core.api.counting import check_window
from proxy_core.api.exchange import Exchange, serve
from proxy_core.api.recorder import Charge, RequestRecorder, counted
from proxy_core.api.relaying import goes_on_unread, relay, relay_unread
from proxy_core.api.resolve import ResolvedCall, explained, key_for, resolve_call
from proxy_core.api.responses import send_json
from proxy_core.api.streaming import EventWriter, stream_answer, while_connected, whole_answer
from proxy_core.config.settings import Engine, Timeouts
from proxy_core.errors import KeyRefused
from proxy_core.ledger.request_events import BodyKind
from proxy_core.translate.call import ChatCall, translate
from proxy_core.translate.search import SearchTranslator
from proxy_core.translate.stream import StreamTranslator
from proxy_core.upstream.port import ChunkStream, NoChunks, UpstreamCall


class MessagesEndpoint:
    """The endpoint, an ASGI app behind the guard."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._caller = Caller()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await serve(self._context, scope, receive, send, self._answer)

    async def _answer(self, exchange: Exchange) -> None:
        body = await exchange.body()
        if model := await goes_on_unread(body, exchange, self._context):
            await relay_unread(exchange, model, body, self._context)
            return
        request = parse(body)
        exchange.began(request.model, streamed=request.stream)
        exchange.recorder.carried(BodyKind.REQUEST, body)
        chosen = resolve_call(request, len(body), exchange)
        chosen = await within_budget(chosen, request, exchange, self._context)
        if chosen.engine is Engine.RELAY:
            await relay(exchange, request.model, body, chosen, self._context)
        else:
            async with while_connected(exchange.receive):
                await self._translated(exchange, request, len(body), chosen)

    async def _translated(self, exchange: Exchange, request: MessagesRequest, size: int, chosen: ResolvedCall) -> None:
        recorder = exchange.recorder
        model = chosen.target_model()
        chat = translate(request, model)
        chosen.tell(recorder, chat.warnings)
        await check_window(chat, size, chosen.model.window, self._context)
        translator = self._translator(request, chosen, chat, think_tags=model.quirks.think_tags)
        recorder.counting(lambda: Charge(counted(translator), translator.cost))
        opening = self._opening(chosen, chat, recorder, exchange.config_snapshot.settings.timeouts)
        if request.stream:
            writer = EventWriter(exchange.send, translator, recorder)
            await stream_answer(opening, writer, translator, recorder)
        else:
            message = await whole_answer(opening, translator, recorder)
            await send_json(
                exchange.send, 200, message, [(b"request-id", recorder.id.encode())], sent=recorder.progressed
            )
            recorder.done(stop_reason=translator.stop_reason)

    def _translator(
        self, request: MessagesRequest, chosen: ResolvedCall, chat: ChatCall, *, think_tags: bool
    ) -> StreamTranslator:
        id_ = f"msg_{self._context.new_id()}"
        if chat.search is not None:
            return SearchTranslator(id_, request.model, chat.search, chosen.target.id)
        return StreamTranslator(
            id_,
            request.model,
            names=chat.tool_names,
            provider=chosen.provider.id,
            think_tags=think_tags,
        )

    async def _opening(
        self, chosen: ResolvedCall, chat: ChatCall, recorder: RequestRecorder, timeouts: Timeouts
    ) -> ChunkStream:
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
            api_key=await key_for(chosen.provider, self._context),
            timeouts=timeouts,
        )
        try:
            return await self._caller.open(self._context.engines[chosen.engine], call, recorder)
        except KeyRefused as refusal:
            if call.api_key is not None:
                raise
            raise await explained(refusal, chosen.provider, self._context) from refusal
