"""A day with the installed app, on a desktop whose tray and notifications are services on its bus.

The app is switched on for login, started by that entry, stays hidden, opens a terminal with Claude Code, shows a
notification of a failure, is started a second time, and is switched off again. Run by ``person.sh`` with Debian's own
Python; jeepney, which speaks D-Bus, is the package's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.app.end_to_end.tray_host import NotificationHost, TrayHost

PROGRAM: Final = Path("/usr/bin/understudy")
ENTRY: Final = Path.home() / ".config" / "autostart" / "understudy.desktop"
SETTINGS: Final = Path.home() / ".config" / "understudy" / "settings.toml"
REMEMBERED: Final = Path.home() / ".local" / "state" / "understudy" / "desktop.json"
PROJECT: Final = Path.home() / "project"
SESSION: Final = Path.home() / "session"
"""The folder in which the session in the terminal saves its environment and its answer."""

WISHED: Final = '\n[general]\nstart_at_login = true\nstart_hidden = true\n\n[terminal]\nterminal = "xterm"\n'

CLAUDE: Final = f"""#!/bin/sh
# Claude Code, asked one question, since nobody sits at the terminal to ask it.
mkdir -p {SESSION}
env -0 >{SESSION}/environment
tty >{SESSION}/tty
pwd >{SESSION}/folder
exec /opt/claude/claude "$@" -p "Say hello." --output-format json >{SESSION}/answer 2>{SESSION}/errors
"""

NOT_THEIRS: Final = ("ANTHROPIC_API_KEY", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "QT_PLUGIN_PATH")
"""Variables that a session must not inherit from the app: another's key, and paths to the app's libraries."""

SECONDS: Final = 30.0
"""Seconds to wait for anything: generous, since the machine may be busy."""

Found = TypeVar("Found")


class TrialFailed(Exception):
    """An expectation does not hold; the message says which."""


def until(found: Callable[[], Found], what: str, seconds: float = SECONDS) -> tuple[Found, int]:
    """Return the first true result of ``found``, and the milliseconds that took."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        if result := found():
            return result, round((time.monotonic() - began) * 1000)
        time.sleep(0.02)
    raise TrialFailed(f"after {seconds:.0f} s there is still no {what}")


def ok(sentence: str) -> None:
    """Print a result as ``say.sh`` does."""
    print(f"  ok     {sentence}", flush=True)


def must(holds: object, sentence: str) -> None:
    """Raise TrialFailed with ``sentence`` unless it holds."""
    if not holds:
        raise TrialFailed(sentence)


def running() -> list[int]:
    """Return the processes of this user that are the installed app."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "exe").readlink() == PROGRAM:
                found.append(int(process.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):  # ended meanwhile, or another user's
            continue
    return found


def windows() -> list[str]:
    """Return the app's visible windows."""
    asked = ["xdotool", "search", "--onlyvisible", "--name", "Understudy"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()


def address(tray: TrayHost) -> str:
    """Return the proxy's address from the menu, once it runs."""

    def told() -> str:
        return next((text for text in tray.labels() if text.startswith("Running on ")), "")

    return until(told, "word of a running proxy in the tray's menu")[0].split()[-1]


def quit_by_tray(tray: TrayHost) -> int:
    """Quit through the tray; return the milliseconds until it has ended."""
    tray.click("Quit")
    return until(lambda: not running(), "end of it", 5.0)[1]


def first_time(tray: TrayHost) -> None:
    """Start by hand, and switch on start at login."""
    app = subprocess.Popen([PROGRAM])
    tray.wait(SECONDS)
    address(tray)
    must(not ENTRY.exists(), f"{ENTRY} is there and nobody wished for it")
    SETTINGS.write_text(SETTINGS.read_text("utf-8") + WISHED, "utf-8")
    took = until(ENTRY.exists, "entry for the login")[1]
    lines = ENTRY.read_text("utf-8").splitlines()
    for line in (f"Exec={PROGRAM}", f"TryExec={PROGRAM}"):
        must(line in lines, f"{ENTRY} does not say {line}: {lines}")
    ended = quit_by_tray(tray)
    must(app.wait() == 0, f"it ended with status {app.returncode}")
    ok(f"start at login, switched on: an entry with Exec={PROGRAM} after {took} ms; Quit in the tray took {ended} ms")


def login(tray: TrayHost) -> str:
    """Start the entry as desktops do, by GLib; return the proxy's address."""
    before = len(tray.items)
    began = time.monotonic()
    subprocess.run(["gio", "launch", ENTRY], check=True)
    until(lambda: len(tray.items) > before, "icon in the tray after the login")
    there = round((time.monotonic() - began) * 1000)
    where = address(tray)
    answering = round((time.monotonic() - began) * 1000)
    time.sleep(2)
    must(not windows(), "a window is open, though it is to start hidden")
    must(len(running()) == 1, f"{len(running())} of them run")
    ok(f"at login it starts hidden: icon in the tray after {there} ms, the proxy answers after {answering} ms")
    return where


def launch(tray: TrayHost, where: str) -> None:
    """Launch Claude Code from the tray, in a terminal."""
    began = time.monotonic()
    tray.click("Launch Claude Code", "~/project")
    until((SESSION / "folder").exists, "session in a terminal")
    opened = round((time.monotonic() - began) * 1000)
    pairs = (SESSION / "environment").read_text("utf-8").rstrip("\0").split("\0")
    given = dict(pair.partition("=")[::2] for pair in pairs)
    token = given.get("ANTHROPIC_AUTH_TOKEN", "")
    must(given.get("ANTHROPIC_BASE_URL") == f"http://{where}", f"the base URL is {given.get('ANTHROPIC_BASE_URL')}")
    must(token.startswith("us-"), "the session has no token")
    must(given.get("ANTHROPIC_MODEL") == "understudy/big", f"the model is {given.get('ANTHROPIC_MODEL')}")
    must("XTERM_VERSION" in given, "it does not run in the terminal that was chosen")
    must((SESSION / "tty").read_text("utf-8").startswith("/dev/pts/"), "what it runs in is no terminal")
    must((SESSION / "folder").read_text("utf-8").strip() == str(PROJECT), "it runs in another folder")
    must(not given.keys() & set(NOT_THEIRS), f"the session was given {given.keys() & set(NOT_THEIRS)}")
    must(token not in command_lines(), "the token stands on a command line")
    left = list(Path(os.environ["XDG_RUNTIME_DIR"], "understudy").glob("launch-*"))
    must(not left, f"the script with the token is still there: {left}")
    ok(f"launch: {given['XTERM_VERSION']} runs Claude Code with its {len(given)} variables after {opened} ms")

    answer = until(lambda: (SESSION / "answer").read_text("utf-8").strip(), "answer in the terminal", 120.0)[0]
    must(json.loads(answer).get("is_error") is False, f"Claude Code got an error: {answer}")
    row = until(lambda: logged(str(PROJECT)), "request with the project in the log")[0]
    all_of_it = round((time.monotonic() - began) * 1000)
    ok(f"launch: answered by {row['provider']}/{row['model']}, logged with its project, {all_of_it} ms after the click")


def command_lines() -> str:
    """Return the command lines of all processes."""
    told = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told.append((process / "cmdline").read_text("utf-8", "replace"))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return "\n".join(told)


def logged(project: str) -> dict[str, Any]:
    """Return the latest answered request of ``project`` in the log; empty if there is none."""
    asked = [str(PROGRAM), "log", "--json", "--number", "20", "--status", "done"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [row for row in map(json.loads, lines) if row["project"] == project and row["session"]]
    return rows[-1] if rows else {}


def notification(tray: TrayHost, notifications: NotificationHost) -> None:
    """Check that a failed command from the tray causes a notification, since no window is open."""
    tray.click("Stop")
    until(lambda: "Stopped" in tray.labels(), "word in the menu that it stopped")
    before = len(notifications.shown)
    began = time.monotonic()
    tray.click("Launch Claude Code", "~/project")
    until(lambda: len(notifications.shown) > before, "notification")
    took = round((time.monotonic() - began) * 1000)
    told = notifications.shown[-1]
    must("start it first" in told.text, f"the notification says something else: {told}")
    ok(f'notification: "{told.title}: {told.text}" {took} ms after the click')
    tray.click("Start")
    address(tray)


def second_start(tray: TrayHost) -> None:
    """Check that a second start shows the first one's window and ends."""
    must(not windows(), "a window is open already")
    before, items = running(), len(tray.items)
    began = time.monotonic()
    ended = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=SECONDS, check=False)
    took = round((time.monotonic() - began) * 1000)
    must((ended.returncode, ended.stdout, ended.stderr) == (0, "", ""), f"it ended so: {ended}")
    until(windows, "window of the first one")
    seen = round((time.monotonic() - began) * 1000)
    must(running() == before and len(tray.items) == items, "there are two of them now")
    ok(f"a second start ends after {took} ms; the first one's window is there after {seen} ms")


def switched_off(tray: TrayHost, settings: str) -> None:
    """Restore the settings: the entry is removed; then quit."""
    SETTINGS.write_text(settings, "utf-8")
    took = until(lambda: not ENTRY.exists(), "end of the entry for the login")[1]
    ended = quit_by_tray(tray)
    ok(f"start at login, switched off: the entry is gone after {took} ms; Quit in the tray took {ended} ms")


def day(tray: TrayHost, notifications: NotificationHost) -> None:
    """Run all steps in order."""
    settings = SETTINGS.read_text("utf-8")
    first_time(tray)
    where = login(tray)
    launch(tray, where)
    notification(tray, notifications)
    second_start(tray)
    switched_off(tray, settings)


def main() -> int:
    """Return 0, or 1 after printing what failed."""
    program = Path.home() / "bin" / "claude"
    program.parent.mkdir(exist_ok=True)
    program.write_text(CLAUDE, "utf-8")
    program.chmod(0o755)
    PROJECT.mkdir(exist_ok=True)
    # As after the first run.
    known = {"first_run_over": True, "folder": str(PROJECT), "recent": [str(PROJECT)]}
    REMEMBERED.write_text(json.dumps(known), "utf-8")
    os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    os.environ["ANTHROPIC_API_KEY"] = "sk-ant-the-users-own"
    bus = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    tray, notifications = TrayHost(bus), NotificationHost(bus)
    try:
        day(tray, notifications)
    except (TrialFailed, AssertionError) as error:
        print(f"  WRONG  {error}", flush=True)
        return 1
    finally:
        for process in running():
            os.kill(process, 9)
    return 0


if __name__ == "__main__":
    sys.exit(main())
