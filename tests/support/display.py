"""A screen of a test's own: Xvfb on a display number that nobody else has."""

from __future__ import annotations

import os
import random
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest

START_SECONDS: Final = 15.0
STOP_SECONDS: Final = 10.0
NUMBERS: Final = range(100, 1000)
TRIES: Final = 8
SESSION: Final = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP")
"""What would lead a program to the screen of the person who runs the tests."""


class NoDisplayError(AssertionError):
    """Xvfb is there and did not come up. The message holds what it printed."""


class Display:
    """``with Display(folder) as display:`` has a screen from the first line of the block to its end.

    ``folder`` takes what Xvfb prints. ``size`` is in pixels; ``scale`` multiplies it and the density of 96 dots per
    inch alike, so that a program that follows it draws as on a denser screen of the same size.
    """

    def __init__(self, folder: Path, *, size: tuple[int, int] = (1600, 1000), scale: int = 1) -> None:
        self._log = folder / "xvfb.log"
        width, height = size
        self._screen = f"{width * scale}x{height * scale}x24"
        self._density = str(96 * scale)
        self._process: subprocess.Popen[bytes] | None = None
        self.name = ""

    def environ(self, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
        """``inherited``, the test's own environment where it is None, with this screen in place of any other."""
        found = os.environ if inherited is None else inherited
        kept = {name: value for name, value in found.items() if name not in SESSION}
        return {**kept, "DISPLAY": self.name, "XDG_SESSION_TYPE": "x11"}

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        # Left to choose, all take the first free number, and two that start together may take the same.
        for number in random.sample(NUMBERS, TRIES):
            if self._start(number):
                self.name = f":{number}"
                return self
            self._end()
        raise NoDisplayError(self._log.read_text("utf-8", "replace") or f"Xvfb said nothing in {START_SECONDS} s")

    def _start(self, number: int) -> bool:
        """Whether a screen of that number came up: it writes the number once it answers."""
        options = ("-screen", "0", self._screen, "-dpi", self._density, "-nolisten", "tcp", "-noreset")
        reading, writing = os.pipe()
        with open(reading, "rb", buffering=0) as answer, self._log.open("ab") as log:  # noqa: PTH123 - a descriptor
            try:
                self._process = subprocess.Popen(
                    ["Xvfb", f":{number}", "-displayfd", str(writing), *options],
                    pass_fds=(writing,),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            finally:
                os.close(writing)
            return _line(answer) == str(number).encode()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _line(answer: FileIO) -> bytes:
    """The first line, or what there is of it. To the end of it: Xvfb dies when nobody reads the line's last byte."""
    line, until = b"", time.monotonic() + START_SECONDS
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([answer], [], [], max(0.0, until - time.monotonic()))
        piece = answer.read(16) if ready else b""
        if not piece:
            break
        line += piece
    return line.strip()


@pytest.fixture
def display(tmp_path: Path) -> Iterator[Display]:
    """A running screen; the test is skipped where no Xvfb is installed, and fails in CI."""
    if shutil.which("Xvfb") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Xvfb must be installed here")
        pytest.skip("Xvfb is not installed")
    with Display(tmp_path / "display") as running:
        yield running
