"""The entry that starts the app at login, on each system as that system reads it."""

from __future__ import annotations

import plistlib
import re
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from app.platform.autostart import Autostart, autostart, own_command, own_variables
from app.platform.autostart.linux import DesktopEntry
from app.platform.autostart.macos import LaunchAgent
from app.platform.autostart.windows import NAME, RUN, RunKey


class Registry:
    """The user's part of a registry."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}

    def get(self, key: str, name: str) -> str | None:
        return self.values.get((key, name))

    def put(self, key: str, name: str, value: str) -> None:
        self.values[key, name] = value

    def remove(self, key: str, name: str) -> None:
        self.values.pop((key, name), None)


def each(home: Path, command: tuple[str, ...]) -> list[Autostart]:
    return [DesktopEntry({}, home, command, {}), LaunchAgent(home, command, {}), RunKey(command, Registry())]


def test_it_is_on_once_it_was_turned_on_and_off_again_after(tmp_path: Path) -> None:
    for handler in each(tmp_path, ("/usr/bin/understudy",)):
        assert not handler.is_on()
        handler.turn_off()
        handler.turn_on()
        assert handler.is_on()
        handler.turn_off()
        assert not handler.is_on()


def test_an_entry_of_a_program_that_has_moved_is_not_on(tmp_path: Path) -> None:
    for kind in (DesktopEntry, LaunchAgent):
        before = kind({}, tmp_path, ("/old",), {}) if kind is DesktopEntry else LaunchAgent(tmp_path, ("/old",), {})
        now = (
            DesktopEntry({}, tmp_path, ("/new",), {}) if kind is DesktopEntry else LaunchAgent(tmp_path, ("/new",), {})
        )
        before.turn_on()
        assert not now.is_on()


def exec_of(entry: DesktopEntry) -> list[str]:
    """As the specification has it: the string's own escapes first, then the quoting of ``Exec``, then the codes."""
    parser = RawConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(entry.path.read_text("utf-8"))
    line = parser["Desktop Entry"]["Exec"].replace("\\\\", "\\")
    words = re.findall(r'"((?:\\.|[^"\\])*)"|(\S+)', line)
    return [(re.sub(r"\\(.)", r"\1", quoted) or plain).replace("%%", "%") for quoted, plain in words]


@pytest.mark.parametrize(
    "command",
    [
        ("/usr/bin/understudy",),
        ("/home/a b/.venv/bin/python", "-m", "app"),
        ('/opt/$HOME/`x`/100%/q"uote/back\\slash/understudy',),
    ],
)
def test_linux_starts_exactly_that_command(tmp_path: Path, command: tuple[str, ...]) -> None:
    entry = DesktopEntry({"XDG_CONFIG_HOME": str(tmp_path)}, Path("/nobody"), command, {})
    entry.turn_on()
    assert entry.path == tmp_path / "autostart" / "understudy.desktop"
    assert exec_of(entry) == list(command)


def test_a_home_of_its_own_is_started_again(tmp_path: Path) -> None:
    variables = own_variables({"UNDERSTUDY_HOME": "/data/my home", "PATH": "/bin"})
    entry = DesktopEntry({}, tmp_path, ("/usr/bin/understudy",), variables)
    entry.turn_on()
    assert exec_of(entry) == ["env", "UNDERSTUDY_HOME=/data/my home", "/usr/bin/understudy"]
    agent = LaunchAgent(tmp_path, ("/usr/bin/understudy",), variables)
    agent.turn_on()
    assert plistlib.loads(agent.path.read_bytes())["EnvironmentVariables"] == {"UNDERSTUDY_HOME": "/data/my home"}


def test_a_relative_configuration_folder_is_none(tmp_path: Path) -> None:
    """XDG Base Directory Specification: such a path is invalid and ignored."""
    entry = DesktopEntry({"XDG_CONFIG_HOME": "config"}, tmp_path, ("/x",), {})
    assert entry.path == tmp_path / ".config" / "autostart" / "understudy.desktop"


def test_windows_quotes_as_its_programs_read_it() -> None:
    registry = Registry()
    RunKey((r"C:\Program Files\Understudy\understudy.exe",), registry).turn_on()
    assert registry.values[RUN, NAME] == r'"C:\Program Files\Understudy\understudy.exe"'


def test_macos_starts_it_in_a_session_with_a_screen(tmp_path: Path) -> None:
    agent = LaunchAgent(tmp_path, ("/Applications/Understudy.app/Contents/MacOS/Understudy",), {})
    agent.turn_on()
    told = plistlib.loads(agent.path.read_bytes())
    assert told["RunAtLoad"] is True
    assert told["LimitLoadToSessionType"] == "Aqua"
    assert agent.path.parent == tmp_path / "Library" / "LaunchAgents"


def test_what_is_started_again_is_what_was_started(tmp_path: Path) -> None:
    program = tmp_path / "understudy"
    program.write_text("#!/bin/sh\n")
    assert own_command(str(program), "/usr/bin/python3") == (str(program),)
    assert own_command("/work/app/__main__.py", "/usr/bin/python3") == ("/usr/bin/python3", "-m", "app")


@pytest.mark.parametrize("name", ["understudy", "Understudy", "Understudy.exe"])
@pytest.mark.parametrize("argv0_is", ["the program", "nothing"])
def test_a_package_is_a_program_by_itself(tmp_path: Path, name: str, argv0_is: str) -> None:
    """Its interpreter knows no ``-m``: an entry with one would start nothing."""
    program = tmp_path / name
    program.write_bytes(b"")
    argv0 = str(program) if argv0_is == "the program" else ""
    assert own_command(argv0, str(program)) == (str(program),)


@pytest.mark.parametrize(
    "program", ["/usr/bin/understudy", "/home/a b/.venv/bin/python", "/opt/back\\slash/understudy"]
)
def test_linux_passes_an_entry_over_whose_program_is_gone(tmp_path: Path, program: str) -> None:
    """Desktop Entry Specification: TryExec is a path, escaped as any string and not quoted."""
    variables = own_variables({"UNDERSTUDY_HOME": "/data"})
    entry = DesktopEntry({"XDG_CONFIG_HOME": str(tmp_path)}, Path("/nobody"), (program, "-m", "app"), variables)
    entry.turn_on()
    parser = RawConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(entry.path.read_text("utf-8"))
    assert parser["Desktop Entry"]["TryExec"].replace("\\\\", "\\") == program


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
def test_this_system_has_its_handler(tmp_path: Path) -> None:
    assert isinstance(autostart({}, tmp_path, ("/x",)), DesktopEntry)
