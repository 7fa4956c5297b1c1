"""The launches of Claude Code that still run: a small file for each, written by who starts it, read by the proxy.

A file holds a line for each process of its launch: its number and the Unix time, in seconds, at which the line was
written. A process that began after that is a later one of the same number. ``0`` stands for a launch that has ended.
Lines of version 0.1.0 hold no time on macOS and Windows, and ``/proc/<pid>/stat`` on Linux: there the number decides.
A launch without a file may run: its state folder could not be written, or it was copied as a command.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from proxy_core.config.local_token import LAUNCH_SECONDS
from proxy_core.config.paths import private_folder

if TYPE_CHECKING:
    import psutil

ENDED: Final = "0\n"

_INACCURACY: Final = 3.0
"""Seconds: Linux tells when it was started in whole ones, ``date`` and we write whole ones."""


@dataclass(frozen=True, slots=True)
class LaunchRecords:
    """The records in ``folder`` as the proxy reads them, anew for each request. Belongs to one thread.

    A process that was found once is known from then on by what psutil keeps of it, which holds when the system's clock
    is set (as in a virtual machine that slept), unlike the times in a record.
    """

    folder: Path
    _processes: dict[str, psutil.Process] = field(default_factory=dict, compare=False, repr=False)

    def ended(self, id_: str) -> bool:
        """Return whether every process of a launch has ended; False where nothing is known of it."""
        try:
            lines = record(self.folder, id_).read_text("utf-8", "replace").splitlines()
        except OSError:
            return False
        return bool(lines) and not any(map(self._is_running, lines))

    def _is_running(self, line: str) -> bool:
        process = self._processes.get(line) or _process(line)
        if process is None or not process.is_running():
            self._processes.pop(line, None)
            return False
        self._processes[line] = process
        return True


def record(folder: Path, id_: str) -> Path:
    """Return where the record of a launch is."""
    return folder / id_


def begin(path: Path, *pids: int) -> None:
    """Record these processes as a launch, or nothing where the file cannot be written: the launch goes on without."""
    with contextlib.suppress(OSError):
        prepare(path)
        _write(path, "".join(f"{pid} {int(time.time())}\n" for pid in pids))


def end(path: Path) -> None:
    """Record that a launch has ended."""
    with contextlib.suppress(OSError):
        _write(path, ENDED)


def prepare(path: Path) -> None:
    """Make the folder, and remove records that are of no use any more. Raises OSError."""
    private_folder(path.parent)
    until = time.time() - LAUNCH_SECONDS
    for old in path.parent.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if old.stat().st_mtime < until:  # its token has ended by itself
                old.unlink()


def _process(line: str) -> psutil.Process | None:
    """Return the process of a record's line, None where it has ended."""
    import psutil  # noqa: PLC0415 - only where there are launches

    number, written = (*line.split(), "", "")[:2]
    try:
        process = psutil.Process(int(number)) if number.isascii() and number.isdigit() and number != "0" else None
        later = process and written.isdigit() and process.create_time() > int(written) + _INACCURACY
    except (psutil.Error, ValueError):  # it has ended, or is another user's by now; no process number at all
        return None
    return None if later else process


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
