"""One request's news, told to the journal as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from proxy_core.errors import UnderstudyError
from proxy_core.ledger.request_events import (
    AttemptMade,
    BodyCaptured,
    BodyKind,
    Finished,
    FirstContent,
    Listener,
    Progress,
    RecordedUsage,
    Routed,
    Started,
    State,
)
from proxy_core.translate.stream import StreamTranslator

_PROGRESS_EVERY: Final = 0.5
"""Seconds between two progress events of a request; a window draws no faster than it needs to look alive."""

_AT_ONCE: Final = 256 * 1024
"""Bytes of an answer after which they go to the ledger, however soon that is: a long burst is handed on while it lasts.
"""

_SENTENCE: Final = 600
"""Characters of a relayed error that are kept: enough for any provider's sentence; some answer with a whole page."""


class Charge(NamedTuple):
    """What an answer costs, as far as that is known.

    ``cost`` is the provider's own figure in USD; ``flat``: a subscription of the client's pays.
    """

    usage: RecordedUsage | None = None
    cost: float | None = None
    flat: bool = False


class RequestRecorder:
    """Tells the story of the request ``id``. Each story ends exactly once; what comes after the end is not told."""

    def __init__(self, listener: Listener, clock: Callable[[], float], id_: str) -> None:
        self._listener = listener
        self._clock = clock
        self.id = id_
        self._ended = False
        self._progress_due = 0.0
        self._passed = 0
        self._text_bytes = 0
        self._warnings: list[str] = []
        self._pieces: list[bytes] = []
        self._carried = 0
        self._coding = ""
        self._owed: Callable[[], Charge] = Charge

    def began(
        self, *, path: str, asked_for: str, streamed: bool, session: str, agent: str, project: str, profile: str
    ) -> None:
        """The request came in."""
        self._listener.on_event(
            Started(self.id, self._clock(), path, asked_for, streamed, session, agent, project, profile)
        )

    def routed(
        self, *, role: str, why: str, provider: str, model: str, engine: str, warnings: tuple[str, ...] = ()
    ) -> None:
        """It is known who answers."""
        self._listener.on_event(Routed(self.id, self._clock(), role, why, provider, model, engine, warnings))

    def carried(self, part: BodyKind, body: bytes) -> None:
        """A body went by, whole."""
        self._listener.on_event(BodyCaptured(self.id, self._clock(), part, body))

    def counting(self, owed: Callable[[], Charge]) -> None:
        """From now on something is owed. ``owed`` is asked at the end, a bad one too: a cut answer is paid for."""
        self._owed = owed

    def warned(self, sentence: str) -> None:
        """Something more was left out for the model; told with the end."""
        self._warnings.append(sentence)

    def attempted(
        self, number: int, *, status: int | None, error: str = "", waited: float = 0.0, sent: bool = True
    ) -> None:
        """A try at the provider is over, or has begun to answer. ``waited`` is the wait before it in seconds.

        ``sent`` is False where nothing of the request left.
        """
        self._listener.on_event(AttemptMade(self.id, self._clock(), number, status, error, waited, sent))

    def answering(self, upstream_id: str = "", *, coding: str = "") -> None:
        """The first chunk is here. ``coding`` is the content coding of the bytes that :meth:`progressed` is given."""
        self._coding = coding
        self._progress_due = time.monotonic() + _PROGRESS_EVERY
        self._listener.on_event(FirstContent(self.id, self._clock(), upstream_id))

    def progressed(self, data: bytes, text_bytes: int = 0) -> None:
        """These bytes of the answer went out, with so many of text in them, as far as that is known.

        Told twice a second at most.
        """
        self._pieces.append(data)
        self._passed += len(data)
        if text_bytes:
            self._text_bytes += text_bytes
            now = time.monotonic()
            if now >= self._progress_due:
                self._progress_due = now + _PROGRESS_EVERY
                self._listener.on_event(Progress(self.id, self._clock(), self._text_bytes))
        if self._passed - self._carried > _AT_ONCE:
            self._carry(whole=False)

    def done(self, *, status: int = 200, stop_reason: str = "") -> None:
        """A good end."""
        self._end(State.DONE, status, stop_reason=stop_reason)

    def refused(self, status: int, error_type: str, error: str) -> None:
        """A bad end that the provider itself told the client."""
        self._end(State.FAILED, status, error_type=error_type, error=error[:_SENTENCE])

    def failed(self, error: UnderstudyError, *, status: int | None = None) -> None:
        """A bad end; ``status`` is what the client got, if the answer had begun."""
        status = error.status if status is None else status
        self._end(State.FAILED, status, error_type=error.type, error=error.message)

    def cancelled(self) -> None:
        """The client left."""
        self._end(State.CANCELLED, 499)

    def _carry(self, *, whole: bool) -> None:
        """What went out since the last time."""
        self._carried = self._passed
        data, self._pieces = b"".join(self._pieces), []
        self._listener.on_event(BodyCaptured(self.id, self._clock(), BodyKind.ANSWER, data, self._coding, whole))

    def _end(self, state: State, status: int, *, stop_reason: str = "", error_type: str = "", error: str = "") -> None:
        if self._ended:
            return
        self._ended = True
        if self._passed:
            self._carry(whole=True)
        owed = self._owed()
        self._listener.on_event(
            Finished(
                self.id,
                self._clock(),
                state,
                status,
                stop_reason,
                error_type,
                error,
                usage=owed.usage,
                warnings=tuple(self._warnings),
                cost=owed.cost,
                flat=owed.flat,
            )
        )


def counted(translator: StreamTranslator) -> RecordedUsage | None:
    """A translated answer's token counts in the journal's words; None where the provider gave none."""
    usage = translator.usage
    if usage is None:
        return None
    return RecordedUsage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_input_tokens,
        cache_write=usage.cache_creation_input_tokens,
        reasoning=usage.thinking_tokens,
        cache_write_hour=translator.cache_write_hour,
        searches=translator.searches,
    )
