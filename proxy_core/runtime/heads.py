"""Limits on what stands before a request's body: how long its head may be, and how long it may take to arrive."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

LIMIT: Final = 64 * 1024
"""Bytes of request line and headers. Claude Code sends about 2 kB."""

HEADERS: Final = 200
"""How many headers; Claude Code sends about 25."""

SECONDS: Final = 15.0
"""From a head's first byte to its last."""


class _HeadTooLarge(ValueError):
    """Ends the parsing of a head that is over a limit."""


class LimitedHeads(HttpToolsProtocol):
    """uvicorn's protocol, which by itself takes heads of any length for any time.

    What is refused here never becomes a request, so the answer is made here as well, in Anthropic's shape.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._size = 0
        self._refusal = (400, "invalid_request_error", "This is not a valid HTTP request.")
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and count what belongs to a head that is not whole yet."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._size += len(data)
            if self._size > LIMIT:
                self._refuse_large()
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of the head."""
        super().on_message_begin()
        self._in_head = True
        self._size = 0
        if self._late is None:
            self._wait_for_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header, if there are not too many already."""
        if len(self.headers) >= HEADERS:
            self._refuse_large()
            raise _HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Pass the request on, if its head is not too long."""
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > LIMIT:
            self._refuse_large()
            raise _HeadTooLarge
        self._in_head = False
        self._head_is_here()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's sentence is not for a client of ours
        """Say what was wrong with the head, and close; in the middle of another answer only close."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self.transport.close()
            return
        status, kind, sentence = self._refusal
        body = orjson.dumps({"type": "error", "error": {"type": kind, "message": sentence}})
        headers = b"content-type: application/json\r\nx-should-retry: false\r\nconnection: close\r\n"
        self.transport.write(STATUS_LINE[status] + headers + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()

    def _refuse_large(self) -> None:
        self._refusal = (431, "invalid_request_error", f"The request's head is over {LIMIT // 1024} kB.")

    def _wait_for_head(self) -> None:
        self._late = self.loop.call_later(SECONDS, self._head_is_late)

    def _head_is_here(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _head_is_late(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            self._refusal = (408, "timeout_error", f"The request's head did not arrive within {SECONDS:.0f} seconds.")
            self.send_400_response("")
