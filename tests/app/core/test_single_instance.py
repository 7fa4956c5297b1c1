"""One app for each home: a second start raises the first, a crash is no obstacle, homes are apart."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.platform.single_instance import SingleInstance, socket_name

SECOND = (
    "import sys\n"
    "from pathlib import Path\n"
    "from PySide6.QtCore import QCoreApplication\n"
    "from app.platform.single_instance import SingleInstance\n"
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
    crashed.kill()
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


IS_ROOT = sys.platform != "win32" and os.geteuid() == 0
posix = pytest.mark.skipif(os.name == "nt", reason="sockets are files elsewhere only")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose path is short enough for a socket, with the one for temporary files in it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", str(Path(folder, "tmp")))
        Path(folder, "tmp").mkdir()
        yield Path(folder)


@posix
def test_the_socket_lies_in_a_folder_that_only_its_user_can_write_to(short: Path) -> None:
    run, state = short / "run", short / "state"
    for folder in (run, state):
        folder.mkdir(mode=0o700)
    lock = state / "app.lock"
    assert Path(socket_name(lock, str(run))).parent == run
    assert Path(socket_name(lock, "")).parent == state
    assert Path(socket_name(lock, str(short / "not-there"))).parent == state
    run.chmod(0o777)
    assert Path(socket_name(lock, str(run))).parent == state
    own = Path(socket_name(short / ("x" * 90) / "app.lock", ""))
    assert own.parent.parent == short / "tmp"
    assert own.parent.stat().st_mode & 0o777 == 0o700
    assert own != Path(socket_name(short / ("y" * 90) / "app.lock", ""))


@posix
@pytest.mark.parametrize("squat", ["open", "link", "file"])
def test_a_temporary_folder_of_somebody_else_is_not_used(short: Path, squat: str) -> None:
    lock = short / ("x" * 90) / "app.lock"
    folder = Path(socket_name(lock, "")).parent
    folder.rmdir()
    match squat:
        case "open":
            folder.mkdir()
            folder.chmod(0o777)
        case "link":
            (short / "elsewhere").mkdir(mode=0o700)
            folder.symlink_to(short / "elsewhere")
        case _:
            folder.write_text("")
    assert socket_name(lock, "") == ""


@posix
@pytest.mark.skipif(not IS_ROOT, reason="only root can give a folder away")
def test_a_folder_that_another_user_owns_is_not_used(short: Path) -> None:
    run, state = short / "run", short / "state"
    for folder in (run, state):
        folder.mkdir(mode=0o700)
    shutil.chown(run, 65534, 65534)
    assert Path(socket_name(state / "app.lock", str(run))).parent == state


@posix
@pytest.mark.skipif(not IS_ROOT, reason="only root can give a socket away")
def test_a_second_start_does_not_believe_a_socket_of_another_user(short: Path, qtbot: QtBot) -> None:
    lock = short / "app.lock"
    first = SingleInstance(lock)
    assert first.first()
    shutil.chown(socket_name(lock, os.environ["XDG_RUNTIME_DIR"]), 65534, 65534)
    asked: list[bool] = []
    first.asked.connect(lambda: asked.append(True))
    other = second(lock)
    qtbot.waitUntil(lambda: other.poll() is not None, timeout=60_000)  # it would be answered meanwhile
    assert (other.communicate()[0], asked) == ("alone\n", [])
    first.close()


@posix
def test_one_that_cannot_listen_runs_all_the_same_and_says_so(
    short: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    state = short / "state"
    state.mkdir(mode=0o700)
    lock = state / "app.lock"
    Path(socket_name(lock, ""), "in the way").mkdir(parents=True)
    instance = SingleInstance(lock)
    assert instance.first()
    assert instance.trouble
    assert second(lock).communicate(timeout=60)[0] == "alone\n"
    instance.close()


@posix
def test_one_without_a_folder_for_its_socket_runs_all_the_same_and_says_so(
    short: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.setattr(tempfile, "tempdir", str(short / "not-there"))
    (short / ("x" * 90)).mkdir()
    instance = SingleInstance(short / ("x" * 90) / "app.lock")
    assert instance.first()
    assert instance.trouble
    instance.close()


def test_one_that_listens_has_no_trouble(tmp_path: Path, qtbot: QtBot) -> None:
    instance = SingleInstance(tmp_path / "app.lock")
    assert instance.first()
    assert instance.trouble == ""
    instance.close()
