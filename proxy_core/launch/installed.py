"""Where Claude Code is installed on this machine, and the command that installs it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

INSTALL: Final = "npm install -g @anthropic-ai/claude-code"
"""The command that installs it; needs Node.js."""

_USUAL: Final = (
    ".local/bin",
    ".claude/local",
    ".npm-global/bin",
    ".npm-packages/bin",
    ".bun/bin",
    ".volta/bin",
    "AppData/Roaming/npm",
)
"""Folders below the home folder that its installers use, which the PATH of a desktop session may lack."""

_SYSTEM: Final = ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin")


def find_claude(environ: Mapping[str, str], home: Path) -> Path | None:
    """Return the program ``claude``: on the PATH, else in one of the usual folders, else None."""
    system = () if sys.platform == "win32" else _SYSTEM
    folders = [*(str(home / folder) for folder in _USUAL), *system]
    found = shutil.which("claude", path=environ.get("PATH", "")) or shutil.which(
        "claude", path=os.pathsep.join(folders)
    )
    return Path(found) if found else None
