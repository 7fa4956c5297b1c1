"""Which launches of Claude Code still run: a small file for each, written by who starts it, read by the proxy.

A file holds a line for each process of its launch: what Linux says of it in ``/proc/<pid>/stat``, whose start time
tells it from a later process of the same number; elsewhere the number alone. ``0`` stands for a launch that has ended.
A launch without a file may run: its state folder could not be written, or it was copied as a command.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy_core.config.local_token import LAUNCH_SECONDS
from proxy_core.config.paths import private_folder

ENDED: Final = "0\n"

_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class LaunchRecords:
    """The records in ``folder`` as the proxy reads them, anew for each request: two small reads at most."""

    folder: Path

    def ended(self, id_: str) -> bool:
        """Whether every process of a launch has ended; False where nothing is known of it."""
        return has_ended(record(self.folder, id_))


def record(folder: Path, id_: str) -> Path:
    """Where the record of a launch is."""
    return folder / id_


def begin(path: Path, *pids: int) -> None:
    """Say that these processes are a launch. Says nothing where it cannot be written: the launch goes on without."""
    with contextlib.suppress(OSError):
        prepare(path)
        _write(path, "".join(f"{_stat(pid) or pid}\n" for pid in pids))


def end(path: Path) -> None:
    """Say that a launch has ended."""
    with contextlib.suppress(OSError):
        _write(path, ENDED)


def prepare(path: Path) -> None:
    """Make the folder, and take away what is of no use any more. Raises OSError."""
    private_folder(path.parent)
    until = time.time() - LAUNCH_SECONDS
    for old in path.parent.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if old.stat().st_mtime < until:  # its token has ended by itself
                old.unlink()


def has_ended(path: Path) -> bool:
    """Whether the record at ``path`` is of a launch that has ended."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return bool(lines) and not any(map(_lives, lines))


def _lives(line: str) -> bool:
    number = line.partition(" ")[0]
    pid = int(number) if number.isascii() and number.isdigit() else 0
    if pid == 0:
        return False
    if (started := _started(line)) is not None and _PROC.is_dir():
        return _started(_stat(pid)) == started
    if sys.platform == "win32":  # os.kill would end it there: the launch tells its end, and a week is the most
        return True
    try:
        os.kill(pid, 0)
    except OSError:  # gone, or another user's by now
        return False
    return True


def _stat(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "stat").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _started(stat: str) -> str | None:
    """When the process began, in ticks since the system did (proc(5), field 22); None where it is not told.

    Counted from the last bracket: a program's name is in brackets before, and may hold anything.
    """
    fields = stat.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else None


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
