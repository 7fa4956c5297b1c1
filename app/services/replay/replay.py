"""A request out of the ledger, sent through the proxy's own parts to another model, and both answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from app.services.replay.replay_answer import ReplayAnswer, read_answer
from proxy_core.anthropic_api.json_text import dumps, loads
from proxy_core.config.local_token import Launch, launch_token
from proxy_core.errors import ConfigError
from proxy_core.ledger.pricing import Cost
from proxy_core.ledger.request_events import BodyKind, Broadcast, Listener, RequestEvent, RequestRecord, Routed, apply
from proxy_core.ledger.rows import Kept, RequestRow
from proxy_core.routing.model_ids import split

if TYPE_CHECKING:
    from starlette.types import Message as ASGIMessage
    from starlette.types import Scope

    from proxy_core.server.runtime import ProxyRuntime

_PATH: Final = "/v1/messages"
_PORT: Final = 80
"""Nobody listens: the guard wants a port in ``Host``, and this one is not written there."""

_BETAS: Final[Mapping[str, str]] = {
    "context_management": "context-management-2025-06-27",
    "output_config": "effort-2025-11-24",
    "mcp_servers": "mcp-client-2025-04-04",
}
"""What in a body Anthropic takes only with a flag in a header: the ledger keeps no headers."""


class Shelf(Protocol):
    """What is asked of the ledger; all of it blocks."""

    def starting(self, prefix: str, limit: int = 2) -> tuple[RequestRow, ...]:
        """The requests whose id begins so."""
        ...

    def kept(self, id_: str) -> tuple[Kept, ...]:
        """Which bodies of a request are kept."""
        ...

    def body(self, id_: str, part: BodyKind) -> bytes | None:
        """A body."""
        ...


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """One of two runs of a request. ``answer`` is None where it is not kept (any more)."""

    record: RequestRecord
    cost: Cost | None
    answer: ReplayAnswer | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both runs; ``notes`` are sentences about what could not be the same the second time."""

    before: ReplayResult
    after: ReplayResult
    notes: tuple[str, ...] = ()


def find(shelf: Shelf, id_: str) -> RequestRow:
    """The one request whose id begins so; ``req_`` may be left out. Raises ConfigError, saying what to do."""
    id_ = id_.encode(
        "utf-8", "replace"
    ).decode()  # an argument that is not UTF-8 holds surrogates, which SQLite refuses
    for prefix in (id_, f"req_{id_}"):
        found = shelf.starting(prefix) if id_ else ()
        if len(found) == 1 or (found and found[0].record.id == prefix):
            return found[0]
        if found:
            raise ConfigError(f"More than one request begins with {id_}: write more of its id.")
    raise ConfigError(f"There is no request {id_} in the ledger. `understudy log` shows those there are.")


def stored_result(shelf: Shelf, row: RequestRow) -> ReplayResult:
    """A request as the ledger has it."""
    body = shelf.body(row.record.id, BodyKind.ANSWER)
    cost = None if row.cost is None else Cost(row.cost, row.estimated)
    return ReplayResult(row.record, cost, None if body is None else read_answer(body))


def replay_request(proxy: ProxyRuntime, shelf: Shelf, row: RequestRow, model: str, listener: Listener) -> Comparison:
    """Send a request that was kept to ``model`` (``provider/name``), and wait for the whole answer.

    No proxy need be running: it goes through the parts of ``proxy``, and ``listener`` (the ledger) hears of it as of a
    request of its own. Blocks, with an event loop of its own. Raises ConfigError where it cannot be sent; a refusal or
    a broken answer is a side like any other.
    """
    body, notes = _body(shelf, row, model)
    target = split(model, proxy.known().is_provider)
    if not target.provider:
        raise ConfigError(f"{model} is not a model with its provider. Write it as in openai/gpt-4.1.")
    _make_ready(proxy, target.provider, target.name)
    record, answer = asyncio.run(_sent(proxy, row.record, body, listener))
    if record.model != target.name or record.provider != target.provider:
        notes = (*notes, f"{record.provider}/{record.model} answered: {record.why}.")
    return Comparison(stored_result(shelf, row), ReplayResult(record, proxy.price(record), answer), notes)


def _body(shelf: Shelf, row: RequestRow, model: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What is sent, and what is to be known about it."""
    record = row.record
    if record.path != _PATH:
        raise ConfigError(f"{record.id} was no question to a model, but {record.path or 'something else'}.")
    kept = next((each for each in shelf.kept(record.id) if each.part is BodyKind.REQUEST), None)
    body = shelf.body(record.id, BodyKind.REQUEST)
    if kept is None or body is None:
        raise ConfigError(
            f"The body of {record.id} is not kept (any more), so it cannot be sent again. For how long bodies are kept "
            "stands in Understudy → Settings → Log and budget."
        )
    if kept.cut:
        raise ConfigError(f"Only the beginning of the body of {record.id} was kept, so it cannot be sent again.")
    try:
        request = loads(body)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise ConfigError(f"The body of {record.id} is not a request that can be read.")
    return {**request, "model": model, "stream": True}, _notes(kept)


def _notes(kept: Kept) -> tuple[str, ...]:
    if not kept.hidden:
        return ()
    secrets = "A secret was" if kept.hidden == 1 else f"{kept.hidden} secrets were"
    return (f"{secrets} taken out of the request before it was kept: this time the model did not see it all.",)


def _make_ready(proxy: ProxyRuntime, provider_id: str, name: str) -> None:
    """Have the price list read and the keyring asked, which a proxy does once: the model is not to be timed by that."""
    known = proxy.known()
    known.model(provider_id, name)
    provider = known.provider(provider_id)
    if provider is not None:
        proxy.keys.for_provider(provider)


class _Retold:
    """Passes a request's news on with the sentence of where it comes from, and knows its story."""

    def __init__(self, listener: Listener, first: str) -> None:
        self._listener = listener
        self._first = first
        self.record: RequestRecord | None = None

    def on_event(self, events: RequestEvent) -> None:
        """Take one piece of news."""
        if isinstance(events, Routed):
            events = replace(events, why=f"run again of {self._first}: {events.why}")
        self.record = apply(self.record, events)
        self._listener.on_event(events)


async def _sent(
    proxy: ProxyRuntime, first: RequestRecord, body: dict[str, Any], listener: Listener
) -> tuple[RequestRecord, ReplayAnswer]:
    """The request's way through the proxy's app, without a socket."""
    retold = _Retold(listener, first.id)
    service = proxy.make_service(lambda others: Broadcast(retold, others))
    answer = bytearray()
    asked = iter([{"type": "http.request", "body": dumps(body), "more_body": False}])

    async def receive() -> ASGIMessage:
        for message in asked:
            return message
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return] # nobody leaves

    async def send(message: ASGIMessage) -> None:
        answer.extend(message.get("body", b""))

    try:
        await service.app(_scope(proxy, first, body), receive, send)
    finally:
        await service.aclose()
    record = retold.record
    if record is None:  # refused before it was a request: the answer says why
        raise ConfigError(read_answer(bytes(answer)).error)
    return record, read_answer(bytes(answer))


def _scope(proxy: ProxyRuntime, first: RequestRecord, body: Mapping[str, Any]) -> Scope:
    token = proxy.keys.local_token()
    if token.secret is None:
        raise ConfigError(token.trouble)
    launch = launch_token(token.secret, Launch("again", first.project, first.profile))
    betas = ",".join(flag for field, flag in _BETAS.items() if field in body)
    headers = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "x-understudy-token": launch.reveal(),
        "anthropic-version": "2023-06-01",
        "user-agent": "understudy-again",
        **({"anthropic-beta": betas} if betas else {}),
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": _PATH,
        "raw_path": _PATH.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", _PORT),
    }
