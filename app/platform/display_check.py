"""Whether there is a display for a window, checked before Qt does: without one, Qt ends the process."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_SECONDS: Final = 2.0
"""Seconds for a display server to accept a connection; a forwarded one may be far away."""

_X11: Final = 6000
"""The port of display 0."""


def has_display(environ: Mapping[str, str]) -> bool:
    """Return whether a window can be shown. On Linux, whether an X or Wayland server accepts a connection."""
    if sys.platform in ("win32", "darwin"):
        return True
    if environ.get("QT_QPA_PLATFORM", "").partition(":")[0] in ("offscreen", "minimal", "vnc"):
        return True
    return any(_answers(family, address) for family, address in _addresses(environ))


def _addresses(environ: Mapping[str, str]) -> Iterator[tuple[int, str | tuple[str, int]]]:
    """Yield the addresses at which a display server of this environment listens."""
    if sys.platform == "win32":
        return
    wayland = environ.get("WAYLAND_DISPLAY", "")
    if wayland:
        yield socket.AF_UNIX, str(Path(environ.get("XDG_RUNTIME_DIR", "/"), wayland))
    match = re.fullmatch(r"(?:unix)?(?P<host>[^:]*):(?P<number>\d+)(?:\.\d+)?", environ.get("DISPLAY", ""))
    if match is None:
        return
    number = int(match["number"])
    if match["host"]:
        yield socket.AF_INET, (match["host"], _X11 + number)
    else:
        yield socket.AF_UNIX, f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where X servers listen
        yield socket.AF_UNIX, f"\0/tmp/.X11-unix/X{number}"


def _answers(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as asking:
        asking.settimeout(_SECONDS)
        try:
            asking.connect(address)
        except OSError:
            return False
    return True
