"""Content codings of HTTP that zlib knows, unpacked piece by piece and within limits (RFC 9110, 8.4.1)."""

from __future__ import annotations

import zlib
from typing import Final

PLAIN: Final = frozenset({"", "identity"})
"""Codings under which bytes are what they are."""

_WINDOWS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""zlib's ``wbits`` for each coding; 16 more expects gzip's header instead of zlib's own."""

_DEFLATE: Final = 8
"""The method in the first byte of zlib's header, which some servers leave out."""
_MEMBER: Final = b"\x1f"
"""How one of gzip begins."""


def coding_of(header: str) -> str:
    """The word of a ``content-encoding`` header."""
    return header.strip().lower()


class ContentDecoder:
    """One packed body. ``coding`` is one that :meth:`knows` knows, else KeyError."""

    def __init__(self, coding: str) -> None:
        self._window = _WINDOWS[coding]
        self._zlib = zlib.decompressobj(self._window)
        self._waiting = b""
        self._begun = False

    @staticmethod
    def knows(coding: str) -> bool:
        """Whether such a body can be unpacked."""
        return coding in _WINDOWS

    @property
    def is_whole(self) -> bool:
        """Whether the body's own end was reached, and all of it handed out."""
        return self._zlib.eof and not self._waiting

    def feed(self, data: bytes, most: int) -> bytes:
        """What these bytes unpack to, at most ``most`` bytes: feed nothing to be given more of the rest.

        Several members, one behind the other, are one body (RFC 1952, 2.2). Raises ``zlib.error`` for damage.
        """
        data, self._waiting = self._waiting + data, b""
        self._skip_missing_header(data)
        pieces: list[bytes] = []
        while most > 0:
            if self._zlib.eof:
                if self._window == zlib.MAX_WBITS or not data.startswith(_MEMBER):
                    data = b""  # what is padded behind the end is not the body's
                    break
                self._zlib = zlib.decompressobj(self._window)
            plain = self._zlib.decompress(data, most)
            data = self._zlib.unconsumed_tail or self._zlib.unused_data
            pieces.append(plain)
            most -= len(plain)
            if not plain and not self._zlib.eof:
                break
        self._waiting = data
        return b"".join(pieces)

    def _skip_missing_header(self, data: bytes) -> None:
        if data and not self._begun:
            self._begun = True
            if self._window == zlib.MAX_WBITS and data[0] & 15 != _DEFLATE:
                self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
