"""Where Claude Code is installed on this machine, and how to install it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

INSTALL: Final = "npm install -g @anthropic-ai/claude-code"
"""The command that installs it; wants Node.js."""

_USUAL: Final = (
    ".local/bin",
    ".claude/local",
    ".npm-global/bin",
    ".npm-packages/bin",
    ".bun/bin",
    ".volta/bin",
    "AppData/Roaming/npm",
)
"""Under the home folder: where its installers put it, also when the PATH of a desktop session does not know."""

_SYSTEM: Final = ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin")


def find_claude(environ: Mapping[str, str], home: Path) -> Path | None:
    """The program ``claude``: on the PATH, else where it is usually installed, else None."""
    system = () if sys.platform == "win32" else _SYSTEM
    folders = [*(str(home / folder) for folder in _USUAL), *system]
    found = shutil.which("claude", path=environ.get("PATH", "")) or shutil.which(
        "claude", path=os.pathsep.join(folders)
    )
    return Path(found) if found else None
