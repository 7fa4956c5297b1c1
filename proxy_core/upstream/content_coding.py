"""Bodies that come packed although nobody asked for it, unpacked as they are read."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from typing import Final

from proxy_core.upstream.connection import Damaged
from proxy_core.upstream.http import HttpAnswer, header

_AT_ONCE: Final = 1024 * 1024
"""Bytes that one read gives at most, however small they were packed."""

_CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})
"""What is packed. Any other word says nothing: servers write ``utf-8`` there."""

_WINDOWS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def reading(answer: HttpAnswer) -> Callable[[], Awaitable[bytes]]:
    """What reads the answer's body as :meth:`HttpAnswer.read` does, but unpacked."""
    coding = header(answer.headers, b"content-encoding").strip().lower()
    return _Packed(answer, coding).read if coding in _CODINGS else answer.read


class _Packed:
    """A packed body. Raises :class:`Damaged` for one that cannot be unpacked."""

    def __init__(self, answer: HttpAnswer, coding: str) -> None:
        self._answer = answer
        self._coding = coding
        window = _WINDOWS.get(coding)
        self._zlib = None if window is None else zlib.decompressobj(window)
        self._begun = False

    async def read(self) -> bytes:
        """The next bytes, at most :data:`_AT_ONCE`; empty at the end."""
        while True:
            packed = self._zlib.unconsumed_tail if self._zlib is not None else b""
            packed = packed or await self._answer.read()
            if not packed:
                return b"" if self._zlib is None else self._zlib.flush()
            if plain := self._unpack(packed):
                return plain

    def _unpack(self, packed: bytes) -> bytes:
        if self._zlib is None:
            raise Damaged(f"packed as {self._coding}, which nobody asked for")
        if not self._begun:
            self._begun = True
            if self._coding == "deflate" and packed[0] & 15 != 8:  # servers leave out zlib's header
                self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            return self._zlib.decompress(packed, _AT_ONCE)
        except zlib.error as error:
            raise Damaged(str(error)) from error
