"""Bytes into a file so that a reader, a crash or a power cut sees the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from proxy_core.config.paths import private_folder


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


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # a folder cannot be opened there; NTFS journals the rename
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
