"""Reports of our own bugs: what happened and where, on which versions, without any data that was being processed.

An exception's text may contain part of a prompt or a key, so only types and places are written, never texts or values.
A crash of the interpreter itself is caught by ``faulthandler``, which writes only places.
"""

from __future__ import annotations

import faulthandler
import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from proxy_core.config.paths import private_folder
from proxy_core.server.instance_file import is_alive

MOST_REPORTS: Final = 10
"""Older ones are removed: a bug that recurs every second must not fill the disk."""

_FATAL: Final = "fatal-"

Kept = Callable[[str], None]
"""Called with the path of a new report, on the thread of the fault."""


class Reports:
    """The reports in ``folder``, and the hooks that write them."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._fatal: IO[str] | None = None
        self._told: Kept = lambda _: None
        self._before = (sys.excepthook, threading.excepthook)

    def watch(self, told: Kept) -> None:
        """Write a report of every uncaught exception, and call ``told``. Raises OSError."""
        self._told = told
        private_folder(self._folder)
        self._fatal = (self._folder / f"{_FATAL}{os.getpid()}.txt").open("w", encoding="utf-8")
        faulthandler.enable(self._fatal, all_threads=True)
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook, threading.excepthook = self._uncaught, self._died

    def rest(self) -> None:
        """Remove the hooks, and the file for fatal errors if it is empty."""
        sys.excepthook, threading.excepthook = self._before
        if self._fatal is not None:
            faulthandler.disable()
            self._fatal.close()
            Path(self._fatal.name).unlink(missing_ok=True)
            self._fatal = None

    def keep(self, fault: BaseException) -> None:
        """Write a report of ``fault`` and announce it. A disk that refuses the report is ignored."""
        text = "\n".join((*_heading(self._clock()), "", *_account(fault), ""))
        print(text, file=sys.stderr)  # noqa: T201 - shown in the terminal it was started in, if any
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self._clock()))
        path = self._folder / f"crash-{stamp}-{os.getpid()}.txt"
        try:
            private_folder(self._folder)
            path.write_text(text, "utf-8")
            for old in sorted(self._folder.glob("crash-*.txt"))[:-MOST_REPORTS]:
                old.unlink(missing_ok=True)
        except OSError:
            return
        self._told(str(path))

    def latest(self) -> str:
        """Return the path of the newest report that was not dismissed; empty if there is none."""
        self._adopt()
        reports = sorted(self._folder.glob("crash-*.txt"), key=lambda path: path.name)
        return str(reports[-1]) if reports else ""

    def forget(self) -> None:
        """Delete the reports, after they were dismissed."""
        for report in self._folder.glob("crash-*.txt"):
            report.unlink(missing_ok=True)

    def _adopt(self) -> None:
        """Turn what ``faulthandler`` wrote in a process that is gone into a report."""
        for left in self._folder.glob(f"{_FATAL}*.txt"):
            pid = left.stem.removeprefix(_FATAL)
            if pid == str(os.getpid()) or (pid.isdigit() and is_alive(int(pid))):
                continue
            at = left.stat().st_mtime
            account = left.read_text("utf-8", "replace")
            if account.strip():
                stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(at))
                text = "\n".join((*_heading(at), "", account))
                (self._folder / f"crash-{stamp}-{pid}.txt").write_text(text, "utf-8")
            left.unlink(missing_ok=True)

    def _uncaught(self, kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        self.keep(fault.with_traceback(trace))

    def _died(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            self.keep(args.exc_value)


def _heading(at: float) -> tuple[str, ...]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    return (
        f"Understudy {_version('understudy')} met a fault of its own at {when}.",
        "It holds kinds and places only: no text of a request, an answer, a key or a setting.",
        "",
        f"Python {platform.python_version()}, PySide6 {_version('pyside6-essentials')}, {platform.platform()}",
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "of unknown version"


def _account(fault: BaseException) -> Iterator[str]:
    """Yield types and places, the first fault first; as a traceback, without texts and source lines."""
    seen: set[int] = set()
    chain: list[tuple[BaseException, str]] = []
    current: BaseException | None = fault
    link = ""
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        chain.append((current, link))
        cause, context = current.__cause__, None if current.__suppress_context__ else current.__context__
        link = _LINKS[cause is not None]
        current = cause or context
    for one, after in reversed(chain):
        yield f"{type(one).__module__}.{type(one).__qualname__}"
        for frame in traceback.extract_tb(one.__traceback__):
            yield f"  {_place(frame.filename)}:{frame.lineno} in {frame.name}"
        if isinstance(one, BaseExceptionGroup):
            for part in one.exceptions:
                yield from (f"  | {line}" for line in _account(part))
        if after:
            yield after


_LINKS: Final[Mapping[bool, str]] = {True: "which was the cause of", False: "and while that was handled"}


def _place(filename: str) -> str:
    """Return a file's path below its installation folder: the rest contains the user's name."""
    parts = Path(filename).parts
    for root in ("site-packages", "app", "proxy_core"):
        if root in parts:
            start = len(parts) - 1 - parts[::-1].index(root)
            return "/".join(parts[start + (root == "site-packages") :])
    return "/".join(parts[-2:])
