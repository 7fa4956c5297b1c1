"""Bytes into a file so that a reader, a crash or a power cut sees the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from glob import escape
from pathlib import Path
from typing import Final

from proxy_core.config.paths import private_folder

_ABANDONED_AFTER: Final = 3600.0
"""Seconds after which a temporary file belongs to a process that died while it wrote."""


def write(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``, readable by its owner only; a symbolic link keeps pointing where it points.

    A temporary file in the same folder is written, synced and renamed over the target; the folder is synced after it.
    Raises OSError, and then nothing has changed.
    """
    target = Path(os.path.realpath(path))
    private_folder(target.parent)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)  # noqa: PTH105 - the step that tests interrupt
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108
        raise
    _sync_folder(target.parent)
    _remove_abandoned(target)


def _remove_abandoned(target: Path) -> None:
    """Remove temporary files of ``target`` that a killed process left behind."""
    for left in target.parent.glob(f".{escape(target.name)}.*.new"):
        with contextlib.suppress(OSError):  # another process removed it, or the clock was set back
            if time.time() - left.stat().st_mtime > _ABANDONED_AFTER:
                left.unlink()


def _sync_folder(folder: Path) -> None:
    if sys.platform != "win32":  # a folder cannot be opened there; NTFS journals the rename
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
