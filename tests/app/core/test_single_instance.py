"""One app for each home: a second start raises the first, a crash is no obstacle, homes are apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalServer
from pytestqt.qtbot import QtBot

from app.single_instance import SingleInstance, socket_name

SECOND = (
    "import sys\n"
    "from pathlib import Path\n"
    "from PySide6.QtCore import QCoreApplication\n"
    "from app.single_instance import SingleInstance\n"
    "application = QCoreApplication([])\n"
    "instance = SingleInstance(Path(sys.argv[1]))\n"
    "first = instance.first()\n"
    "print('first' if first else 'raised' if instance.ask_the_first() else 'alone', flush=True)\n"
    "sys.stdin.read() if len(sys.argv) > 2 else None\n"
)


@pytest.fixture(autouse=True)
def _own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))


def second(lock: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SECOND, str(lock)], stdout=subprocess.PIPE, text=True)


def test_a_second_start_raises_the_first(qtbot: QtBot, tmp_path: Path) -> None:
    instance = SingleInstance(tmp_path / "app.lock")
    assert instance.first()
    with qtbot.waitSignal(instance.asked, timeout=20_000):
        other = second(tmp_path / "app.lock")
    assert other.communicate(timeout=60)[0] == "raised\n"
    instance.close()


def test_after_it_has_ended_another_is_the_first(tmp_path: Path, qtbot: QtBot) -> None:
    instance = SingleInstance(tmp_path / "app.lock")
    assert instance.first()
    instance.close()
    assert second(tmp_path / "app.lock").communicate(timeout=60)[0] == "first\n"


def test_homes_are_apart(tmp_path: Path, qtbot: QtBot) -> None:
    one, other = SingleInstance(tmp_path / "a" / "app.lock"), SingleInstance(tmp_path / "b" / "app.lock")
    assert one.first()
    assert other.first()
    one.close()
    other.close()


@pytest.mark.skipif(os.name == "nt", reason="sockets are files elsewhere only")
def test_what_a_crash_left_behind_is_taken_over(tmp_path: Path, qtbot: QtBot) -> None:
    lock = tmp_path / "app.lock"
    crashed = subprocess.Popen(
        [sys.executable, "-c", SECOND, str(lock), "stay"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert crashed.stdout is not None
    assert crashed.stdout.readline() == "first\n"
    crashed.send_signal(signal.SIGKILL)
    crashed.communicate(timeout=60)
    assert lock.exists()
    instance = SingleInstance(lock)
    assert instance.first()
    with qtbot.waitSignal(instance.asked, timeout=20_000):
        other = second(lock)
    assert other.communicate(timeout=60)[0] == "raised\n"
    instance.close()


def test_a_stranger_at_the_socket_raises_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    from PySide6.QtNetwork import QLocalSocket

    instance = SingleInstance(tmp_path / "app.lock")
    assert instance.first()
    asked: list[bool] = []
    instance.asked.connect(lambda: asked.append(True))
    socket = QLocalSocket()
    socket.connectToServer(socket_name(tmp_path / "app.lock", os.environ["XDG_RUNTIME_DIR"]))
    assert socket.waitForConnected(2_000)
    with qtbot.waitSignal(socket.disconnected, timeout=30_000):
        socket.write(b"GET / HTTP/1.1\r\n\r\n")
    assert asked == []
    instance.close()


def test_the_sockets_path_is_private_where_it_can_be_and_never_too_long(tmp_path: Path) -> None:
    private = tmp_path / "r"
    private.mkdir()
    lock = tmp_path / "app.lock"
    name = socket_name(lock, str(private))
    assert Path(name).name.startswith("understudy-")
    long = tmp_path / ("x" * 90)
    long.mkdir()
    assert "/" not in socket_name(lock, str(long))
    assert "/" not in socket_name(lock, str(tmp_path / "not-there"))
    assert socket_name(lock, "") != socket_name(tmp_path / "other.lock", "")
    assert QLocalServer.removeServer(name)
