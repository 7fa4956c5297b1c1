"""One request's news, told to the journal as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from proxy_core.errors import UnderstudyError
from proxy_core.ledger.journal import Answering, Attempted, Began, Ended, Listener, Progressed, Routed, State, Usage
from proxy_core.wire.events import TokenUsage

_PROGRESS_EVERY: Final = 0.5
"""Seconds."""

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

    def warned(self, sentence: str) -> None:
        """Something more was left out for the model; told with the end."""
        self._warnings.append(sentence)

    def attempted(self, number: int, *, status: int | None, error: str = "", waited: float = 0.0) -> None:
        """A try at the provider is over, or has begun to answer. ``waited`` is the wait before it in seconds."""
        self._listener.hear(Attempted(self.id, self._clock(), number, status, error, waited))

    def answering(self, upstream_id: str = "") -> None:
        """The first chunk is here."""
        self._progress_due = time.monotonic() + _PROGRESS_EVERY
        self._listener.hear(Answering(self.id, self._clock(), upstream_id))

    def progressed(self, characters: int) -> None:
        """So many more bytes of the answer went out; told twice a second at most."""
        self.characters += characters
        now = time.monotonic()
        if now >= self._progress_due:
            self._progress_due = now + _PROGRESS_EVERY
            self._listener.hear(Progressed(self.id, self._clock(), self.characters))

    def done(self, *, status: int = 200, stop_reason: str = "", usage: Usage | None) -> None:
        """A good end."""
        self._end(Ended(self.id, self._clock(), State.DONE, status, stop_reason=stop_reason, usage=usage))

    def refused(self, status: int, error_type: str, error: str, usage: Usage | None) -> None:
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
            )
        )

    def failed(self, error: UnderstudyError, *, status: int | None = None, usage: Usage | None = None) -> None:
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
            )
        )

    def cancelled(self, *, usage: Usage | None = None) -> None:
        """The client left."""
        self._end(Ended(self.id, self._clock(), State.CANCELLED, 499, usage=usage))

    def _end(self, news: Ended) -> None:
        if not self._ended:
            self._ended = True
            self._listener.hear(replace(news, warnings=tuple(self._warnings)) if self._warnings else news)


def counted(usage: TokenUsage | None) -> Usage | None:
    """A translated answer's token counts in the journal's words."""
    if usage is None:
        return None
    return Usage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_input_tokens,
        cache_write=usage.cache_creation_input_tokens,
        reasoning=usage.thinking_tokens,
    )
