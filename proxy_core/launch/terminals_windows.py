"""The terminals of Windows: by which words each runs a script in a folder.

The script is PowerShell's, which every Windows of today has: a ``.cmd`` could neither hold a variable of several lines,
nor a percent sign for certain, nor delete itself quietly. Its policy for scripts is set aside for this one alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from proxy_core.launch.terminal import Terminal, TerminalSpec

_RUN: Final = ("-NoLogo", "-NoProfile", "-ExecutionPolicy", "Bypass", "-File", "{script}")
_SHELL: Final = ("powershell.exe", *_RUN)

ROWS: Final = (
    TerminalSpec(Terminal("wt", "Windows Terminal"), "wt.exe", ("wt.exe", "-d", "{wt_folder}", *_SHELL)),
    TerminalSpec(Terminal("pwsh", "PowerShell 7"), "pwsh.exe", ("pwsh.exe", *_RUN), new_console=True),
    TerminalSpec(Terminal("powershell", "Windows PowerShell"), "powershell.exe", _SHELL, new_console=True),
    # Afterwards one is where one would be with cmd: in it, and in the folder.
    TerminalSpec(Terminal("cmd", "Command Prompt"), "cmd.exe", ("cmd.exe", "/d", "/k", *_SHELL), new_console=True),
)
"""In the order in which they are tried."""


def installed(environ: Mapping[str, str]) -> tuple[TerminalSpec, ...]:
    """Those that are there, with their whole paths: Windows Terminal lies where not every PATH reaches."""
    path = environ.get("PATH", "")
    if local := environ.get("LOCALAPPDATA"):
        path = f"{path};{local}\\Microsoft\\WindowsApps"
    found = ((row, shutil.which(row.program, path=path)) for row in ROWS)
    return tuple(replace(row, words=(program, *row.words[1:])) for row, program in found if program)
