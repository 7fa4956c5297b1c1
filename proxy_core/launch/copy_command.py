"""The environment of a launch as text to copy: for another shell, or for an editor's settings.

It contains the token, and stays where it is pasted (a shell's history, a settings file). Nothing here is written to a
file or logged.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path, PurePath
from typing import Final, assert_never

from proxy_core.errors import LaunchError
from proxy_core.launch import users_settings
from proxy_core.launch.claude_code import FOR_NOBODY_ELSE, LaunchPlan
from proxy_core.launch.launch_script import in_quotes

_SPECIAL_TO_CMD: Final = re.compile(r'[()!^"<>&|]')


class Shell(Enum):
    """The shell that a command is for."""

    SH = "sh"
    """``sh``, ``bash``, ``zsh`` and compatible ones."""
    FISH = "fish"
    POWERSHELL = "powershell"
    CMD = "cmd"


def command_for(shell: Shell, plan: LaunchPlan, folder: PurePath, argv: Sequence[str]) -> str:
    """Return one line that starts ``argv`` (the program, then the user's arguments) with ``plan`` at ``folder``.

    The shell itself sets the variables: no other program has the token on its command line.

    For the shells of Windows it has no ``--settings``, whose quotes they lose: there a project's settings outrank the
    environment. Raises LaunchError for values that a shell cannot hold.
    """
    program, *theirs = argv
    plan, arguments = users_settings.merged(plan, theirs, Path(folder))
    words = [program, *plan.arguments, *arguments]
    match shell:
        case Shell.SH:
            given = " ".join(f"{name}={shlex.quote(value)}" for name, value in plan.variables.items())
            unset = f"unset {' '.join(plan.unset)}; " if plan.unset else ""
            return f"(cd {shlex.quote(str(folder))} && {{ {unset}export {given}; {shlex.join(words)}; }})"
        case Shell.FISH:
            # An unexported local variable hides an exported one from programs.
            hidden = [f"set -l {name}" for name in plan.unset]
            given_each = [f"set -lx {name} {_in_fish(value)}" for name, value in plan.variables.items()]
            steps = [*hidden, *given_each, " ".join(map(_in_fish, words))]
            return f"cd {_in_fish(str(folder))}; and begin; {'; '.join(steps)}; end"
        case Shell.POWERSHELL:
            steps = [
                f"Set-Location -LiteralPath {in_quotes(str(folder))}",
                *(f"Remove-Item -LiteralPath 'Env:{name}' -ErrorAction SilentlyContinue" for name in plan.unset),
                *(f"$env:{name} = {in_quotes(value)}" for name, value in plan.variables.items()),
                " ".join(["&", *map(in_quotes, argv)]),
            ]
            return "; ".join(steps)
        case Shell.CMD:
            steps = [
                *(f'set "{name}="' for name in plan.unset),
                *(f"set {_in_cmd(name, value)}" for name, value in plan.variables.items()),
                " ".join(f'"{word}"' for word in argv),
            ]
            # A blank before "&" would become part of the value, and "set" fails if there is nothing to unset.
            return f'cd /d "{folder}"&&({"&".join(steps)})'
        case _:
            assert_never(shell)


def vscode_settings(plan: LaunchPlan) -> str:
    """Return entries for VS Code's ``settings.json``, for the extension *Claude Code* and for terminals in the
    editor.
    """
    variables = [{"name": name, "value": value} for name, value in _with_unset(plan).items()]
    terminal = {**plan.variables, **dict.fromkeys(_unset(plan))}
    settings = {
        "claudeCode.environmentVariables": variables,
        "claudeCode.disableLoginPrompt": True,
        **{f"terminal.integrated.env.{system}": terminal for system in ("linux", "osx", "windows")},
    }
    return json.dumps(settings, ensure_ascii=False, indent=2)


def _with_unset(plan: LaunchPlan) -> Mapping[str, str]:
    """Return variables to set. The extension cannot unset one; Claude Code treats an empty value as unset."""
    return {**dict.fromkeys(_unset(plan), ""), **plan.variables}


def _unset(plan: LaunchPlan) -> tuple[str, ...]:
    """Return the variables to unset, without those that concern our own process: in the editor they are the
    editor's.
    """
    return tuple(name for name in plan.unset if name not in FOR_NOBODY_ELSE)


def _in_fish(text: str) -> str:
    """Return a word of fish, whose single quotes need a backslash before a backslash and a single quote."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _in_cmd(name: str, value: str) -> str:
    if "\n" in value or "\r" in value:
        raise LaunchError(f"{name} has several lines, which cmd cannot hold. Copy the command for PowerShell.")
    # Without quotes: "^" then escapes the next character, "%" included, which quotes cannot.
    return f"{name}=" + _SPECIAL_TO_CMD.sub(r"^\g<0>", value).replace("%", "^%")
