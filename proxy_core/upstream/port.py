"""What the proxy asks of an engine: open a call, get chunks, let go.

An engine yields plain chat-completions chunks (dicts as in OpenAI's ``chat.completion.chunk``), so that one translator
serves all of them. An answer that was not streamed comes as one chunk: :func:`as_chunk`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import orjson

from proxy_core.config.secret import Secret
from proxy_core.config.settings import Timeouts

Chunk = dict[str, Any]


@dataclass(frozen=True)
class UpstreamCall:
    """One call of a chat-completions API.

    ``provider`` is its id in the catalogue, ``model`` the provider's own name for it; ``base_url`` ends before
    ``/chat/completions``; ``body`` is the JSON body (``stream`` in it says whether the answer streams); ``headers`` go
    out besides those the engine makes itself. ``provider_name`` (as a person knows it) and ``window`` (the model's, in
    tokens) serve the wording of errors.
    """

    provider: str
    model: str
    body: Mapping[str, Any]
    base_url: str = ""
    api_key: Secret | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeouts: Timeouts = field(default_factory=Timeouts)
    provider_name: str = ""
    window: int | None = None

    @cached_property
    def content(self) -> bytes:
        """The body as JSON: what the ledger keeps of a call, for bytes are lighter to hold than what they say."""
        try:
            return orjson.dumps(self.body if isinstance(self.body, dict) else dict(self.body))
        except TypeError:
            # Lone surrogates, which clients in JavaScript send: as escapes they travel.
            return json.dumps(self.body, allow_nan=False).encode()


class ChunkStream(Protocol):
    """An answer under way.

    Iterating gives batches: all the chunks that one read brought, never empty. It raises
    :class:`~proxy_core.errors.ProviderError` for an error the provider puts into the stream and
    :class:`~proxy_core.errors.StreamBroken` for a cut. ``declared_end`` is True once the provider itself said that the
    answer is over (``[DONE]``, or a whole JSON answer); an iterator that ends without it ended with a clean close.
    ``upstream_id`` is the provider's request id, for the journal.
    """

    upstream_id: str
    declared_end: bool

    def __aiter__(self) -> AsyncIterator[list[Chunk]]:
        """The batches, once."""
        ...

    async def aclose(self) -> None:
        """Let go: the connection upstream is closed, also in the middle of an answer. May be called twice."""
        ...


class Upstream(Protocol):
    """An engine."""

    async def open(self, call: UpstreamCall) -> ChunkStream:
        """Send the call; return when the provider has begun a good answer.

        Raises :class:`~proxy_core.errors.ProviderError` in every other case. One try: retries are the caller's. May be
        cancelled at any await, which closes the connection.
        """
        ...

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        ...


def as_chunk(completion: Mapping[str, Any]) -> Chunk:
    """A whole ``chat.completion`` as the single chunk that streaming it would add up to.

    A choice without a message stays one: it is for the translator to say that this is no answer.
    """
    choices = [
        {("delta" if name == "message" else name): value for name, value in choice.items()}
        for choice in completion.get("choices") or ()
        if isinstance(choice, Mapping)
    ]
    return {**completion, "object": "chat.completion.chunk", "choices": choices}


class NoChunks:
    """The answer of nobody: over before it begins."""

    upstream_id = ""
    declared_end = True

    async def __aiter__(self) -> AsyncIterator[list[Chunk]]:
        batches: tuple[list[Chunk], ...] = ()
        for batch in batches:
            yield batch

    async def aclose(self) -> None:
        """Nothing to let go of."""
