"""One app per user and home: the first holds a lock and listens; a later one asks it to come to the front.

The socket is where no other user can create one, because its answer is trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from proxy_core.config.paths import private_folder

_SHOW: Final = b"show\n"
_SEEN: Final = b"seen\n"
_PATIENCE: Final = 5.0
"""Seconds for the first one to answer: it may just be starting."""

_ANSWER: Final = 1_000
"""Milliseconds for one attempt."""


_LONGEST_PATH: Final = 90
"""Bytes of a socket's path: systems allow at least 104, and Qt binds it in a neighbouring folder before renaming it."""


class SingleInstance(QObject):
    """Emits ``asked`` in the first instance when another one was started."""

    asked = Signal()

    def __init__(self, lock_file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = lock_file
        self.trouble = ""
        """The reason why later instances cannot reach this one; empty if they can."""
        self._lock = QLockFile(str(lock_file))
        self._lock.setStaleLockTime(0)  # never by age: the lock of a process that is gone is taken over anyway
        self._server: QLocalServer | None = None
        self._guests: list[QLocalSocket] = []

    def first(self) -> bool:
        """Return whether this is the first instance; if so, listen. Raises OSError if no lock can be created."""
        private_folder(self._file.parent)
        if not self._lock.tryLock(0):
            if self._lock.error() is QLockFile.LockError.LockFailedError:
                return False
            raise PermissionError(f"{self._file} cannot be written")
        name = self._name()
        if not name:
            self.trouble = "no folder of its own for the socket"
            return True
        QLocalServer.removeServer(name)  # left behind by a crash: a living instance holds the lock
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._meet)
        if not server.listen(name):
            self.trouble = server.errorString()
            return True
        self._server = server
        return True

    def ask_the_first(self, *, monotonic: Callable[[], float] = time.monotonic) -> bool:
        """Ask the first instance to come to the front; return False if it does not answer, or the socket is not its
        own.
        """
        name = self._name()
        until = monotonic() + _PATIENCE
        while name and monotonic() < until:
            if _may_trust(name) and _is_heard(name):
                return True
            time.sleep(0.1)
        return False

    def close(self) -> None:
        """Release the lock and stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    def _name(self) -> str:
        return socket_name(self._file, os.environ.get("XDG_RUNTIME_DIR", ""))

    def _meet(self) -> None:
        while self._server is not None and (guest := self._server.nextPendingConnection()) is not None:
            self._guests.append(guest)
            guest.readyRead.connect(self._on_event)
            guest.disconnected.connect(self._see_off)

    def _on_event(self) -> None:
        """Handle one line from each client, then disconnect it."""
        for guest in [guest for guest in self._guests if guest.bytesAvailable()]:
            if bytes(guest.readLine(len(_SHOW) + 1).data()) == _SHOW:
                guest.write(_SEEN)
                guest.flush()
                self.asked.emit()
            guest.disconnectFromServer()

    def _see_off(self) -> None:
        gone = [guest for guest in self._guests if guest.state() is QLocalSocket.LocalSocketState.UnconnectedState]
        self._guests = [guest for guest in self._guests if guest not in gone]
        for guest in gone:
            guest.deleteLater()


def socket_name(lock_file: Path, runtime_dir: str) -> str:
    """Return where the first instance listens, one address per home: a path in a folder that only this user can write
    to.

    It is short enough for a socket; empty if there is no such folder. On Windows it is the name of a pipe.
    """
    own = f"understudy-{hashlib.sha256(str(lock_file).encode()).hexdigest()[:16]}"
    if sys.platform == "win32":
        return own
    for folder in _folders(lock_file, runtime_dir):
        path = folder / own
        if _is_private(folder) and len(os.fsencode(path)) <= _LONGEST_PATH:
            return str(path)
    return ""


def _folders(lock_file: Path, runtime_dir: str) -> Iterator[Path]:
    """Yield folders for the socket, the best first; whether they are private is not checked yet."""
    if runtime_dir:
        yield Path(runtime_dir)
    yield lock_file.parent
    folder = Path(tempfile.gettempdir(), f"understudy-{_uid()}")
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700)
    yield folder


def _is_private(folder: Path) -> bool:
    """Return whether it is a folder, not a link to one, that this user owns and no other can write to."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == _uid() and not found.st_mode & 0o022


def _is_heard(name: str) -> bool:
    """Return whether the listening instance accepted the request to come to the front."""
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(_ANSWER):
        return False
    socket.write(_SHOW)
    return socket.waitForReadyRead(_ANSWER) and bytes(socket.readAll().data()) == _SEEN


def _may_trust(name: str) -> bool:
    """Return whether the socket is this user's own; its folder was checked before. Windows pipes have no such owner."""
    if sys.platform == "win32":
        return True
    try:
        found = Path(name).lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == _uid()


def _uid() -> int:
    return os.geteuid() if sys.platform != "win32" else 0
