"""The script that a terminal runs: run for real by every ``sh`` there is, and as text for PowerShell."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from proxy_core.errors import LaunchError
from proxy_core.launch.launch_records import LaunchRecords
from proxy_core.launch.launch_script import (
    KEPT_SECONDS,
    Errand,
    in_powershell,
    in_sh,
    script_folder,
    sweep,
    write,
)
from tests.launch.recorder import ODD, OWN_KEY, PLAN, TOKEN, recorder

SHELLS = [name for name in ("sh", "dash", "bash", "busybox") if shutil.which(name)]


def errand(folder: Path, *argv: str) -> Errand:
    return Errand(folder, PLAN.variables, PLAN.unset, argv, PLAN.settings_text)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "my proj's “odd” $HOME"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("shell", SHELLS)
def test_it_starts_the_program_as_planned_and_is_gone(shell: str, tmp_path: Path, project: Path) -> None:
    claude = recorder(tmp_path / "bin of mine")
    environ = {"PATH": os.environ["PATH"], "UNDERSTUDY_HOME": str(tmp_path), "ANTHROPIC_API_KEY": OWN_KEY}
    script = write(in_sh(errand(project, str(claude.program), "--model", ODD)), ".sh", environ)
    command = [shell, "sh", str(script)] if shell == "busybox" else [shell, str(script)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    seen = claude.seen()
    seen.as_planned(project, "--model", ODD)
    assert seen.environ["PATH"].split(":")[0] == str(claude.program.parent)
    assert not script.exists()


@pytest.mark.parametrize("path", [os.environ["PATH"], "/nowhere"], ids=["the usual PATH", "an odd one"])
def test_it_is_gone_before_the_program_runs(path: str, tmp_path: Path, project: Path) -> None:
    environ = {"PATH": path, "UNDERSTUDY_HOME": str(tmp_path)}
    look = tmp_path / "look"
    look.write_text("#!/bin/sh\necho *\n")
    look.chmod(0o700)
    folder = script_folder(environ)
    script = write(in_sh(errand(folder, str(look))), ".sh", environ)
    done = subprocess.run([str(script)], env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("*\n", "")


def test_a_failure_stays_to_be_read(tmp_path: Path, project: Path) -> None:
    claude = recorder(tmp_path / "bin", status=3)
    environ = {"PATH": os.environ["PATH"], "UNDERSTUDY_HOME": str(tmp_path)}
    script = write(in_sh(errand(project, str(claude.program))), ".sh", environ)
    done = subprocess.run([str(script)], env=environ, input="\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "\nClaude Code ended with 3. Press Enter to close. ")


def test_a_folder_that_went_is_told(tmp_path: Path) -> None:
    claude = recorder(tmp_path / "bin")
    environ = {"PATH": os.environ["PATH"], "UNDERSTUDY_HOME": str(tmp_path)}
    script = write(in_sh(errand(tmp_path / "gone", str(claude.program))), ".sh", environ)
    done = subprocess.run([str(script)], env=environ, input="\n", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert not claude.notes.exists()
    assert not script.exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_it_says_that_it_runs_and_that_it_does_not_any_more(shell: str, tmp_path: Path, project: Path) -> None:
    record, copy, look = tmp_path / "it's a record", tmp_path / "copied", tmp_path / "look"
    look.write_text(f'#!/bin/sh\n/bin/cp "{record}" "{copy}"\necho $PPID\n')
    look.chmod(0o700)
    environ = {"PATH": "/nowhere", "UNDERSTUDY_HOME": str(tmp_path)}
    made = replace(errand(project, str(look)), record=record)
    script = write(in_sh(made), ".sh", environ)
    program = shutil.which(shell)
    assert program is not None
    command = [program, "sh", str(script)] if shell == "busybox" else [program, str(script)]
    begun = time.time()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    number, written = copy.read_text().split()
    assert number == done.stdout.strip(), "the script's own number"
    assert int(written) >= int(begun)
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert LaunchRecords(record.parent).ended(record.name)


def test_a_record_that_cannot_be_written_stops_nothing(tmp_path: Path, project: Path) -> None:
    claude = recorder(tmp_path / "bin")
    environ = {"PATH": os.environ["PATH"], "UNDERSTUDY_HOME": str(tmp_path)}
    made = replace(errand(project, str(claude.program)), record=tmp_path / "no folder" / "record")
    done = subprocess.run(
        [str(write(in_sh(made), ".sh", environ))], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    claude.seen().as_planned(project)


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take UTF-8 only")
def test_a_folder_whose_name_is_not_utf_8_is_gone_to(tmp_path: Path) -> None:
    claude = recorder(tmp_path / "bin")
    project = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    project.mkdir()
    environ = {"PATH": os.environ["PATH"], "UNDERSTUDY_HOME": str(tmp_path)}
    script = write(in_sh(errand(project, str(claude.program))), ".sh", environ)
    done = subprocess.run([str(script)], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert claude.seen().folder == project


@pytest.mark.parametrize(("name", "suffix"), [("caf\udce9", ".ps1"), ("half a smile \ud83d", ".sh")])
def test_a_name_that_a_script_cannot_hold_is_refused_in_words(name: str, suffix: str, tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="Rename the folder"):
        write(f"cd '{name}'", suffix, {"UNDERSTUDY_HOME": str(tmp_path)})
    assert not (tmp_path / "state").exists()


class TestWhereItLies:
    def test_its_owner_alone_can_read_it_and_enter_its_folder(self, tmp_path: Path) -> None:
        script = write("", ".sh", {"UNDERSTUDY_HOME": str(tmp_path)})
        assert stat.S_IMODE(script.stat().st_mode) == 0o700
        assert stat.S_IMODE(script.parent.stat().st_mode) == 0o700
        assert script.parent == tmp_path / "state" / "launch"

    def test_no_name_can_be_guessed(self, tmp_path: Path) -> None:
        scripts = [write("", ".sh", {"UNDERSTUDY_HOME": str(tmp_path)}) for _ in range(3)]
        assert len({script.name for script in scripts}) == 3

    def test_in_memory_where_there_is_a_folder_for_it(self, tmp_path: Path) -> None:
        assert script_folder({"XDG_RUNTIME_DIR": str(tmp_path)}) == tmp_path / "understudy"

    def test_a_folder_too_open_is_closed(self, tmp_path: Path) -> None:
        (tmp_path / "understudy").mkdir(mode=0o755)
        folder = script_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_a_link_to_elsewhere_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "understudy").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(LaunchError, match="could not be written"):
            write("", ".sh", {"XDG_RUNTIME_DIR": str(tmp_path)})
        assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_no_terminal_ran_is_swept(tmp_path: Path) -> None:
    environ = {"UNDERSTUDY_HOME": str(tmp_path)}
    old, new, settings = (write("", suffix, environ) for suffix in (".sh", ".sh", ".json"))
    other = old.parent / "not-ours"
    other.write_text("")
    now = time.time()
    for file in (old, settings, other):
        os.utime(file, (now - KEPT_SECONDS - 1,) * 2)
    sweep(environ, now)
    assert sorted(old.parent.iterdir()) == sorted([new, settings, other])
    sweep(environ, now + 90_000)
    assert list(old.parent.iterdir()) == [other]


class TestPowerShell:
    """PowerShell's grammar has one rule for a plain string: its quote is doubled, and nothing else means anything."""

    def test_the_whole_script(self) -> None:
        made = Errand(
            Path("/home/o'neil/a b"),
            {"ANTHROPIC_AUTH_TOKEN": TOKEN, "ODD": "it\u2019s 100% $x `\n2"},
            ("ANTHROPIC_API_KEY",),
            ("/opt/bin/claude", "--model", "opus plan"),
            '{"label":"it\'s"}',
        )
        assert in_powershell(made).split("\r\n") == [
            "Remove-Item -LiteralPath $PSCommandPath -Force",
            "Set-Location -LiteralPath '/home/o''neil/a b'",
            "Remove-Item -LiteralPath 'Env:ANTHROPIC_API_KEY' -ErrorAction SilentlyContinue",
            f"$env:ANTHROPIC_AUTH_TOKEN = '{TOKEN}'",
            "$env:ODD = 'it\u2019\u2019s 100% $x `\n2'",
            "$env:PATH = '/opt/bin' + ';' + $env:PATH",
            "$settings = [IO.Path]::ChangeExtension($PSCommandPath, '.json')",
            "[IO.File]::WriteAllText($settings, '{\"label\":\"it''s\"}')",
            "& '/opt/bin/claude' --settings $settings '--model' 'opus plan'",
            "$status = $LASTEXITCODE",
            "Remove-Item -LiteralPath $settings -Force -ErrorAction SilentlyContinue",
            'if ($status -ne 0) { Read-Host "Claude Code ended with $status. Press Enter to close." }',
            "exit $status",
            "",
        ]

    def test_it_says_that_it_runs(self) -> None:
        lines = in_powershell(replace(errand(Path("/a"), "claude"), record=Path("/it's"))).split("\r\n")
        begun, over = (
            f"try {{ [IO.File]::WriteAllText('/it''s', \"{what}`n\") }} catch {{ }}"
            for what in ("$PID $([DateTimeOffset]::UtcNow.ToUnixTimeSeconds())", "0")
        )
        started = next(number for number, line in enumerate(lines) if line.startswith("& 'claude'"))
        assert lines.index(begun) < started < lines.index(over)

    def test_every_quote_is_closed(self) -> None:
        text = in_powershell(errand(Path("/a"), "claude", ODD))
        without_strings = re.sub(r"'(?:[^'\u2018-\u201b]|''|[\u2018-\u201b]{2})*'", "", text)
        assert "'" not in without_strings
        assert TOKEN not in without_strings

    def test_the_file_has_the_mark_that_old_ones_want(self, tmp_path: Path) -> None:
        script = write("é", ".ps1", {"UNDERSTUDY_HOME": str(tmp_path)})
        assert script.read_bytes() == b"\xef\xbb\xbf\xc3\xa9"
