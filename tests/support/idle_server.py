"""A server in a thread that answers one request per connection and then does with the connection what a test says.

It is closed while the client's event loop stands still, so that the loop cannot have heard of it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Final

CLOSES: Final[dict[str, Callable[[socket.socket], None]]] = {}


def _close(how: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    CLOSES[how.__name__.strip("_")] = how
    return how


@_close
def _fin(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@_close
def _rst(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def close_notify(sock: socket.socket) -> None:
    """TLS's own farewell; the connection below it stays."""
    assert isinstance(sock, ssl.SSLSocket)
    sock.setblocking(False)
    with contextlib.suppress(ssl.SSLWantReadError):
        sock.unwrap()


class IdleServer:
    """Counts the requests that it read."""

    def __init__(self, answer: bytes, context: ssl.SSLContext | None = None) -> None:
        self.requests = 0
        self._answer = answer
        self._context = context
        self._idle: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://localhost:{self.port}"

    def close_idle(self, how: Callable[[socket.socket], None]) -> None:
        """Close what was answered on; blocks, and with it the loop that calls."""
        while self._idle:
            how(self._idle.pop())

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        self.close_idle(socket.socket.close)

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            sock = plain if self._context is None else self._context.wrap_socket(plain, server_side=True)
            _read_request(sock)
            self.requests += 1
            self._idle.append(sock)
            sock.sendall(self._answer)


def _read_request(sock: socket.socket) -> None:
    got = b""
    while b"\r\n\r\n" not in got:
        got += sock.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += sock.recv(65536)


@contextlib.contextmanager
def idle_server(answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[IdleServer]:
    server = IdleServer(answer, context)
    try:
        yield server
    finally:
        server.stop()
