"""One app for each user and home: the first holds a lock and listens; a later one asks it to come to the front."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from proxy_core.config.paths import private_folder

_SHOW: Final = b"show\n"
_SEEN: Final = b"seen\n"
_PATIENCE: Final = 5.0
"""Seconds for the first one to answer: it may be starting at this very moment."""

_ANSWER: Final = 1_000
"""Milliseconds for one try."""


class SingleInstance(QObject):
    """``asked`` is emitted in the first one when another was started."""

    asked = Signal()

    def __init__(self, lock_file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = lock_file
        self._name = socket_name(lock_file, os.environ.get("XDG_RUNTIME_DIR", ""))
        self._lock = QLockFile(str(lock_file))
        self._lock.setStaleLockTime(0)  # never by age: one whose process is gone is taken over in any case
        self._server: QLocalServer | None = None
        self._guests: list[QLocalSocket] = []

    def first(self) -> bool:
        """Whether this is the one that runs; it listens from now on. Raises OSError where no lock can be made."""
        private_folder(self._file.parent)
        if not self._lock.tryLock(0):
            if self._lock.error() is QLockFile.LockError.LockFailedError:
                return False
            raise PermissionError(f"{self._file} cannot be written")
        QLocalServer.removeServer(self._name)  # what a crash left behind: whoever lives has the lock
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._meet)
        server.listen(self._name)
        self._server = server
        return True

    def ask_the_first(self, *, monotonic: Callable[[], float] = time.monotonic) -> bool:
        """Ask the one that runs to come to the front; False when it does not answer."""
        until = monotonic() + _PATIENCE
        while monotonic() < until:
            socket = QLocalSocket()
            socket.connectToServer(self._name)
            if socket.waitForConnected(_ANSWER):
                socket.write(_SHOW)
                if socket.waitForReadyRead(_ANSWER) and bytes(socket.readAll().data()) == _SEEN:
                    return True
            time.sleep(0.1)
        return False

    def close(self) -> None:
        """Another may be the first from now on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    def _meet(self) -> None:
        while self._server is not None and (guest := self._server.nextPendingConnection()) is not None:
            self._guests.append(guest)
            guest.readyRead.connect(self._hear)
            guest.disconnected.connect(self._see_off)

    def _hear(self) -> None:
        """Each guest says one line and is done, whatever it was."""
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
    """Where the first one listens: its own for each home, short enough for a socket's path, private where it can be."""
    own = f"understudy-{hashlib.sha256(str(lock_file).encode()).hexdigest()[:16]}"
    private = Path(runtime_dir) / own
    fits = bool(runtime_dir) and len(os.fsencode(private)) < 100 and os.access(runtime_dir, os.W_OK)
    return str(private) if fits else own
