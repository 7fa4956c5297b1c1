"""What may stand on a connection: one request at a time, with a head of some length that arrives in some time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from enum import Enum, auto
from itertools import chain
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

LIMIT: Final = 64 * 1024
"""Bytes of request line and headers, and of trailers. Claude Code sends about 2 kB."""

HEADERS: Final = 200
"""How many headers; Claude Code sends about 25."""

SECONDS: Final = 15.0
"""From a head's first byte to its last."""

LINGER: Final = 5.0
"""Seconds for which a body is still taken in whose request was answered already: to close at once would be a reset,
which can overtake the answer."""


class _AnswerTransport:
    """What one answer is written to. Its head waits for the first of its body, so that both leave in one piece."""

    __slots__ = ("_head", "_loop", "_transport", "write")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""
        self.write: Callable[[bytes], None] = self._hold

    def is_closing(self) -> bool:
        """Whether nothing that is written arrives any more."""
        return self._transport.is_closing()

    def close(self) -> None:
        """No more comes."""
        self._send_head()
        self._transport.close()

    def _hold(self, head: bytes) -> None:
        self._head, self.write = head, self._write_behind
        self._loop.call_soon(self._send_head)

    def _write_behind(self, data: bytes) -> None:
        self._transport.writelines((self._head, data))
        self._head, self.write = b"", self._transport.write

    def _send_head(self) -> None:
        """The body is not here yet: the head goes alone."""
        if self._head and not self._transport.is_closing():
            self._transport.write(self._head)
        self._head, self.write = b"", self._transport.write


_VERSIONS: Final = frozenset({"1.0", "1.1"})


class _RefusedError(ValueError):
    """Ends the parsing of a head that is not taken."""


class _Within(Enum):
    """Where in a request the next byte stands."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()
    WASTE = auto()
    """Behind a request that is still being answered: never looked at."""


_HEAD: Final = _Within.HEAD  # looked up for every header, which takes Python 3.11 longer than to compare


class LimitedHeads(HttpToolsProtocol):
    """uvicorn's protocol, which by itself takes heads of any length for any time, and requests ahead of their turn.

    What is refused here never becomes a request, so the answer is made here as well, in Anthropic's shape. A request
    that comes before the last one was answered is not taken (RFC 9112, 9.3.2: the client sends it again): while it
    waited nobody would notice that the client has left.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._within = _Within.HEAD
        self._size = 0
        self._refusal = (400, "invalid_request_error", "This is not a valid HTTP request.")
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and count what belongs to a head that is not whole yet."""
        if self.transport.is_closing() or self._within is _Within.WASTE:
            return
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._within is _Within.HEAD:
            self._count(len(data))
            if self._late is None:
                self._wait_for_head()
        elif self._within is _Within.NOTHING and self._late is None and not self._is_answering:
            self._wait_for_head()  # an empty line came: uvicorn has stopped its own clock for that

    def on_message_begin(self) -> None:
        """A head begins; where one read does not bring all of it, it is waited for."""
        if self._is_answering:
            self._waste_the_rest()
            return
        super().on_message_begin()
        self._within = _Within.HEAD
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Keep the target."""
        if self._within is _Within.HEAD:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header, if there are not too many already. What stands behind the body is no header."""
        if self._within is _HEAD:
            if len(self.headers) >= HEADERS:
                self._refuse_large()
            super().on_header(name, value)
        elif self._within is _Within.BODY:
            self._size += len(name) + len(value)
            if self._size > LIMIT:
                self._refuse_large()

    def on_headers_complete(self) -> None:
        """Pass the request on, if its head is not too long and names a place of ours."""
        if self._within is not _Within.HEAD:
            return
        size = len(b"".join(chain.from_iterable(self.headers))) + 4 * len(self.headers)
        if len(self.url) + size > LIMIT:
            self._refuse_large()
        if self.parser.should_upgrade():
            self._refusal = (400, "invalid_request_error", "This server does not change to another protocol.")
            raise _RefusedError
        if not self.url.startswith(b"/") or self.parser.get_http_version() not in _VERSIONS:
            raise _RefusedError
        super().on_headers_complete()
        self.cycle.transport = _AnswerTransport(self.transport, self.loop)  # type: ignore[assignment]  # all it needs of one
        self._within = _Within.BODY
        self._size = 0
        self._wait_no_more()

    def on_body(self, body: bytes) -> None:
        """Pass a piece on."""
        if self._within is _Within.BODY:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._within is not _Within.BODY:
            return
        super().on_message_complete()
        self._within = _Within.NOTHING
        self._wait_no_more()

    def on_response_complete(self) -> None:
        """The request is answered; the rest of its body, if it is not here yet, is waited for a little."""
        super().on_response_complete()
        if self._within is _Within.BODY and not self.transport.is_closing():
            self._late = self.loop.call_later(LINGER, self.transport.close)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence is not for a client of ours
        """Say what was wrong, and close; where an answer to what came before is under way, let that end first."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and self._is_answering and self._within is not _Within.BODY:
            self._waste_the_rest()
            return
        if cycle is not None and self._within is _Within.BODY:
            begun, cycle.disconnected = cycle.response_started, True
            cycle.message_event.set()
            if begun:
                self.transport.close()
                return
        status, kind, sentence = self._refusal
        request_id = f"req_{secrets.token_hex(12)}"
        error = {"type": kind, "message": sentence}
        body = orjson.dumps({"type": "error", "error": error, "request_id": request_id})
        lines = (
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"request-id: %b" % request_id.encode(),
            b"x-should-retry: false",
            b"connection: close",
        )
        self.transport.write(STATUS_LINE[status] + b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self.transport.close()

    @property
    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _waste_the_rest(self) -> None:
        self._within = _Within.WASTE
        self.cycle.keep_alive = False

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > LIMIT:
            self._refusal = _LARGE
            self.send_400_response("")

    def _refuse_large(self) -> None:
        self._refusal = _LARGE
        raise _RefusedError

    def _wait_for_head(self) -> None:
        self._late = self.loop.call_later(SECONDS, self._head_is_late)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _head_is_late(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            self._refusal = (408, "timeout_error", f"The request's head did not arrive within {SECONDS:.0f} seconds.")
            self.send_400_response("")


_LARGE: Final = (431, "invalid_request_error", f"The request's head is over {LIMIT // 1024} kB.")
