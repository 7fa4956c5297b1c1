"""An address that a session must not reach: it listens, and writes down whoever comes."""

from __future__ import annotations

import contextlib
import socketserver
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Evil:
    """``address`` is its URL, ``port`` that of it; ``seen`` has the first bytes of each connection."""

    address: str
    port: int
    seen: list[bytes]


@contextlib.contextmanager
def evil_server() -> Iterator[Evil]:
    """On loopback, answering everything with 403."""
    with _listening(socketserver.ThreadingTCPServer, ("127.0.0.1", 0)) as (server, seen):
        port = server.server_address[1]
        yield Evil(f"http://127.0.0.1:{port}", port, seen)


@contextlib.contextmanager
def evil_socket(path: Path) -> Iterator[list[bytes]]:
    """On a Unix socket; gives the first bytes of each connection."""
    if sys.platform == "win32":
        pytest.skip("Unix sockets")
    else:
        with _listening(socketserver.ThreadingUnixStreamServer, str(path)) as (_, seen):
            yield seen


@contextlib.contextmanager
def _listening(
    make: type[socketserver.TCPServer], address: object
) -> Iterator[tuple[socketserver.TCPServer, list[bytes]]]:
    seen: list[bytes] = []

    class Refuse(socketserver.StreamRequestHandler):
        timeout = 5.0

        def handle(self) -> None:
            with contextlib.suppress(OSError):
                seen.append(self.connection.recv(65_536))
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with make(address, Refuse) as server:  # type: ignore[arg-type]
        server.daemon_threads = True  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server, seen
        finally:
            server.shutdown()
            thread.join()
