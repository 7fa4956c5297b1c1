"""Bodies on their way to disk: put together, secrets taken out, compressed; in steps, beside the proxy's own work."""

from __future__ import annotations

import zlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from proxy_core.anthropic_api.content_decoding import PLAIN, ContentDecoder, coding_of
from proxy_core.ledger import answers
from proxy_core.ledger.compression import compress
from proxy_core.ledger.redaction import Redaction
from proxy_core.ledger.request_events import BodyCaptured, BodyKind

LONGEST: Final = 8 * 1024 * 1024
"""Bytes of a body that are kept. A conversation that fills a window of a million tokens has about half of it."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A body as it is written; ``size`` in bytes before it was compressed."""

    request: str
    part: BodyKind
    at: float
    size: int
    cut: bool
    hidden: int
    data: bytes


class BodyBuffer:
    """One body as it comes in. ``held`` is how many bytes of it wait here."""

    def __init__(self, first: BodyCaptured) -> None:
        self.request = first.id
        self.part = first.part
        self.held = 0
        self.lost = False
        self._at = first.at
        self._encoding = coding_of(first.encoding)
        self._pieces: list[bytes] = []
        self._cut = False

    def take(self, events: BodyCaptured) -> int:
        """Take more of it; gives how many bytes of it are not kept here."""
        if self.held + len(events.data) > LONGEST and self._pieces:
            self._cut = True
            return len(events.data)
        self._pieces.append(events.data)
        self.held += len(events.data)
        return 0

    def steps(self, redaction: Redaction) -> Generator[None, None, Packed]:
        """Make it ready, in steps of well under a millisecond or with Python's lock let go of."""
        body = b"".join(self._pieces)
        self._pieces = []
        yield
        body, whole = _decoded(body, self._encoding)
        yield
        if self.part is BodyKind.ANSWER:
            body = answers.assembled(body)
            yield
        cut = self._cut or not whole or len(body) > LONGEST
        redacted = yield from redaction.steps(body[:LONGEST])
        size, data = len(redacted.body), compress(redacted.body)
        return Packed(self.request, self.part, self._at, size, cut, redacted.hidden, data)


def _decoded(body: bytes, encoding: str) -> tuple[bytes, bool]:
    """Without its content coding, and whether that is all of it. A coding nobody here can read: nothing of it."""
    if encoding in PLAIN:
        return body, True
    if not ContentDecoder.knows(encoding):
        return b"", False
    unpacking = ContentDecoder(encoding)
    try:
        plain = unpacking.feed(body, LONGEST)
    except zlib.error:
        return b"", False
    return plain, unpacking.is_whole
