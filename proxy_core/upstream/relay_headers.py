"""Which headers a relayed request and its answer keep."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from proxy_core.messages import HEADER
from proxy_core.upstream.connection import Headers

_KEPT_PREFIXES: Final = (b"anthropic-", b"x-claude-", b"x-stainless-", b"accept")
_KEPT: Final = frozenset(
    {b"user-agent", b"content-type", b"content-encoding", b"x-app", b"x-client-request-id", b"idempotency-key"}
)
"""What a provider may see of a client's request. Everything else stays here: credentials, the local token, cookies,
``host``, forwarding headers, hop-by-hop headers, and whatever nobody has thought of yet."""

_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""RFC 9110, 7.6.1."""

_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

_READABLE: Final = frozenset({b"gzip", b"deflate", b"identity", b"x-gzip"})


def outgoing(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of a client's request that go on, as they came.

    One is narrowed: of ``accept-encoding`` only what :mod:`~proxy_core.upstream.usage_reading` can read remains, so
    that the tokens of a relayed answer are known.
    """
    return tuple((name, _readable(value) if _is_narrowed(name) else value) for name, value in headers if _goes_on(name))


@lru_cache(maxsize=1024)
def _goes_on(name: bytes) -> bool:
    lower = name.lower()
    return lower in _KEPT or lower.startswith(_KEPT_PREFIXES)


@lru_cache(maxsize=1024)
def _is_narrowed(name: bytes) -> bool:
    return name.lower() == b"accept-encoding"


def incoming(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of an answer that go to the client.

    All but those that speak of one connection only, those whose value no server may send (RFC 9110, 5.5), and
    :data:`~proxy_core.messages.HEADER`, by which a provider could word what the window shows as ours.
    """
    pairs = tuple(headers)
    named = {
        each.strip().lower() for name, value in pairs if name.lower() == b"connection" for each in value.split(b",")
    }
    dropped = _HOP_BY_HOP | named | {HEADER.encode()}
    return tuple((name, value) for name, value in pairs if name.lower() not in dropped and not _CONTROL.search(value))


@lru_cache(maxsize=64)
def _readable(accept_encoding: bytes) -> bytes:
    codings = [each.strip() for each in accept_encoding.split(b",")]
    return b", ".join(each for each in codings if each.partition(b";")[0].strip().lower() in _READABLE) or b"identity"
