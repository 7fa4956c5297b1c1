"""A request that goes on in Anthropic's own format: its bytes pass, but for keys, and its story is read from them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from starlette.types import Message as ASGIMessage

from proxy_core.anthropic_api.request import MessagesRequest, model_at_the_head, parse
from proxy_core.api.attempts import GIVEN_UP
from proxy_core.api.context import ApiContext
from proxy_core.api.exchange import Exchange
from proxy_core.api.recorder import Charge
from proxy_core.api.resolve import ResolvedCall, key_for, profile_of, target_of, with_provider
from proxy_core.api.responses import Headers
from proxy_core.api.streaming import while_connected
from proxy_core.config.keys import REQUEST_WAIT, Missing
from proxy_core.config.secret import Secret
from proxy_core.errors import (
    InvalidRequest,
    KeyMissing,
    KeyringClosed,
    ProviderError,
    StreamBroken,
    UnderstudyError,
)
from proxy_core.ledger.budget import Act
from proxy_core.ledger.request_events import BodyKind
from proxy_core.routing.roles import Target, is_passthrough_anyway
from proxy_core.upstream.model_name import with_model
from proxy_core.upstream.plain_words import scrubbed
from proxy_core.upstream.relay import RelayAnswer, RelayCall
from proxy_core.upstream.usage_reading import UsageReading, decoded

Credentials = tuple[tuple[str, Secret], ...]

_REFUSAL_LIMIT = 1024 * 1024
"""Bytes of a refusal that are held back until it is known that no key is in them."""

_OF_THE_BODY = frozenset({b"content-length", b"content-encoding"})

_SUBSCRIPTION = "Bearer sk-ant-oat"
"""How the credential of a claude.ai login begins; API keys are ``sk-ant-api…``."""

_UNREAD = MessagesRequest("", ())
"""Stands for a request of which nothing is known yet, or ever."""

_CLIENTS_OWN = frozenset({b"authorization", b"x-api-key"})


async def relay(exchange: Exchange, asked_for: str, body: bytes, chosen: ResolvedCall, context: ApiContext) -> None:
    """Pass a request on and its answer back. A cut upstream is a cut downstream: nothing is added to the bytes."""
    chosen.tell(exchange.recorder)
    if chosen.target.model != asked_for:
        body = with_model(body, chosen.target.model)
    await _pass_on(exchange, body, chosen, context)


async def goes_on_unread(body: bytes, exchange: Exchange, context: ApiContext) -> str:
    """The model of a request that goes to Anthropic as it is, whatever else it says; empty for any other."""
    model, config_snapshot = model_at_the_head(body), exchange.config_snapshot
    profile = profile_of(exchange.caller.launch, config_snapshot.settings)
    if not model or not is_passthrough_anyway(model, profile, config_snapshot.facts):
        return ""
    return model if (await context.budget.verdict()).act is Act.GO else ""


async def relay_unread(exchange: Exchange, model: str, body: bytes, context: ApiContext) -> None:
    """As :func:`relay`, but the request is read while it is under way, for its story alone.

    To read 110 kB takes as long as all else that is done before they leave.
    """
    target = Target("anthropic", model, "", passthrough=True)
    chosen = with_provider(target, exchange.config_snapshot, _UNREAD)
    record = _StoryOfTheUnread(exchange, chosen, body)
    asyncio.get_running_loop().call_soon(record.tell)  # that is, as soon as the provider is waited for
    try:
        await _pass_on(exchange, body, chosen, context)
    finally:
        record.tell()  # where it never came to that


class _StoryOfTheUnread:
    """Reads a request that is under way already, and tells how its story begins, once."""

    def __init__(self, exchange: Exchange, chosen: ResolvedCall, body: bytes) -> None:
        self._exchange = exchange
        self._chosen = chosen
        self._body = body
        self._is_told = False

    def tell(self) -> None:
        if self._is_told:
            return
        self._is_told = True
        model, exchange = self._chosen.target.model, self._exchange
        try:
            request = parse(self._body)
        except (InvalidRequest, RecursionError):  # what is wrong with it is Anthropic's to say
            request = _UNREAD
        if request.model != model:  # or it names two: the one at the head was taken
            request = replace(request, model=model)
        exchange.began(model, streamed=request.stream)
        exchange.recorder.carried(BodyKind.REQUEST, self._body)
        target = target_of(request, len(self._body), exchange)
        replace(self._chosen, target=target).tell(exchange.recorder)


async def _pass_on(exchange: Exchange, body: bytes, chosen: ResolvedCall, context: ApiContext) -> None:
    call = await _call(exchange, body, chosen, context)
    async with while_connected(exchange.receive):
        await _pass(exchange, call, context)


async def _call(exchange: Exchange, body: bytes, chosen: ResolvedCall, context: ApiContext) -> RelayCall:
    provider = chosen.provider
    url = f"{provider.base_url.rstrip('/')}{exchange.path}"
    return RelayCall(
        method=exchange.method,
        url=url,
        headers=tuple(exchange.caller.headers),
        body=body,
        credentials=await _credentials(exchange, chosen, context),
        provider=provider.id,
        name=provider.name,
        own_port=exchange.own_port,
        timeouts=exchange.config_snapshot.settings.timeouts,
    )


async def _credentials(exchange: Exchange, chosen: ResolvedCall, context: ApiContext) -> Credentials:
    """What the provider is shown: its own key, under passthrough perhaps the client's."""
    if chosen.target.passthrough:
        return await _passthrough_credentials(exchange, chosen, context)
    key = await key_for(chosen.provider, context)
    if key is None:
        return ()
    if chosen.provider.id == "anthropic":
        return (("x-api-key", key),)
    # Other vendors' Anthropic-format endpoints read one of the two.
    return (("x-api-key", key), ("authorization", Secret(f"Bearer {key.reveal()}")))


async def _passthrough_credentials(exchange: Exchange, chosen: ResolvedCall, context: ApiContext) -> Credentials:
    """The stored Anthropic key if there is one, else what the client itself brought for Anthropic."""
    own = tuple(
        (name.decode(), Secret(value.decode("latin-1")))
        for name, value in exchange.caller.headers
        if name in _CLIENTS_OWN
    )
    found = await context.key_of(replace(chosen.provider, needs_key=not own))
    if found.secret is not None:
        return (("x-api-key", found.secret),)
    if not own:
        if found.missing is Missing.UNREADABLE:
            raise KeyringClosed(found.trouble, retry_after=REQUEST_WAIT)
        raise KeyMissing(
            "Passthrough needs an Anthropic key or a login of the client's own. Run `understudy keys set anthropic`, "
            "or let the client send Understudy's token as x-understudy-token beside its own credential.",
            provider=chosen.provider.id,
        )
    return own


async def _pass(exchange: Exchange, call: RelayCall, context: ApiContext) -> None:
    recorder = exchange.recorder
    answer = await _open(exchange, call, context)
    try:
        recorder.attempted(1, status=answer.status)
        recorder.answering(answer.header("request-id"), coding=answer.header("content-encoding"))
        reading = UsageReading(answer.header("content-type"), answer.header("content-encoding"))
        recorder.counting(lambda: Charge(reading.usage, reading.cost, _is_flat(call)))
        if answer.status >= 400:
            reading = await _pass_refusal(exchange, answer, call)
        else:
            await exchange.send(_start(answer, list(answer.headers)))
            try:
                await _copy(exchange, answer, reading, _secrets(call))
            except UnderstudyError as error:
                recorder.failed(error, status=answer.status)
                return
    finally:
        await answer.aclose()
    _tell_end(exchange, answer, reading, call)


async def _open(exchange: Exchange, call: RelayCall, context: ApiContext) -> RelayAnswer:
    """The answer, whatever its status. What went out and got none is an attempt, too."""
    try:
        return await context.relay.open(call)
    except ProviderError as error:
        exchange.recorder.attempted(1, status=error.upstream_status, error=error.message, sent=error.sent)
        raise
    except asyncio.CancelledError:
        exchange.recorder.attempted(1, status=None, error=GIVEN_UP)
        raise


async def _copy(exchange: Exchange, answer: RelayAnswer, reading: UsageReading, secrets: list[bytes]) -> None:
    """The rest of the answer, with its end: in one with the last bytes, where that is known by then."""
    is_over = False
    async for piece in answer:
        data = _masked(piece, secrets)
        is_over = answer.is_whole
        await exchange.send({"type": "http.response.body", "body": data, "more_body": not is_over})
        reading.feed(data)
        exchange.recorder.progressed(data)
    if not is_over:
        await exchange.send({"type": "http.response.body", "body": b""})
    reading.close()


async def _pass_refusal(exchange: Exchange, answer: RelayAnswer, call: RelayCall) -> UsageReading:
    """A refusal is read before it goes on, so that a key it repeats is found wherever it was cut, and packed."""
    body = bytearray()
    async for data in answer:
        body += data
        if len(body) > _REFUSAL_LIMIT:
            break
    headers, told, secrets = list(answer.headers), bytes(body), _secrets(call)
    plain = decoded(told, answer.header("content-encoding"))
    masked = _masked(plain, secrets)
    if masked != plain:
        headers = [each for each in headers if each[0].lower() not in _OF_THE_BODY]
        told = masked
    if told == body:
        exchange.recorder.progressed(told)
    else:
        exchange.recorder.carried(BodyKind.ANSWER, told)
    reading = UsageReading(answer.header("content-type"))
    reading.feed(masked)
    reading.close()
    await exchange.send(_start(answer, headers))
    goes_on = told == body
    await exchange.send({"type": "http.response.body", "body": told, "more_body": goes_on})
    if goes_on:
        await _copy(exchange, answer, UsageReading(), secrets)
    return reading


def _masked(data: bytes, secrets: list[bytes]) -> bytes:
    """The bytes as they are, but for a key that was sent with the request: asterisks, as many as it is long."""
    for secret in secrets:
        if secret in data:
            data = data.replace(secret, b"*" * len(secret))
    return data


def _start(answer: RelayAnswer, headers: Headers) -> ASGIMessage:
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def _secrets(call: RelayCall) -> list[bytes]:
    return [secret.reveal().removeprefix("Bearer ").encode() for _, secret in call.credentials]


def _tell_end(exchange: Exchange, answer: RelayAnswer, reading: UsageReading, call: RelayCall) -> None:
    if reading.error_type or answer.status >= 400:
        said = reading.error
        for _, secret in call.credentials:
            said = scrubbed(said, Secret(secret.reveal().removeprefix("Bearer ")))
        exchange.recorder.refused(answer.status, reading.error_type, said)
    elif reading.is_cut:
        error = StreamBroken(f"{call.name} ended its answer early.", provider=call.provider)
        exchange.recorder.failed(error, status=answer.status)
    else:
        exchange.recorder.done(status=answer.status, stop_reason=reading.stop_reason)


def _is_flat(call: RelayCall) -> bool:
    """Whether a claude.ai subscription pays, whose login Claude Code sends along: its tokens have no price."""
    return any(secret.reveal().startswith(_SUBSCRIPTION) for _, secret in call.credentials)
