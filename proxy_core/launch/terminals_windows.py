"""The terminals of Windows, with the command line by which each runs a script in a folder.

The script is PowerShell's, which every current Windows has: a ``.cmd`` file cannot contain a variable of several lines,
nor reliably a percent sign, nor delete itself quietly. The execution policy is bypassed for this script only.
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
    # Ends in cmd in the folder, as a user of cmd expects.
    TerminalSpec(Terminal("cmd", "Command Prompt"), "cmd.exe", ("cmd.exe", "/d", "/k", *_SHELL), new_console=True),
)
"""In the order in which they are tried."""


def installed(environ: Mapping[str, str]) -> tuple[TerminalSpec, ...]:
    """Return those that are installed, with their full paths: not every PATH includes Windows Terminal's folder."""
    path = environ.get("PATH", "")
    if local := environ.get("LOCALAPPDATA"):
        path = f"{path};{local}\\Microsoft\\WindowsApps"
    found = ((row, shutil.which(row.program, path=path)) for row in ROWS)
    return tuple(replace(row, words=(program, *row.words[1:])) for row, program in found if program)
