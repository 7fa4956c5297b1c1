"""One connection to a provider: HTTP/1.1, one request after the other, each answer read as it comes."""

from __future__ import annotations

import asyncio
import select
import sys
from copy import copy
from enum import Enum, auto
from typing import Final, cast

import httptools

from proxy_core.upstream.content_length import with_one_length

Headers = tuple[tuple[bytes, bytes], ...]
"""Raw names and values, in order; names in any case."""

HEAD_LIMIT: Final = 64 * 1024
"""Bytes of an answer's head, and of whatever else stands between two pieces of its body."""

HELD: Final = 256 * 1024
"""Bytes of an answer that wait to be read; with more of them the provider is not listened to."""

LARGE: Final = 512 * 1024
"""Bytes above which a request's body is not given to the socket at once."""

_PIECE: Final = 128 * 1024

_NO_BODY: Final = frozenset({204, 304})

_LENIENT: Final = {
    "lenient_headers": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_spaces_after_chunk_size": True,
}
"""What providers were seen to get wrong and every client lets pass; how long a body is never is a matter of opinion."""


class Disconnected(ConnectionError):
    """The connection ended before the answer was whole. Its text is the system's reason, empty for a plain close."""


class NotConnected(Disconnected):
    """The other end closed a new connection before the request could be written."""


class Damaged(ConnectionError):
    """What came is not HTTP/1.1."""


class _Phase(Enum):
    """What is expected of the other end."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    WHOLE = auto()
    """The answer is all here; what has arrived of it may still have to be read."""


class Connection(asyncio.Protocol):
    """A connection and the answer that it is about. Nobody but :class:`~proxy_core.upstream.pool.Pool` keeps one.

    A fault is an ``OSError``: :class:`Disconnected`, :class:`Damaged`, ``TimeoutError``, or what the system said. It is
    told to the reader once all that came before it was read; damage is told at once. One clock runs per answer, not
    one per read.
    """

    def __init__(self, *, waits_for_tls: bool = False) -> None:
        self._waits_for_tls = waits_for_tls
        self._loop = asyncio.get_running_loop()
        self._parser = _make_parser(self)
        self._phase = _Phase.NOTHING
        self._headers: list[tuple[bytes, bytes]] = []
        self._head = bytearray()
        self._is_held_back = False
        self._pieces: list[bytes] = []
        self._held = 0
        self._between = 0
        self._ends_by_closing = False
        self._fault: OSError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._is_full = self._is_paused = False
        self._clock: asyncio.TimerHandle | None = None
        self._patience = 0.0
        self._since = 0.0
        self._counts_silence = False
        self.can_be_used_again = True

    # The other side of the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = self._source = cast("asyncio.Transport", transport)  # uvloop's own kind
        if self._waits_for_tls:
            self._source.pause_reading()  # what the other end says first belongs to the handshake

    def speak_through(self, tls: asyncio.Transport) -> None:
        """From now on what is said is encrypted.

        Not to listen stays the matter of the connection below: uvloop's TLS, told not to read, throws away what it has
        read already when the other end closes (its pull request 661).
        """
        self._transport = tls

    def eof_received(self) -> None:
        """The other end sends no more, under TLS too: the transport closes itself, and is of no use from now on."""
        self.can_be_used_again = False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: the end of an answer that says so, a fault of any other."""
        self.can_be_used_again = False
        if self._phase is _Phase.BODY and self._ends_by_closing and exc is None and self._fault is None:
            self._phase = _Phase.WHOLE
        elif self._phase is not _Phase.WHOLE:
            self._fault = self._fault or Disconnected(_reason(exc))
        self._stop_clock()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer. Nothing may come unasked, and nothing behind an answer's end."""
        if self._phase is _Phase.NOTHING or self._phase is _Phase.WHOLE:
            self.abort()
            return
        held = self._held
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._end_by_damage(Damaged(str(error)))
            return
        if self._counts_silence:
            self._since = self._loop.time()
        if self._held != held:
            self._between = 0
            if self._held > HELD and not self._is_paused:
                self._is_paused = True
                self._source.pause_reading()
        else:
            self._between += len(data)
            if self._between > HEAD_LIMIT:
                self._break(Damaged("more bytes around the answer than an answer has"))
                return
        if self._phase is not _Phase.HEAD:
            self._wake()

    def pause_writing(self) -> None:
        """The other end reads more slowly than we write."""
        self._is_full = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._is_full = False
        self._wake()

    # The parser

    def on_message_begin(self) -> None:
        """A second answer to one question is not looked at."""
        if self._phase is _Phase.WHOLE:
            self.can_be_used_again = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; what stands behind a body is none."""
        if self._phase is _Phase.HEAD:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole, unless it was a notice that the answer is still to come."""
        if self._phase is not _Phase.HEAD:
            return
        status = self._parser.get_status_code()
        if status < 100:
            raise Damaged("a status below 100")
        if status < 200:
            self._headers.clear()
            return
        self._phase = _Phase.BODY
        self._head.clear()
        self.can_be_used_again = self.can_be_used_again and self._parser.should_keep_alive()
        self._ends_by_closing = not self._parser.should_keep_alive() and _ends_by_closing(status, self._headers)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._phase is _Phase.BODY:
            self._pieces.append(data)
            self._held += len(data)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._phase is _Phase.BODY:
            self._phase = _Phase.WHOLE
            self._stop_clock()

    # Whoever asks

    @property
    def is_lost(self) -> bool:
        """Whether it is of no use any more."""
        return not self.can_be_used_again or self._transport.is_closing()

    @property
    def is_readable(self) -> bool:
        """Whether anything waits on the socket that the event loop has not delivered yet.

        Between two requests that can only be the other end's close (TLS's farewell included), or bytes that nobody
        asked for.
        """
        sock = self._source.get_extra_info("socket")
        descriptor: int = -1 if sock is None else sock.fileno()
        return descriptor < 0 or _is_readable(descriptor)

    @property
    def is_whole(self) -> bool:
        """Whether all of the answer was read."""
        return self._phase is _Phase.WHOLE and not self._pieces

    async def ask(self, head: bytes, body: bytes, patience: float) -> tuple[int, Headers]:
        """Send a request; the status and headers of its answer. Raises ``OSError``.

        All of the answer has ``patience`` seconds, until :meth:`allow_silence` is called. An answer may come before the
        whole body went out.
        """
        self._phase, self._headers, self._between = _Phase.HEAD, [], 0
        self._head.clear()
        self._patience, self._since, self._counts_silence = patience, self._loop.time(), False
        self._clock = self._loop.call_later(patience, self._look_at_clock)
        if len(body) <= LARGE:
            self._transport.writelines((head, body))
        else:
            await self._write_in_pieces(head, body)
        while self._phase is _Phase.HEAD:
            await self._wait()
        if isinstance(self._fault, Damaged):
            raise copy(self._fault)
        return self._parser.get_status_code(), tuple(self._headers)

    def allow_silence(self, seconds: float) -> None:
        """From now on the answer may take as long as it wants, as long as something comes every so many seconds."""
        self._patience, self._since, self._counts_silence = seconds, self._loop.time(), True
        if self._clock is not None:
            self._clock.cancel()
            self._clock = self._loop.call_later(seconds, self._look_at_clock)

    async def read(self) -> bytes:
        """All of the body that has arrived; empty at its end. Raises ``OSError``."""
        while not self._pieces:
            if self._phase is _Phase.WHOLE:
                return b""
            await self._wait()
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        if self._is_paused:
            self._is_paused = False
            self._since = self._loop.time()
            self._source.resume_reading()
        return data

    def rest(self) -> None:
        """The answer was read: wait for the next question."""
        self._phase = _Phase.NOTHING

    def abort(self) -> None:
        """Close now, whatever was not sent or read."""
        self.can_be_used_again = False
        self._stop_clock()
        self._transport.abort()

    def _feed(self, data: bytes) -> None:
        """Parse ``data``. A length that is said more than once ends the parser, but is none where all are the same
        (RFC 9110, 8.6): then the head is put right once it is whole, and parsed anew.
        """
        if self._phase is not _Phase.HEAD:
            self._parser.feed_data(data)
            return
        self._head += data
        if not self._is_held_back:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserError:
                if not self._may_be_the_length:
                    raise
            else:
                return
        self._is_held_back = True
        if (repaired := with_one_length(bytes(self._head))) is None:
            return
        self._is_held_back = False
        self._headers = []
        self._parser = _make_parser(self)
        self._parser.feed_data(repaired)

    @property
    def _may_be_the_length(self) -> bool:
        """Whether what ended the parser may be a length in the head."""
        return self._phase is _Phase.HEAD and b"content-length" in self._head.lower()

    async def _write_in_pieces(self, head: bytes, body: bytes) -> None:
        """So that other answers go on meanwhile; no more of it once the answer has come."""
        self._transport.write(head)
        for start in range(0, len(body), _PIECE):
            while self._is_full and self._may_go_on:
                await self._wait()
            if not self._may_go_on:
                self.can_be_used_again = False
                return
            self._transport.write(body[start : start + _PIECE])
            await asyncio.sleep(0)

    @property
    def _may_go_on(self) -> bool:
        return self._phase is _Phase.HEAD and not self._transport.is_closing()

    async def _wait(self) -> None:
        """Until something happens. Raises the fault when it was one, as a copy: on its way up it comes to hold all who
        wait for it, the body that was sent too, and must not be held by the connection itself.
        """
        if self._fault is not None:
            raise copy(self._fault)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _end_by_damage(self, fault: Damaged) -> None:
        """Where the damage begins nobody knows, unless that is behind a whole answer: then it is nobody's."""
        if self._phase is not _Phase.WHOLE:
            self._pieces.clear()
            self._fault = self._fault or fault
        self.abort()
        self._wake()

    def _break(self, fault: OSError) -> None:
        self._fault = self._fault or fault
        self.abort()
        self._wake()

    def _look_at_clock(self) -> None:
        left = self._patience if self._is_paused else self._since + self._patience - self._loop.time()
        if left > 0:
            self._clock = self._loop.call_later(left, self._look_at_clock)
        else:
            self._clock = None
            self._break(TimeoutError("nothing more came in time"))

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def _make_parser(connection: Connection) -> httptools.HttpResponseParser:
    parser = httptools.HttpResponseParser(connection)
    parser.set_dangerous_leniencies(**_LENIENT)
    return parser


def _reason(exc: Exception | None) -> str:
    """Why a connection was lost, in the system's or TLS's words; empty where it was just closed."""
    return "" if exc is None else str(getattr(exc, "reason", "") or getattr(exc, "strerror", "") or type(exc).__name__)


def _is_readable(descriptor: int) -> bool:
    if sys.platform != "win32":
        looked = select.poll()
        looked.register(descriptor, select.POLLIN)
        return bool(looked.poll(0))
    else:  # no descriptor is too high for it there
        return bool(select.select([descriptor], [], [], 0)[0])


def _ends_by_closing(status: int, headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the end of the connection is the end of the body (RFC 9112, 6.3)."""
    if status in _NO_BODY:
        return False
    coding = b""
    for name, value in headers:
        match name.lower():
            case b"content-length":
                return False
            case b"transfer-encoding":
                coding = value
    return not coding.lower().rstrip().endswith(b"chunked")
