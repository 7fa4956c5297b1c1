"""The socket the proxy listens on, bound before anything heavy is loaded, and the holder of a port that is taken."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from proxy_core.errors import ConfigError

_BACKLOG: Final = 1024
_ALL_ADDRESSES: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where this machine reaches itself
_SEARCH: Final = 50
"""How many ports after a taken one are tried for the next free one."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where the proxy answers. ``port`` is the real one, also when 0 was asked for."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """As a client on this machine wants it: ``http://127.0.0.1:8082``, without a slash at the end."""
        host = _ALL_ADDRESSES.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that listens on a port."""

    pid: int
    name: str


class PortTaken(ConfigError):
    """Somebody else listens there. ``next_free`` is the nearest free port above it, None when none was found."""

    def __init__(self, address: ListenAddress, holder: Holder | None, next_free: int | None) -> None:
        by = f"{holder.name} (process {holder.pid})" if holder else "another program"
        advice = f"try --port {next_free}" if next_free else "choose another port with --port"
        super().__init__(f"Port {address.port} on {address.host} is taken by {by}: stop it, or {advice}.")
        self.address = address
        self.holder = holder
        self.next_free = next_free


class Listening:
    """A bound, listening socket: whoever connects from now on waits in its backlog until a server takes the connection.

    Each run of a server gets a duplicate of it (:meth:`share`), so that the port stays ours when one of them dies.
    """

    def __init__(self, host: str, port: int) -> None:
        """Bind ``port`` on ``host`` (0: any free one).

        Raises :class:`PortTaken` when it is taken and :class:`~proxy_core.errors.ConfigError` when it cannot be bound
        for another reason (no such address, a privileged port).
        """
        try:
            self._socket = _bound(host, port)
        except TypeError as fault:  # what is no name at all, as "ä..b": the resolver is not even asked
            raise ConfigError(f"{host} is not an address of this machine: choose another with --host.") from fault
        except OSError as fault:
            if fault.errno in _TAKEN:
                raise PortTaken(ListenAddress(host, port), holder_of(port), next_free(host, port)) from fault
            raise ConfigError(_sentence(host, port, fault)) from fault
        self.address = ListenAddress(host, self._socket.getsockname()[1])

    def share(self) -> socket.socket:
        """Another handle on the same listening socket, to be closed by whoever took it."""
        return self._socket.dup()

    def close(self) -> None:
        """Let go of the port. May be called twice."""
        self._socket.close()


def next_free(host: str, port: int) -> int | None:
    """The nearest free port above ``port``, None when :data:`_SEARCH` ports in a row are taken."""
    for candidate in range(port + 1, min(port + 1 + _SEARCH, 65536)):
        try:
            _bound(host, candidate).close()
        except OSError:
            continue
        return candidate
    return None


def holder_of(port: int) -> Holder | None:
    """Return the process that listens on ``port``, None where the system names none: another user's, often."""
    import psutil  # noqa: PLC0415 - only where a port is taken

    pid = dict(_listeners()).get(port)
    try:
        return None if pid is None else Holder(pid, psutil.Process(pid).name())
    except psutil.Error:  # it has ended meanwhile
        return None


def _listeners() -> Iterator[tuple[int, int]]:
    """Yield the TCP ports that are listened on, each with the number of the process."""
    import psutil  # noqa: PLC0415 - as above

    try:
        for each in psutil.net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr and each.pid is not None:
                yield each.laddr.port, each.pid
    except psutil.AccessDenied:  # macOS names this user's only, process by process
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                yield from (
                    (each.laddr.port, process.pid)
                    for each in process.net_connections("tcp")
                    if each.status == psutil.CONN_LISTEN
                )


_TAKEN: Final = frozenset({errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", -1), getattr(errno, "WSAEACCES", -1)})


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there SO_REUSEADDR lets two programs share one port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except BaseException:  # not OSError alone: a host that is no name is a TypeError
        sock.close()
        raise
    return sock


def _sentence(host: str, port: int, fault: OSError) -> str:
    if fault.errno == errno.EACCES:
        return f"Port {port} may be used by the administrator only: choose one above 1023 with --port."
    if fault.errno == errno.EADDRNOTAVAIL or isinstance(fault, socket.gaierror):
        return f"{host} is not an address of this machine: choose another with --host."
    return f"Port {port} on {host} cannot be used: {fault.strerror or fault}."
