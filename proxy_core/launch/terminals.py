"""Claude Code in the user's own terminal: finding the terminals, choosing one, and opening it."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from proxy_core.errors import LaunchError
from proxy_core.launch import (
    launch_records,
    launch_script,
    own_certificates,
    terminals_linux,
    terminals_macos,
    terminals_windows,
    users_settings,
)
from proxy_core.launch.claude_code import FOR_NOBODY_ELSE, LaunchPlan
from proxy_core.launch.launch_script import Errand
from proxy_core.launch.terminal import Terminal, TerminalSpec, filled

CUSTOM: Final = Terminal("custom", "The command of one's own")

PATIENCE: Final = 8.0
"""Seconds that a terminal may take to run the script, the start of its own server included."""

_LOOK: Final = 0.02
"""Seconds between two checks for the script: shorter than a person notices."""

_NEW_CONSOLE: Final = 0x0000_0010
"""Windows' ``CREATE_NEW_CONSOLE``, which other systems' ``subprocess`` does not name."""

NOT_HANDED_ON: Final = (
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"),
    *("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"),
    *("QT_QPA_PLATFORM", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "QML2_IMPORT_PATH"),
    *("APPDIR", "APPIMAGE", "ARGV0", "_MEIPASS2", "_PYI_ARCHIVE_FILE", "_PYI_PARENT_PROCESS_LEVEL"),
    *FOR_NOBODY_ELSE,
)
"""Variables of our process that a terminal does not inherit: a frozen app's libraries, and what is for this process
only.
"""


@dataclass(frozen=True, slots=True)
class System:
    """What differs per system: its terminals, and the script that they run, which ends in ``suffix``."""

    installed: Callable[[Mapping[str, str]], tuple[TerminalSpec, ...]]
    script: Callable[[Errand], str]
    suffix: str


LINUX: Final = System(terminals_linux.installed, launch_script.in_sh, ".sh")
SYSTEMS: Final[Mapping[str, System]] = MappingProxyType(
    {
        "darwin": System(terminals_macos.installed, launch_script.in_sh, ".command"),  # "open" passes it to a terminal
        "win32": System(terminals_windows.installed, launch_script.in_powershell, ".ps1"),
    }
)
"""By ``sys.platform``; any other system is treated as Linux."""


@dataclass(frozen=True, slots=True)
class TerminalChoice:
    """The user's setting: a terminal's ``id`` (empty: the first that is found), or a ``command`` of their own.

    ``command`` is split like a shell's and may contain ``{script}`` and ``{folder}``; without ``{script}``, the script
    is appended.
    """

    terminal: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """``terminal`` runs the script; ``passed_over`` has a sentence for each one before it that did not.

    ``begun`` is False if it started and had not run the script within :data:`PATIENCE`: it may be asking for
    permission.
    """

    terminal: Terminal
    begun: bool
    passed_over: tuple[str, ...] = ()


def found(environ: Mapping[str, str]) -> tuple[Terminal, ...]:
    """Return the terminals of this machine, the preferred one first."""
    return tuple(row.terminal for row in _here().installed(environ))


def open_terminal(
    plan: LaunchPlan, folder: Path, environment: Mapping[str, str], argv: Sequence[str], choice: TerminalChoice
) -> Opened:
    """Run ``argv`` (the program, then the user's arguments) with ``plan`` in a new terminal window at ``folder``.

    ``environment`` is what our process has inherited. Takes up to :data:`PATIENCE` seconds for each terminal that is
    tried: call it in a thread. Raises LaunchError.
    """
    if not folder.is_dir():
        raise LaunchError(f"The folder {folder} is not there any more. Choose another.")
    launch_script.sweep(environment, time.time())
    rows = list(_tried(environment, choice))
    if not rows:
        raise LaunchError(_none_there(environment))
    plan, arguments = users_settings.merged(plan, argv[1:], folder)
    if plan.record is not None:
        with contextlib.suppress(OSError):  # without a record the session counts as running until its token expires
            launch_records.prepare(plan.record)
    errand = Errand(folder, plan.variables, plan.unset, (argv[0], *arguments), plan.settings_text, plan.record)
    system = _here()
    script = launch_script.write(system.script(errand), system.suffix, environment)
    missing = choice.terminal and all(row.terminal.id != choice.terminal for row in rows)
    passed_over = [f"{choice.terminal} is not installed here."] if missing else []
    try:
        return _first_that_opens(rows, script, folder, handed_on(environment, plan.unset), passed_over)
    except BaseException:
        script.unlink(missing_ok=True)
        raise


def handed_on(environment: Mapping[str, str], unset: Sequence[str] = ()) -> dict[str, str]:
    """Return the part of our environment that a terminal inherits. PyInstaller saves what it replaces under
    ``…_ORIG``.
    """
    theirs = own_certificates.without(environment)
    kept = {name: value for name, value in theirs.items() if name not in NOT_HANDED_ON and name not in unset}
    originals = {name: kept.pop(f"{name}_ORIG") for name in NOT_HANDED_ON if f"{name}_ORIG" in kept}
    return {**kept, **{name: value for name, value in originals.items() if value}}


def _here() -> System:
    return SYSTEMS.get(sys.platform, LINUX)


def _tried(environ: Mapping[str, str], choice: TerminalChoice) -> Iterator[TerminalSpec]:
    """Yield in this order: the user's own command, the terminal they chose, then all others."""
    if choice.command.strip():
        yield custom(choice.command)
    yield from sorted(_here().installed(environ), key=lambda row: row.terminal.id != choice.terminal)


def custom(command: str) -> TerminalSpec:
    """Return the user's own command as a row. Raises LaunchError if its quotes do not match."""
    try:
        words = shlex.split(command, posix=sys.platform != "win32")
    except ValueError as error:
        raise LaunchError(f"The terminal's command cannot be read: {error}. Look at Settings → Terminal.") from error
    if sys.platform == "win32":  # a backslash is no escape there
        words = [word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word for word in words]
    if not any("{script}" in word for word in words):
        words.append("{script}")
    return TerminalSpec(CUSTOM, words[0], tuple(words))


def _none_there(environ: Mapping[str, str]) -> str:
    if _here() is LINUX and not environ.get("DISPLAY") and not environ.get("WAYLAND_DISPLAY"):
        return "There is no screen here to open a terminal on. In a terminal, run: understudy claude"
    return "No terminal was found. Name one under Settings → Terminal, or run in one: understudy claude"


def _first_that_opens(
    rows: Sequence[TerminalSpec], script: Path, folder: Path, environ: Mapping[str, str], passed_over: list[str]
) -> Opened:
    for row in rows:
        why = ""
        try:
            process = _start(row, script, folder, environ)
        except OSError as error:
            why = error.strerror or str(error)
        else:
            begun = _begun(process, script)
            if begun is not None:
                threading.Thread(target=_attend, args=(process, script), name="terminal", daemon=True).start()
                return Opened(row.terminal, begun, tuple(passed_over))
            why = f"it ended with {process.returncode}"
        passed_over.append(f"{row.terminal.name} did not start: {why}.")
    raise LaunchError(" ".join(["No terminal could be opened.", *passed_over]))


def _start(row: TerminalSpec, script: Path, folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start it detached: it outlives this process, and receives none of its signals."""
    words = [filled(word, script, folder) for word in row.words]
    quiet = None if row.new_console else subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 - from our own table, or the user's settings
        words,
        cwd=folder,
        env=dict(environ),
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        start_new_session=sys.platform != "win32",
        creationflags=_NEW_CONSOLE if row.new_console else 0,
    )


def _begun(process: subprocess.Popen[bytes], script: Path) -> bool | None:
    """Return whether it ran the script, which then deletes itself; None if it failed instead."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        status = process.poll()
        if not script.exists():
            return True
        if status:
            return None
        time.sleep(_LOOK)
    return False


def _attend(process: subprocess.Popen[bytes], script: Path) -> None:
    """Wait for its end, so that no zombie stays; a script that was not run by then is deleted when its time is over."""
    until = time.monotonic() + launch_script.KEPT_SECONDS
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(launch_script.KEPT_SECONDS)
    if script.exists():  # a server may be about to run it
        time.sleep(max(0.0, until - time.monotonic()))
        script.unlink(missing_ok=True)
    process.wait()
