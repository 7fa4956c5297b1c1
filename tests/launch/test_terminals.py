"""Which terminal is taken and by which words it is told: every row of every system, and falling down the list.

The terminals that are started here are stand-ins, small programs that do as terminals do; ``test_real_terminals.py``
starts the real ones.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

import psutil
import pytest

from proxy_core.errors import LaunchError
from proxy_core.launch import own_certificates, terminals, terminals_linux, terminals_macos, terminals_windows
from proxy_core.launch.launch_records import LaunchRecords
from proxy_core.launch.launch_script import Errand
from proxy_core.launch.terminals import Opened, TerminalChoice, custom, found, handed_on, open_terminal
from tests.launch.recorder import OWN_KEY, PLAN, TOKEN, recorder

FOLDER = PurePosixPath("/home/me/my proj")
SCRIPT = PurePosixPath("/run/user/1000/understudy/launch-x.sh")

LINUX = {
    "xdg-terminal-exec": ["--dir=/home/me/my proj", "--"],
    "ptyxis": ["--new-window", "--working-directory=/home/me/my proj", "--"],
    "gnome-terminal": ["--working-directory=/home/me/my proj", "--"],
    "kgx": ["--working-directory=/home/me/my proj", "--"],
    "konsole": ["--workdir", "/home/me/my proj", "-e"],
    "xfce4-terminal": ["--disable-server", "--working-directory=/home/me/my proj", "-x"],
    "mate-terminal": ["--working-directory=/home/me/my proj", "-x"],
    "ghostty": ["--working-directory=/home/me/my proj", "-e"],
    "kitty": ["--directory", "/home/me/my proj"],
    "alacritty": ["--working-directory", "/home/me/my proj", "-e"],
    "wezterm": ["start", "--always-new-process", "--cwd", "/home/me/my proj", "--"],
    "foot": ["--working-directory=/home/me/my proj"],
    "tilix": ["--working-directory=/home/me/my proj", "-e"],
    "qterminal": ["--workdir", "/home/me/my proj", "-e"],
    "lxterminal": ["--no-remote", "--working-directory=/home/me/my proj", "-e"],
    "urxvt": ["-cd", "/home/me/my proj", "-e"],
    "x-terminal-emulator": ["-e"],
    "xterm": ["-e"],
}

MAC_SCRIPT = PurePosixPath("/Users/o'neil/Library/Application Support/understudy/launch/launch-x.command")
MAC_SHELL = "'/Users/o'\"'\"'neil/Library/Application Support/understudy/launch/launch-x.command'"
MAC_TOLD = "exec sh " + MAC_SHELL.replace('"', '\\"')

RUN = ["-NoLogo", "-NoProfile", "-ExecutionPolicy", "Bypass", "-File", "C:\\Users\\me\\x y.ps1"]


class TestTheTables:
    def test_linux(self) -> None:
        assert {row.terminal.id: row.command(SCRIPT, FOLDER) for row in terminals_linux.ROWS} == {
            program: [program, *words, str(SCRIPT)] for program, words in LINUX.items()
        }

    def test_macos_by_apple_script(self) -> None:
        rows = {row.terminal.id: row.command(MAC_SCRIPT, FOLDER) for row in terminals_macos.ROWS}
        assert lines(rows["terminal"]) == [
            'if application "Terminal" is running then',
            'tell application "Terminal" to activate',
            f'tell application "Terminal" to do script "{MAC_TOLD}"',
            "else",
            'tell application "Terminal" to launch',
            f'tell application "Terminal" to do script "{MAC_TOLD}"',
            'tell application "Terminal" to activate',
            "end if",
        ]
        assert lines(rows["iterm2"]) == [
            'tell application "iTerm"',
            "activate",
            "set made to (create window with default profile)",
            f'tell current session of made to write text "{MAC_TOLD}"',
            "end tell",
        ]
        told = f'quoted form of "{MAC_TOLD}"'
        assert lines(rows["ghostty"]) == [
            'if application "Ghostty" is running then',
            f'tell application "Ghostty" to new window with configuration {{command:"/bin/sh -c " & {told}}}',
            "else",
            f'do shell script "open -na Ghostty --args " & quoted form of ("--initial-command=/bin/sh -c " & {told})',
            "end if",
        ]

    def test_macos_by_open(self) -> None:
        rows = {row.terminal.id: row.command(MAC_SCRIPT, FOLDER) for row in terminals_macos.ROWS}
        shell = ["sh", "-c", f"exec sh {MAC_SHELL}"]
        assert rows["kitty"] == ["open", "-na", "kitty", "--args", "--directory", str(FOLDER), *shell]
        assert rows["alacritty"] == [
            *("open", "-na", "Alacritty", "--args", "--working-directory", str(FOLDER), "-e"),
            *shell,
        ]
        assert rows["wezterm"] == ["open", "-na", "WezTerm", "--args", "start", "--cwd", str(FOLDER), "--", *shell]
        assert rows["command"] == ["open", str(MAC_SCRIPT)]
        assert list(rows) == ["terminal", "iterm2", "ghostty", "kitty", "alacritty", "wezterm", "command"]

    def test_windows(self) -> None:
        script, folder = PureWindowsPath("C:\\Users\\me\\x y.ps1"), PureWindowsPath("C:\\my proj; old")
        rows = {row.terminal.id: (row.command(script, folder), row.new_console) for row in terminals_windows.ROWS}
        assert rows == {
            "wt": (["wt.exe", "-d", "C:\\my proj\\; old", "powershell.exe", *RUN], False),
            "pwsh": (["pwsh.exe", *RUN], True),
            "powershell": (["powershell.exe", *RUN], True),
            "cmd": (["cmd.exe", "/d", "/k", "powershell.exe", *RUN], True),
        }

    def test_a_folder_that_looks_like_a_place_stays_as_it_is(self) -> None:
        (kitty,) = (row for row in terminals_linux.ROWS if row.program == "kitty")
        assert kitty.command(SCRIPT, PurePosixPath("/a/{script}"))[2] == "/a/{script}"


def lines(words: list[str]) -> list[str]:
    """The lines of a script that osascript is given."""
    assert words[0] == "osascript"
    assert set(words[1::2]) == {"-e"}
    return words[2::2]


class TestWhatIsThere:
    def test_linux_by_the_path_and_the_screen(self, tmp_path: Path) -> None:
        environ = programs(tmp_path, konsole="exit", foot="exit", xterm="exit", kitty="exit")
        assert ids(environ) == ["konsole", "kitty", "xterm"]
        assert ids({**environ, "DISPLAY": "", "WAYLAND_DISPLAY": "wayland-0"}) == ["konsole", "kitty", "foot"]
        assert ids({**environ, "DISPLAY": ""}) == []

    @pytest.mark.parametrize(
        ("desktop", "first"), [("KDE", "konsole"), ("ubuntu:GNOME", "gnome-terminal"), ("XFCE", "xfce4-terminal")]
    )
    def test_the_desktops_own_come_first(self, tmp_path: Path, desktop: str, first: str) -> None:
        there = {"gnome-terminal": "exit", "konsole": "exit", "xfce4-terminal": "exit"}
        environ = programs(tmp_path, **there)
        assert ids({**environ, "XDG_CURRENT_DESKTOP": desktop})[0] == first
        (tmp_path / "bin" / "xdg-terminal-exec").symlink_to(tmp_path / "bin" / "konsole")
        assert ids({**environ, "XDG_CURRENT_DESKTOP": desktop})[:2] == ["xdg-terminal-exec", first]

    def test_macos_by_its_applications(self, tmp_path: Path) -> None:
        for folder, name in (("Utilities", "Terminal.app"), ("home/Applications", "Ghostty.app")):
            (tmp_path / folder / name).mkdir(parents=True)
        folders = (str(tmp_path / "Utilities"), "~/Applications")
        rows = terminals_macos.installed({"HOME": str(tmp_path / "home")}, folders)
        assert [row.terminal.id for row in rows] == ["terminal", "ghostty", "command"]

    def test_windows_with_whole_paths(self, tmp_path: Path) -> None:
        environ = programs(tmp_path, **{"cmd.exe": "exit", "powershell.exe": "exit"})
        rows = terminals_windows.installed(environ)
        assert [row.terminal.id for row in rows] == ["powershell", "cmd"]
        assert rows[1].words[:3] == (str(tmp_path / "bin" / "cmd.exe"), "/d", "/k")

    @pytest.mark.parametrize(
        ("platform", "suffix", "first_line"),
        [
            ("linux", ".sh", "#!/bin/sh"),
            ("freebsd14", ".sh", "#!/bin/sh"),
            ("darwin", ".command", "#!/bin/sh"),
            ("win32", ".ps1", "Remove-Item -LiteralPath $PSCommandPath -Force"),
        ],
    )
    def test_the_script_of_each_system(self, platform: str, suffix: str, first_line: str) -> None:
        system = terminals.SYSTEMS.get(platform, terminals.LINUX)
        made = system.script(Errand(Path("/a"), PLAN.variables, PLAN.unset, ("claude",), "{}"))
        assert (system.suffix, made.splitlines()[0]) == (suffix, first_line)


class TestTheEnvironmentHandedOn:
    def test_a_frozen_apps_own_stays_here(self) -> None:
        ours = {
            "LD_LIBRARY_PATH": "/opt/understudy/lib",
            "LD_LIBRARY_PATH_ORIG": "/home/me/lib",
            "QT_PLUGIN_PATH": "/opt/understudy/plugins",
            "QT_PLUGIN_PATH_ORIG": "",
            "PYTHONHOME": "/opt/understudy",
            "UNDERSTUDY_TOKEN": TOKEN,
            "HOME": "/home/me",
        }
        assert handed_on(ours) == {"LD_LIBRARY_PATH": "/home/me/lib", "HOME": "/home/me"}

    def test_what_the_plan_takes_away_is_not_there(self) -> None:
        assert handed_on({"ANTHROPIC_API_KEY": OWN_KEY, "LANG": "C"}, PLAN.unset) == {"LANG": "C"}

    def test_certificates_that_our_package_gave_itself(self) -> None:
        environ = {"LANG": "C"}
        own_certificates.give(environ, "/ours.pem")
        assert environ["SSL_CERT_FILE"] == "/ours.pem"
        assert handed_on(environ) == {"LANG": "C"}
        assert not {own_certificates.CERTIFICATES, own_certificates.OURS} & PLAN.environment(environ).keys()
        later = {**environ, "SSL_CERT_FILE": "/theirs.pem"}
        assert handed_on(later) == {"LANG": "C", "SSL_CERT_FILE": "/theirs.pem"}

    def test_the_users_own_certificates_stay(self) -> None:
        environ = {"SSL_CERT_FILE": "/theirs.pem"}
        own_certificates.give(environ, "/ours.pem")
        assert handed_on(environ) == environ == {"SSL_CERT_FILE": "/theirs.pem"}


RUNS_IT = 'for last; do :; done; exec "$last"'
"""What a terminal that draws its own window does with its last word."""

LEAVES_IT = 'for last; do :; done; ("$last" &)'
"""What a terminal does that hands the work to a server."""


def programs(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment with these programs, and no others but the system's own tools, on its PATH."""
    place = folder / "bin"
    place.mkdir(parents=True, exist_ok=True)
    for name, script in scripts.items():
        program = place / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
    return {"PATH": str(place), "DISPLAY": ":0", "UNDERSTUDY_HOME": str(folder), "HOME": str(folder)}


def ids(environ: Mapping[str, str]) -> list[str]:
    return [terminal.id for terminal in found(environ)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "my proj"
    folder.mkdir()
    return folder


AUTOMATIC = TerminalChoice()


def opened(tmp_path: Path, project: Path, environ: Mapping[str, str], choice: TerminalChoice = AUTOMATIC) -> Opened:
    """Opens a terminal, sees Claude Code started there as planned, and the script gone."""
    claude = recorder(tmp_path / "claude")
    made = open_terminal(PLAN, project, environ, [str(claude.program), "--model", "a b"], choice)
    claude.seen().as_planned(project, "--model", "a b")
    assert list((tmp_path / "state" / "launch").iterdir()) == []
    return made


class TestOpening:
    @pytest.mark.parametrize("terminal", [RUNS_IT, LEAVES_IT], ids=["its own window", "a server's window"])
    def test_the_first_that_is_there(self, tmp_path: Path, project: Path, terminal: str) -> None:
        environ = programs(tmp_path, konsole=terminal, xterm="exit 9")
        made = opened(tmp_path, project, {**environ, "ANTHROPIC_API_KEY": OWN_KEY})
        assert (made.terminal.id, made.begun, made.passed_over) == ("konsole", True, ())

    def test_the_chosen_one(self, tmp_path: Path, project: Path) -> None:
        environ = programs(tmp_path, konsole="exit 9", xterm=RUNS_IT)
        assert opened(tmp_path, project, environ, TerminalChoice("xterm")).terminal.id == "xterm"

    def test_the_next_where_one_does_not_start(self, tmp_path: Path, project: Path) -> None:
        environ = programs(tmp_path, konsole="exit 9", kitty="exit 1", xterm=RUNS_IT)
        (tmp_path / "bin" / "kitty").write_bytes(b"#!/no/such/interpreter\n")
        made = opened(tmp_path, project, environ, TerminalChoice("gone"))
        assert made.terminal.id == "xterm"
        assert made.passed_over == (
            "gone is not installed here.",
            "Konsole did not start: it ended with 9.",
            "kitty did not start: No such file or directory.",
        )

    def test_a_command_of_ones_own(self, tmp_path: Path, project: Path) -> None:
        environ = programs(tmp_path, konsole="exit 9", mine='[ "$1 $2" = "--at $PWD" ] && exec "$3" "and more"')
        made = opened(tmp_path, project, environ, TerminalChoice(command="mine --at {folder} {script} 'and more'"))
        assert (made.terminal, made.passed_over) == (terminals.CUSTOM, ())

    def test_a_command_of_ones_own_that_fails(self, tmp_path: Path, project: Path) -> None:
        environ = programs(tmp_path, konsole=RUNS_IT, mine="exit 4")
        made = opened(tmp_path, project, environ, TerminalChoice(command="mine"))
        assert made.terminal.id == "konsole"
        assert made.passed_over == ("The command of one's own did not start: it ended with 4.",)

    def test_no_secret_is_on_a_command_line(self, tmp_path: Path, project: Path) -> None:
        noted = tmp_path / "words"
        environ = programs(tmp_path, konsole=f'printf "%s\\n" "$@" > {shlex.quote(str(noted))}; {RUNS_IT}')
        opened(tmp_path, project, environ)
        assert noted.read_text().splitlines()[:3] == ["--workdir", str(project), "-e"]
        assert TOKEN not in noted.read_text()

    def test_settings_of_ones_own_go_in_under_the_launchs(self, tmp_path: Path, project: Path) -> None:
        claude = recorder(tmp_path / "claude")
        (project / "mine.json").write_text('{"env":{"ANTHROPIC_BASE_URL":"http://evil","MINE":"1"},"model":"opus"}')
        argv = [str(claude.program), "--settings", "mine.json", "--model", "a b"]
        open_terminal(PLAN, project, programs(tmp_path, konsole=RUNS_IT), argv, TerminalChoice())
        option, text, *others = claude.seen().argv
        assert (option, others) == ("--settings", ["--model", "a b"])
        settings = json.loads(text)
        assert (settings["model"], settings["label"]) == ("opus", "BIG · it's")
        assert settings["env"]["ANTHROPIC_BASE_URL"] == PLAN.variables["ANTHROPIC_BASE_URL"]
        assert settings["env"]["MINE"] == "1"

    def test_the_launch_is_on_record_until_it_ends(self, tmp_path: Path, project: Path) -> None:
        claude, record = recorder(tmp_path / "claude"), tmp_path / "launches" / "l1"
        made = replace(PLAN, record=record)
        open_terminal(made, project, programs(tmp_path, konsole=RUNS_IT), [str(claude.program)], TerminalChoice())
        claude.seen()
        until = time.monotonic() + 30
        while not LaunchRecords(record.parent).ended(record.name):
            assert time.monotonic() < until
            time.sleep(0.02)

    def test_no_zombie_stays(self, tmp_path: Path, project: Path) -> None:
        opened(tmp_path, project, programs(tmp_path, konsole=RUNS_IT))
        deadline = time.monotonic() + 60
        while any(child.status() == psutil.STATUS_ZOMBIE for child in psutil.Process().children()):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def test_it_outlives_us(self, tmp_path: Path, project: Path) -> None:
        session = tmp_path / "session"
        keep = f"ps -o sid= -p $$ > {shlex.quote(str(session))}; {RUNS_IT}"
        environ = programs(tmp_path, konsole=f"PATH=/usr/bin:/bin; {keep}")
        opened(tmp_path, project, environ)
        ours = subprocess.run(["ps", "-o", "sid=", "-p", str(os.getpid())], capture_output=True, text=True, check=True)
        assert int(session.read_text()) != int(ours.stdout)


class TestNotOpening:
    def test_none_that_starts(self, tmp_path: Path, project: Path) -> None:
        environ = programs(tmp_path, konsole="exit 9", xterm="exit 1")
        with pytest.raises(LaunchError) as told:
            open_terminal(PLAN, project, environ, ["claude"], TerminalChoice())
        assert told.value.message == (
            "No terminal could be opened. Konsole did not start: it ended with 9. XTerm did not start: it ended with 1."
        )
        assert list((tmp_path / "state" / "launch").iterdir()) == []

    def test_none_that_is_there(self, tmp_path: Path, project: Path) -> None:
        environ = programs(tmp_path)
        with pytest.raises(LaunchError, match="No terminal was found"):
            open_terminal(PLAN, project, environ, ["claude"], TerminalChoice())
        with pytest.raises(LaunchError, match="no screen here"):
            open_terminal(PLAN, project, {**environ, "DISPLAY": ""}, ["claude"], TerminalChoice())

    def test_a_folder_that_is_gone(self, tmp_path: Path) -> None:
        with pytest.raises(LaunchError, match="is not there any more"):
            open_terminal(PLAN, tmp_path / "gone", programs(tmp_path, xterm=RUNS_IT), ["claude"], TerminalChoice())

    def test_a_command_that_cannot_be_read(self) -> None:
        with pytest.raises(LaunchError, match="cannot be read: No closing quotation"):
            custom("kitty 'open")

    def test_windows_paths_in_a_command_of_ones_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.platform", "win32")
        row = custom('"C:\\Program Files\\mine.exe" -d {folder} -f "{script}"')
        words = row.command(PureWindowsPath("C:\\a b\\x.ps1"), PureWindowsPath("C:\\my proj"))
        assert words == ["C:\\Program Files\\mine.exe", "-d", "C:\\my proj", "-f", "C:\\a b\\x.ps1"]

    @pytest.mark.parametrize("waits", ["exec sleep 1", "exit 0"], ids=["itself", "a server"])
    def test_one_that_waits_is_told_apart(
        self, waits: str, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(terminals, "PATIENCE", 0.2)
        monkeypatch.setattr("proxy_core.launch.launch_script.KEPT_SECONDS", 0.2)
        environ = programs(tmp_path, konsole=f"PATH=/usr/bin:/bin; {waits}", xterm=RUNS_IT)
        made = open_terminal(PLAN, project, environ, ["claude"], TerminalChoice())
        assert (made.terminal.id, made.begun) == ("konsole", False)
        deadline = time.monotonic() + 60
        while list((tmp_path / "state" / "launch").iterdir()):  # the token does not lie there for long
            assert time.monotonic() < deadline
            time.sleep(0.02)
