"""Bodies that come packed although nobody asked for it, unpacked as they are read."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from typing import Final

from proxy_core.anthropic_api.content_decoding import ContentDecoder, coding_of
from proxy_core.upstream.connection import Damaged
from proxy_core.upstream.http import HttpAnswer, header

_AT_ONCE: Final = 1024 * 1024
"""Bytes that one read gives at most, however small they were packed."""

_UNREADABLE: Final = frozenset({"br", "zstd"})
"""What is packed too. Any other word says nothing: servers write ``utf-8`` there."""


def reading(answer: HttpAnswer) -> Callable[[], Awaitable[bytes]]:
    """What reads the answer's body as :meth:`HttpAnswer.read` does, but unpacked.

    It raises :class:`Damaged` for a body that cannot be unpacked.
    """
    coding = coding_of(header(answer.headers, b"content-encoding"))
    if coding in _UNREADABLE:
        return _refusing(coding)
    return _Packed(answer, ContentDecoder(coding)).read if ContentDecoder.knows(coding) else answer.read


class _Packed:
    def __init__(self, answer: HttpAnswer, unpacking: ContentDecoder) -> None:
        self._answer = answer
        self._unpacking = unpacking

    async def read(self) -> bytes:
        """The next bytes, at most :data:`_AT_ONCE`; empty at the end."""
        packed = b""
        while True:
            try:
                plain = self._unpacking.feed(packed, _AT_ONCE)
            except zlib.error as error:
                raise Damaged(str(error)) from error
            if plain:
                return plain
            packed = await self._answer.read()
            if not packed:
                return b""


def _refusing(coding: str) -> Callable[[], Awaitable[bytes]]:
    async def read() -> bytes:
        raise Damaged(f"packed as {coding}, which nobody asked for")

    return read
