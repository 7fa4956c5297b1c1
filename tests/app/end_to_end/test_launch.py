"""Launch, whole: a click in the tray, a real terminal, the real Claude Code, and its request in the ledger."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.request_events import State
from tests.app.end_to_end.desk import Desk, address, ended, until
from tests.app.end_to_end.tray_host import NotificationHost, TrayHost
from tests.support import claude_code, node

pytestmark = [pytest.mark.desktop, pytest.mark.claude_code, pytest.mark.slow]

VERSION = claude_code.VERSIONS[-1]


def claude_on_the_path(folder: Path, out: Path) -> Path:
    """A folder with ``claude`` in it: the real one, asked one question, since nobody sits at the terminal to ask it."""
    program = node.program("claude-code", VERSION, "claude")
    folder.mkdir()
    wrapper = folder / "claude"
    quiet = " ".join(f"{name}={value}" for name, value in claude_code.QUIET.items())
    wrapper.write_text(f'#!/bin/sh\nexec env {quiet} {program} "$@" -p "Say hello." >{out} 2>&1\n')
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    return folder


def launch(tray: TrayHost, project: Path) -> None:
    """Choose the folder under Launch; of a long one the menu shows the end."""
    below = next(entry for entry in tray.menu() if entry.label == "Launch Claude Code").below
    label = next(entry.label for entry in below if str(project).endswith(entry.label.lstrip("…")))
    tray.click("Launch Claude Code", label)


def test_a_turn_of_claude_code_stands_in_the_ledger_with_its_project(
    desk: Desk, tray: TrayHost, tmp_path: Path
) -> None:
    if shutil.which("xterm") is None:
        pytest.fail("xterm must be installed here") if os.environ.get("CI") == "true" else pytest.skip("no xterm")
    project = tmp_path / "my project"
    project.mkdir()
    out = tmp_path / "claude.out"
    desk.after_first_run(project)
    # The app lists the models of the key's provider; here it does so on this machine, so that what is asked for
    # outside is the session's.
    own = '[terminal]\nterminal = "xterm"\n[providers.anthropic]\nbase_url = "http://127.0.0.1:9"\n'
    desk.settings((desk.home / "settings.toml").read_text() + own)
    folder = claude_on_the_path(tmp_path / "bin", out)
    with claude_code.refusing_proxy() as outside:
        process = desk.app(
            PATH=f"{folder}:{node.node().parent}:{os.environ['PATH']}",
            HTTPS_PROXY=outside.address,
            HTTP_PROXY=outside.address,
            ANTHROPIC_API_KEY="sk-ant-the-users-own-which-is-nobodys-business",
        )
        tray.wait()
        address(tray)
        launch(tray, project)
        ledger = Ledger(desk.home / "data" / "ledger.sqlite")
        rows = until(
            lambda: [
                row for row in ledger.page() if row.record.state is State.DONE and row.record.path == "/v1/messages"
            ],
            120.0,
        )
        until(lambda: out.exists() and out.read_text().strip(), 60.0)
    row = rows[0]
    assert row.record.project == str(project)
    assert row.record.provider == "demo"
    assert row.record.session
    assert row.cost is not None
    assert outside.asked == []
    assert "sk-ant" not in " ".join(path.read_text("utf-8", "replace") for path in desk.home.rglob("*.txt"))
    until(lambda: any(text.startswith("Today: ") and "0 requests" not in text for text in tray.labels()))
    ledger.close()
    process.terminate()
    assert ended(process) == ""


def test_what_is_missing_is_said_with_what_to_do(
    desk: Desk, tray: TrayHost, notifications: NotificationHost, tmp_path: Path
) -> None:
    if shutil.which("claude", path="/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin"):
        pytest.skip("Claude Code is installed for all users of this machine")
    project = tmp_path / "project"
    project.mkdir()
    desk.after_first_run(project)
    desk.settings((desk.home / "settings.toml").read_text() + "[general]\nstart_hidden = true\n")
    desk.app(PATH="/usr/bin:/bin")
    tray.wait()
    address(tray)
    launch(tray, project)
    until(lambda: any("npm install -g @anthropic-ai/claude-code" in told.text for told in notifications.shown))
    assert any(text.startswith("Last error: Claude Code is not installed") for text in tray.labels())
