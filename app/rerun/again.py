"""A request out of the ledger, sent through the proxy's own parts to another model, and both answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from app.rerun.answer import Answer, read_answer
from proxy_core.config.local_token import Launch, launch_token
from proxy_core.errors import ConfigError
from proxy_core.ledger.journal import Audience, Listener, News, Part, Routed, Story, fold
from proxy_core.ledger.pricing import Cost
from proxy_core.ledger.rows import Kept, Row
from proxy_core.routing.model_ids import split
from proxy_core.wire.json_text import dumps, loads

if TYPE_CHECKING:
    from starlette.types import Message, Scope

    from proxy_core.runtime.build import Proxy

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

    def starting(self, prefix: str, limit: int = 2) -> tuple[Row, ...]:
        """The requests whose id begins so."""
        ...

    def kept(self, id_: str) -> tuple[Kept, ...]:
        """Which bodies of a request are kept."""
        ...

    def body(self, id_: str, part: Part) -> bytes | None:
        """A body."""
        ...


@dataclass(frozen=True, slots=True)
class Side:
    """One of two runs of a request. ``answer`` is None where it is not kept (any more)."""

    story: Story
    cost: Cost | None
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both runs; ``notes`` are sentences about what could not be the same the second time."""

    before: Side
    after: Side
    notes: tuple[str, ...] = ()


def find(shelf: Shelf, id_: str) -> Row:
    """The one request whose id begins so; ``req_`` may be left out. Raises ConfigError, saying what to do."""
    id_ = id_.encode(
        "utf-8", "replace"
    ).decode()  # an argument that is not UTF-8 holds surrogates, which SQLite refuses
    for prefix in (id_, f"req_{id_}"):
        found = shelf.starting(prefix) if id_ else ()
        if len(found) == 1 or (found and found[0].story.id == prefix):
            return found[0]
        if found:
            raise ConfigError(f"More than one request begins with {id_}: write more of its id.")
    raise ConfigError(f"There is no request {id_} in the ledger. `understudy log` shows those there are.")


def kept_side(shelf: Shelf, row: Row) -> Side:
    """A request as the ledger has it."""
    body = shelf.body(row.story.id, Part.ANSWER)
    cost = None if row.cost is None else Cost(row.cost, row.estimated)
    return Side(row.story, cost, None if body is None else read_answer(body))


def run_again(proxy: Proxy, shelf: Shelf, row: Row, model: str, listener: Listener) -> Comparison:
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
    story, answer = asyncio.run(_sent(proxy, row.story, body, listener))
    if story.model != target.name or story.provider != target.provider:
        notes = (*notes, f"{story.provider}/{story.model} answered: {story.why}.")
    return Comparison(kept_side(shelf, row), Side(story, proxy.price(story), answer), notes)


def _body(shelf: Shelf, row: Row, model: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What is sent, and what is to be known about it."""
    story = row.story
    if story.path != _PATH:
        raise ConfigError(f"{story.id} was no question to a model, but {story.path or 'something else'}.")
    kept = next((each for each in shelf.kept(story.id) if each.part is Part.REQUEST), None)
    body = shelf.body(story.id, Part.REQUEST)
    if kept is None or body is None:
        raise ConfigError(
            f"The body of {story.id} is not kept (any more), so it cannot be sent again. For how long bodies are kept "
            "stands in Understudy → Settings → Log and budget."
        )
    if kept.cut:
        raise ConfigError(f"Only the beginning of the body of {story.id} was kept, so it cannot be sent again.")
    try:
        request = loads(body)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise ConfigError(f"The body of {story.id} is not a request that can be read.")
    return {**request, "model": model, "stream": True}, _notes(kept)


def _notes(kept: Kept) -> tuple[str, ...]:
    if not kept.hidden:
        return ()
    secrets = "A secret was" if kept.hidden == 1 else f"{kept.hidden} secrets were"
    return (f"{secrets} taken out of the request before it was kept: this time the model did not see it all.",)


def _make_ready(proxy: Proxy, provider_id: str, name: str) -> None:
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
        self.story: Story | None = None

    def hear(self, news: News) -> None:
        """Take one piece of news."""
        if isinstance(news, Routed):
            news = replace(news, why=f"run again of {self._first}: {news.why}")
        self.story = fold(self.story, news)
        self._listener.hear(news)


async def _sent(proxy: Proxy, first: Story, body: dict[str, Any], listener: Listener) -> tuple[Story, Answer]:
    """The request's way through the proxy's app, without a socket."""
    retold = _Retold(listener, first.id)
    service = proxy.make_service(lambda others: Audience(retold, others))
    answer = bytearray()
    asked = iter([{"type": "http.request", "body": dumps(body), "more_body": False}])

    async def receive() -> Message:
        for message in asked:
            return message
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return] # nobody leaves

    async def send(message: Message) -> None:
        answer.extend(message.get("body", b""))

    try:
        await service.app(_scope(proxy, first, body), receive, send)
    finally:
        await service.aclose()
    story = retold.story
    if story is None:  # refused before it was a request: the answer says why
        raise ConfigError(read_answer(bytes(answer)).error)
    return story, read_answer(bytes(answer))


def _scope(proxy: Proxy, first: Story, body: Mapping[str, Any]) -> Scope:
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
