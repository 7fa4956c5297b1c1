"""Where everything begins: with arguments the command line, without them the desktop app, if there is a screen."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """The console script, and ``python -m app``."""
    sys.exit(start(sys.argv[1:]))


def start(arguments: list[str]) -> int:
    """The exit code of what was started. Qt is loaded for the desktop only, the command line for anything else."""
    if arguments:
        return _command(arguments)
    from app.platform.display_check import has_display  # noqa: PLC0415

    if not has_display(os.environ):
        return _command([])
    try:
        from app.process import run  # noqa: PLC0415
    except ImportError as missing:  # Qt is there, a library of the system that it needs is not
        sys.stderr.write(f"understudy: the window cannot be shown: {missing}.\n")
        return _command([])
    return run()


def _command(arguments: list[str]) -> int:
    from app.cli import run  # noqa: PLC0415

    return run(arguments)
