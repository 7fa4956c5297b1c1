"""A launch as text to copy: run by real shells where they are here, as values elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path, PureWindowsPath

import pytest

from proxy_core.errors import LaunchError
from proxy_core.launch.claude_code import BEARER, FOR_NOBODY_ELSE, HEADERS
from proxy_core.launch.copy_command import Shell, command_for, vscode_settings
from tests.launch.recorder import ODD, OWN_KEY, PLAN, TOKEN, recorder

SHELLS = [
    (shell, program)
    for shell, program in ((Shell.SH, "sh"), (Shell.SH, "bash"), (Shell.SH, "zsh"), (Shell.FISH, "fish"))
    if shutil.which(program)
]
LINE = replace(PLAN, variables={name: value for name, value in PLAN.variables.items() if name != HEADERS})


@pytest.mark.parametrize(("shell", "program"), SHELLS)
def test_a_real_shell_starts_it_as_planned(shell: Shell, program: str, tmp_path: Path) -> None:
    claude = recorder(tmp_path / "bin")
    project = tmp_path / "my proj's $HOME"
    project.mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ANTHROPIC_API_KEY": OWN_KEY, "LANG": "C.UTF-8"}
    command = command_for(shell, PLAN, project, [str(claude.program), "--model", ODD])
    after = "; echo $ANTHROPIC_API_KEY $ANTHROPIC_AUTH_TOKEN"
    done = subprocess.run([program, "-c", command + after], env=environ, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    claude.seen().as_planned(project, "--model", ODD)
    assert done.stdout.strip() == OWN_KEY  # the shell itself is as it was


@pytest.mark.parametrize("shell", [Shell.SH, Shell.FISH])
def test_no_program_but_claude_is_named(shell: Shell) -> None:
    """``env TOKEN=… claude`` would show the token to everyone who looks at the processes."""
    assert not set(command_for(shell, PLAN, Path("/a"), ["claude"]).split()) & {"env", "sudo", "/usr/bin/env"}


def test_powershell() -> None:
    plan = replace(PLAN, variables={BEARER: TOKEN, "ODD": "it's\n2"}, unset=("ANTHROPIC_API_KEY",))
    assert command_for(Shell.POWERSHELL, plan, PureWindowsPath("C:\\my proj"), ["claude", "--model", "x y"]) == (
        "Set-Location -LiteralPath 'C:\\my proj'; "
        "Remove-Item -LiteralPath 'Env:ANTHROPIC_API_KEY' -ErrorAction SilentlyContinue; "
        f"$env:ANTHROPIC_AUTH_TOKEN = '{TOKEN}'; $env:ODD = 'it''s\n2'; "
        "& 'claude' '--model' 'x y'"
    )


def test_cmd() -> None:
    plan = replace(PLAN, variables={BEARER: TOKEN, "ODD": '50% (a) & "b" ^ !'}, unset=("ANTHROPIC_API_KEY",))
    assert command_for(Shell.CMD, plan, PureWindowsPath("C:\\my proj"), ["claude"]) == (
        'cd /d "C:\\my proj"&&(set "ANTHROPIC_API_KEY="&'
        f"set ANTHROPIC_AUTH_TOKEN={TOKEN}&"
        'set ODD=50^% ^(a^) ^& ^"b^" ^^ ^!&"claude")'
    )


def test_cmd_says_what_it_cannot_hold() -> None:
    with pytest.raises(LaunchError, match="ANTHROPIC_CUSTOM_HEADERS has several lines"):
        command_for(Shell.CMD, PLAN, PureWindowsPath("C:\\"), ["claude"])
    assert TOKEN in command_for(Shell.CMD, LINE, PureWindowsPath("C:\\"), ["claude"])


def test_vscode_keeps_what_it_says_of_itself() -> None:
    plan = replace(PLAN, unset=(*FOR_NOBODY_ELSE, "ANTHROPIC_API_KEY"))
    assert not [name for name in FOR_NOBODY_ELSE if name in vscode_settings(plan)]
    assert '"ANTHROPIC_API_KEY"' in vscode_settings(plan)


def test_vscode() -> None:
    settings = json.loads(vscode_settings(PLAN))
    listed = {entry["name"]: entry["value"] for entry in settings.pop("claudeCode.environmentVariables")}
    assert listed == {"ANTHROPIC_API_KEY": "", "ANTHROPIC_SMALL_FAST_MODEL": "", **PLAN.variables}
    assert settings.pop("claudeCode.disableLoginPrompt") is True
    wanted = {**PLAN.variables, "ANTHROPIC_API_KEY": None, "ANTHROPIC_SMALL_FAST_MODEL": None}
    assert settings == {f"terminal.integrated.env.{system}": wanted for system in ("linux", "osx", "windows")}
