"""Real terminals on a real screen: Claude Code's stand-in starts in each as planned, and no process shows the token."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from proxy_core.errors import LaunchError
from proxy_core.launch.terminals import TerminalChoice, open_terminal
from tests.launch.recorder import OWN_KEY, PLAN, TOKEN, Recorder, recorder
from tests.support.display import Display, display

__all__ = ["display"]

pytestmark = pytest.mark.desktop

ALWAYS = ("xterm", "x-terminal-emulator")
"""Debian's ``xterm`` brings both; what else is installed is tried as well."""

OTHERS = tuple(
    program
    for program in ("urxvt", "lxterminal", "xfce4-terminal", "konsole", "kitty", "alacritty", "mate-terminal")
    if shutil.which(program)
)


@pytest.fixture
def claude(tmp_path: Path) -> Iterator[Recorder]:
    """A stand-in that stays until the end of the test, and then is ended with the terminals it stands in."""
    made = recorder(tmp_path / "bin of mine", stays=True)
    before = {process.pid for process in psutil.process_iter()}
    yield made
    ours = [process for process in psutil.process_iter() if process.pid not in before and _is_of(process, tmp_path)]
    for process in ours:
        with contextlib.suppress(psutil.NoSuchProcess):  # it went with its terminal
            process.terminate()
    psutil.wait_procs(ours, timeout=60)


def _is_of(process: psutil.Process, folder: Path) -> bool:
    """Whether it has inherited a home under ``folder``."""
    try:
        return process.environ().get("UNDERSTUDY_HOME", "").startswith(str(folder))
    except (psutil.Error, OSError):
        return False


@pytest.fixture
def environ(display: Display, tmp_path: Path) -> dict[str, str]:
    """A person's session: a shell profile that would break everything, a key of their own, a frozen app's libraries."""
    home = tmp_path / "home"
    home.mkdir()
    for profile in (".profile", ".bashrc", ".zshrc", ".shrc"):
        (home / profile).write_text("exit 7\n")
    return {
        **display.environ({"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}),
        "HOME": str(home),
        "SHELL": "/bin/sh",
        "ENV": str(home / ".shrc"),
        "UNDERSTUDY_HOME": str(tmp_path / "understudy"),
        "UNDERSTUDY_TOKEN": "us-of-the-app-itself",
        "ANTHROPIC_API_KEY": OWN_KEY,
        "LD_LIBRARY_PATH": "/opt/frozen/lib",
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }


@pytest.mark.parametrize("terminal", [*ALWAYS, *OTHERS])
def test_it_starts_as_planned(terminal: str, environ: dict[str, str], claude: Recorder, tmp_path: Path) -> None:
    project = tmp_path / "my proj's “odd” one"
    project.mkdir()
    made = open_terminal(
        PLAN, project, environ, [str(claude.program), "--model", "opus plan"], TerminalChoice(terminal)
    )
    seen = claude.seen()
    assert (made.terminal.id, made.begun, made.passed_over) == (terminal, True, ())
    seen.as_planned(project, "--model", "opus plan")
    assert not {"LD_LIBRARY_PATH", "UNDERSTUDY_TOKEN"} & seen.environ.keys()
    assert OWN_KEY not in seen.environ.values()
    assert list((tmp_path / "understudy" / "state" / "launch").iterdir()) == []
    shown = [word for process in psutil.process_iter(["cmdline"]) for word in process.info["cmdline"] or ()]
    assert str(claude.program.with_name("code.py")) in shown  # it is among those looked at
    assert not [word for word in shown if TOKEN in word]


def test_a_second_window_has_its_own_environment(environ: dict[str, str], claude: Recorder, tmp_path: Path) -> None:
    """Where one server draws all windows, the second would get the first one's."""
    (first, second) = (tmp_path / "first", tmp_path / "second")
    other = recorder(tmp_path / "other bin", stays=True)
    for folder, program in ((first, claude), (second, other)):
        folder.mkdir()
        open_terminal(PLAN, folder, environ, [str(program.program)], TerminalChoice("xterm"))
        program.seen().as_planned(folder)


def test_one_that_finds_no_screen_is_told(environ: dict[str, str], claude: Recorder) -> None:
    wrong = {**environ, "DISPLAY": ":9999"}
    with pytest.raises(LaunchError, match="XTerm did not start: it ended with 1"):
        open_terminal(
            PLAN, Path(environ["HOME"]), {**wrong, "PATH": _only(environ, "xterm")}, ["claude"], TerminalChoice()
        )
    assert not claude.notes.exists()


def _only(environ: dict[str, str], program: str) -> str:
    """A PATH with this one program on it."""
    place = Path(environ["HOME"]) / "only"
    place.mkdir()
    (place / program).symlink_to(shutil.which(program) or program)
    return str(place)
