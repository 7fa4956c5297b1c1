"""A body as it lies on disk: compressed, and looked into without keeping it."""

from __future__ import annotations

import json
from typing import Final

from proxy_core.anthropic_api.json_text import dumps

_LEVEL: Final = 3
"""A sixth of the work of zlib's 3 and less room, as measured on requests of Claude Code."""

_SMALL: Final = 1024
"""Bytes below which a body is stored as it is: compressing it saves next to nothing."""

_AS_IT_IS: Final = b"\0"
"""Stands before a body for which compressing is more work than it saves; Zstandard's own begin with ``(``."""


def compress(body: bytes) -> bytes:
    """The body, compressed; Python's lock is free meanwhile."""
    if len(body) < _SMALL:
        return _AS_IT_IS + body
    from zstandard import ZstdCompressor  # noqa: PLC0415 - a process that keeps no bodies never needs it

    return ZstdCompressor(level=_LEVEL).compress(body)


def decompress(data: bytes) -> bytes:
    """What :func:`compress` was given. Raises ``zstandard.ZstdError`` for anything else."""
    if data.startswith(_AS_IT_IS):
        return data[1:]
    from zstandard import ZstdDecompressor  # noqa: PLC0415

    return ZstdDecompressor().decompress(data)


def holds(body: bytes, text: str) -> bool:
    """Whether ``text`` is in it, as it stands or as JSON escapes it, without regard to the case of ASCII letters."""
    low = body.lower()
    forms = {text.encode("utf-8", "replace"), dumps(text)[1:-1], json.dumps(text)[1:-1].encode()}
    return any(form.lower() in low for form in forms)
