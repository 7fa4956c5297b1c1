"""The script that a terminal runs: it carries the session's environment, and deletes itself first.

A token in a terminal's environment is lost if one server draws all windows, and on a command line every user can read
it. So it is in a file that only its owner can read, in a folder that only its owner can enter, until the terminal
opens.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy_core.config import paths
from proxy_core.errors import LaunchError

KEPT_SECONDS: Final = 300.0
"""Seconds after which a script that no terminal ran is deleted: longer than a terminal waits for a permission."""

_KEPT_SETTINGS_SECONDS: Final = 86_400.0
"""Seconds after which a session's settings are deleted. They hold no secret, and a session may read them all day."""

PREFIX: Final = "launch-"
_RECORD_IN_SH: Final = '(umask 077; printf "%s %s\\n" "$$" "$(command -p date +%s)" > {}) 2>/dev/null'
"""Whatever the PATH. In the sub-shell, too, ``$$`` is the script's own number."""
_RECORD_IN_POWERSHELL: Final = '"$PID $([DateTimeOffset]::UtcNow.ToUnixTimeSeconds())`n"'
_TOLD: Final = "Claude Code ended with {}. Press Enter to close."


@dataclass(frozen=True, slots=True)
class Errand:
    """The content of a script: change to ``folder``, remove ``unset`` from the environment, add ``variables``, run
    ``argv``.

    ``settings`` are Claude Code's, without secrets; they follow the program. ``record`` is the file in which the script
    records that it runs (:mod:`proxy_core.launch.launch_records`); None for no record.
    """

    folder: Path
    variables: Mapping[str, str]
    unset: tuple[str, ...]
    argv: tuple[str, ...]
    settings: str
    record: Path | None = None


def in_sh(errand: Errand) -> str:
    """Return the script for ``sh``, whatever the user's shell. The program's folder is on the PATH, since ``node``
    is there.
    """
    program, *arguments = errand.argv
    beside = shlex.quote(os.path.dirname(program))  # noqa: PTH120 - empty for a bare name, where pathlib gives "."
    lines = [
        "#!/bin/sh",
        'rm -f -- "$0" 2>/dev/null || command -p rm -f -- "$0"',  # whatever the PATH
        f"cd -- {shlex.quote(str(errand.folder))} || {{ printf 'Press Enter to close. '; read -r _; exit 1; }}",
        *(f"unset {name}" for name in errand.unset),
        *(f"export {name}={shlex.quote(value)}" for name, value in errand.variables.items()),
        *([f'PATH={beside}:"$PATH"', "export PATH"] if beside != "''" else []),
        *([_RECORD_IN_SH.format(shlex.quote(str(errand.record)))] if errand.record else []),
        f"{shlex.join([program, '--settings', errand.settings, *arguments])}",
        "status=$?",
        *([f"{{ echo 0 > {shlex.quote(str(errand.record))}; }} 2>/dev/null"] if errand.record else []),
        f"""[ "$status" -eq 0 ] || {{ printf '\\n{_TOLD.format("%s")} ' "$status"; read -r _; }}""",
        'exit "$status"',
    ]
    return "\n".join(lines) + "\n"


def in_powershell(errand: Errand) -> str:
    """Return the script for Windows. Settings go through a file: old PowerShells lose the quotes of an argument."""
    program, *arguments = (in_quotes(word) for word in errand.argv)
    beside = in_quotes(str(Path(errand.argv[0]).parent))
    record = in_quotes(str(errand.record))
    lines = [
        "Remove-Item -LiteralPath $PSCommandPath -Force",
        f"Set-Location -LiteralPath {in_quotes(str(errand.folder))}",
        *(f"Remove-Item -LiteralPath 'Env:{name}' -ErrorAction SilentlyContinue" for name in errand.unset),
        *(f"$env:{name} = {in_quotes(value)}" for name, value in errand.variables.items()),
        *([f"$env:PATH = {beside} + ';' + $env:PATH"] if len(Path(errand.argv[0]).parts) > 1 else []),
        *(
            [f"try {{ [IO.File]::WriteAllText({record}, {_RECORD_IN_POWERSHELL}) }} catch {{ }}"]
            if errand.record
            else []
        ),
        "$settings = [IO.Path]::ChangeExtension($PSCommandPath, '.json')",
        f"[IO.File]::WriteAllText($settings, {in_quotes(errand.settings)})",
        " ".join(["&", program, "--settings", "$settings", *arguments]),
        "$status = $LASTEXITCODE",
        "Remove-Item -LiteralPath $settings -Force -ErrorAction SilentlyContinue",
        *([f'try {{ [IO.File]::WriteAllText({record}, "0`n") }} catch {{ }}'] if errand.record else []),
        f'if ($status -ne 0) {{ Read-Host "{_TOLD.format("$status")}" }}',
        "exit $status",
    ]
    return "\r\n".join(lines) + "\r\n"


def in_quotes(text: str) -> str:
    """Return ``text`` as a verbatim string of PowerShell, which treats typographic single quotes like plain ones."""
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"


def write(text: str, suffix: str, environ: Mapping[str, str]) -> Path:
    """Write a new script of mode 0700 that contains ``text``. Raises LaunchError."""
    try:
        # A folder's name may not be UTF-8: its bytes are written unchanged. Old versions
        # of PowerShell read a file without a byte order mark in the system's code page.
        content = text.encode("utf-8-sig") if suffix == ".ps1" else text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise LaunchError("The folder's name has characters that a script cannot hold. Rename the folder.") from error
    try:
        folder = script_folder(environ)
        descriptor, name = tempfile.mkstemp(prefix=PREFIX, suffix=suffix, dir=folder)
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(content)
        script = Path(name)
        script.chmod(stat.S_IRWXU)
    except OSError as error:
        raise LaunchError(f"The script for the terminal could not be written: {error.strerror or error}.") from error
    return script


def script_folder(environ: Mapping[str, str]) -> Path:
    """Return the private folder for scripts: in memory if the system has one, else in the state folder.

    Raises OSError.
    """
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    in_memory = bool(runtime) and os.access(runtime, os.W_OK | os.X_OK) and _may_run_programs(runtime)
    folder = Path(runtime, "understudy") if in_memory else paths.find(environ).state_dir / "launch"
    paths.private_folder(folder)
    if sys.platform != "win32":
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(f"{folder} is not a folder of one's own")
        folder.chmod(stat.S_IRWXU)
    return folder


def _may_run_programs(folder: str) -> bool:
    """Whether the file system is mounted for that. macOS, which mounts none in memory by itself, does not tell."""
    return sys.platform in ("win32", "darwin") or not os.statvfs(folder).f_flag & os.ST_NOEXEC


def sweep(environ: Mapping[str, str], now: float) -> None:
    """Delete the scripts that no terminal ran. ``now`` is Unix time in seconds. Called at every start."""
    with contextlib.suppress(OSError):  # nothing can be deleted in a folder that cannot be read
        for script in script_folder(environ).glob(f"{PREFIX}*"):
            kept = _KEPT_SETTINGS_SECONDS if script.suffix == ".json" else KEPT_SECONDS
            with contextlib.suppress(FileNotFoundError):  # its terminal ran it meanwhile
                if now - script.stat().st_mtime > kept:
                    script.unlink()
