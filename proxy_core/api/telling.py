"""One request's news, told to the journal as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from proxy_core.errors import UnderstudyError
from proxy_core.ledger.journal import (
    Answering,
    Attempted,
    Began,
    Carried,
    Ended,
    Listener,
    Part,
    Progressed,
    Routed,
    State,
    Usage,
)
from proxy_core.translate.stream import StreamTranslator

_PROGRESS_EVERY: Final = 0.5
"""Seconds."""

_AT_ONCE: Final = 256 * 1024
"""Bytes of an answer after which they are told, however soon that is."""

_SENTENCE: Final = 600
"""Characters of a relayed error that are kept."""


class Telling:
    """Tells the story of the request ``id``. Each story ends exactly once; what comes after the end is not told."""

    def __init__(self, listener: Listener, clock: Callable[[], float], id_: str) -> None:
        self._listener = listener
        self._clock = clock
        self.id = id_
        self._ended = False
        self._progress_due = 0.0
        self.characters = 0
        self._warnings: list[str] = []
        self._pieces: list[bytes] = []
        self._carried = 0
        self._coding = ""

    def began(
        self, *, path: str, asked_for: str, streamed: bool, session: str, agent: str, project: str, profile: str
    ) -> None:
        """The request came in."""
        self._listener.hear(Began(self.id, self._clock(), path, asked_for, streamed, session, agent, project, profile))

    def routed(
        self, *, role: str, why: str, provider: str, model: str, engine: str, warnings: tuple[str, ...] = ()
    ) -> None:
        """It is known who answers."""
        self._listener.hear(Routed(self.id, self._clock(), role, why, provider, model, engine, warnings))

    def carried(self, part: Part, body: bytes | Mapping[str, Any], size: int) -> None:
        """A body went by, whole. ``size`` is in bytes, or a guess at it where the body is a value yet."""
        pieces = (body,) if isinstance(body, bytes) else body
        self._listener.hear(Carried(self.id, self._clock(), part, pieces, size))

    def warned(self, sentence: str) -> None:
        """Something more was left out for the model; told with the end."""
        self._warnings.append(sentence)

    def attempted(self, number: int, *, status: int | None, error: str = "", waited: float = 0.0) -> None:
        """A try at the provider is over, or has begun to answer. ``waited`` is the wait before it in seconds."""
        self._listener.hear(Attempted(self.id, self._clock(), number, status, error, waited))

    def answering(self, upstream_id: str = "", *, coding: str = "") -> None:
        """The first chunk is here. ``coding`` is the content coding of the bytes that :meth:`progressed` is given."""
        self._coding = coding
        self._progress_due = time.monotonic() + _PROGRESS_EVERY
        self._listener.hear(Answering(self.id, self._clock(), upstream_id))

    def progressed(self, data: bytes) -> None:
        """These bytes of the answer went out; told twice a second at most, unless they are many."""
        self._pieces.append(data)
        self.characters += len(data)
        now = time.monotonic()
        if now >= self._progress_due:
            self._progress_due = now + _PROGRESS_EVERY
            self._listener.hear(Progressed(self.id, self._clock(), self.characters))
        if self.characters - self._carried > _AT_ONCE:
            self._carry(whole=False)

    def done(
        self,
        *,
        status: int = 200,
        stop_reason: str = "",
        usage: Usage | None,
        cost: float | None = None,
        flat: bool = False,
    ) -> None:
        """A good end. ``cost`` is the provider's own figure in USD; ``flat``: a subscription of the client's pays."""
        news = Ended(self.id, self._clock(), State.DONE, status, stop_reason, usage=usage, cost=cost, flat=flat)
        self._end(news)

    def refused(self, status: int, error_type: str, error: str, usage: Usage | None, *, flat: bool = False) -> None:
        """A bad end that the provider itself told the client."""
        self._end(
            Ended(
                self.id,
                self._clock(),
                State.FAILED,
                status,
                error_type=error_type,
                error=error[:_SENTENCE],
                usage=usage,
                flat=flat,
            )
        )

    def failed(
        self,
        error: UnderstudyError,
        *,
        status: int | None = None,
        usage: Usage | None = None,
        cost: float | None = None,
        flat: bool = False,
    ) -> None:
        """A bad end; ``status`` is what the client got, if the answer had begun."""
        self._end(
            Ended(
                self.id,
                self._clock(),
                State.FAILED,
                error.status if status is None else status,
                error_type=error.type,
                error=error.message,
                usage=usage,
                cost=cost,
                flat=flat,
            )
        )

    def cancelled(self, *, usage: Usage | None = None) -> None:
        """The client left."""
        self._end(Ended(self.id, self._clock(), State.CANCELLED, 499, usage=usage))

    def _carry(self, *, whole: bool) -> None:
        """What went out since the last time."""
        size, self._carried = self.characters - self._carried, self.characters
        pieces, self._pieces = tuple(self._pieces), []
        self._listener.hear(Carried(self.id, self._clock(), Part.ANSWER, pieces, size, self._coding, whole))

    def _end(self, news: Ended) -> None:
        if not self._ended:
            self._ended = True
            if self.characters:
                self._carry(whole=True)
            self._listener.hear(replace(news, warnings=tuple(self._warnings)) if self._warnings else news)


def counted(translator: StreamTranslator) -> Usage | None:
    """A translated answer's token counts in the journal's words; None where the provider gave none."""
    usage = translator.usage
    if usage is None:
        return None
    return Usage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_input_tokens,
        cache_write=usage.cache_creation_input_tokens,
        reasoning=usage.thinking_tokens,
        cache_write_hour=translator.cache_write_hour,
        searches=translator.searches,
    )
