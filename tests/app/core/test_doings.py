"""Each wish with the real parts behind it: what it does to the settings, the keys, the proxy and the ledger."""

from __future__ import annotations

import csv
import json
import os
import socket
import sys
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app import desktop
from app.state.app_state import CheckVerdict, KeyPlace, KeyStorage, Phase
from app.state.commands import (
    ChangeSettings,
    CheckProvider,
    ChooseFolder,
    CopyAddress,
    CopyAsCurl,
    CopyCommand,
    CopyInstallCommand,
    CopyToken,
    EndFirstRun,
    Export,
    LaunchClaudeCode,
    MeasureLog,
    ProbeRole,
    ReadBodies,
    ReadNames,
    ReadPage,
    ReadSessions,
    ReadUsage,
    RemoveKey,
    RenewToken,
    ReplayRequest,
    SaveProfile,
    SendFirstRequest,
    SetKey,
    SetRole,
    StartProxy,
    StopProxy,
    SwitchProfile,
    Wipe,
)
from app.state.query_results import (
    BodiesRead,
    FirstRequestProgress,
    LogMeasured,
    NamesRead,
    PageRead,
    ReplayProgress,
    SessionsRead,
    UsageRead,
)
from proxy_core.config.key_store import KeyOrigin, MemoryStore
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Profile, Role
from proxy_core.errors import KeyringClosed
from proxy_core.ledger.request_events import BodyKind
from proxy_core.ledger.rows import Filter, Grouping
from tests.app.core.real_app import DEMO, TOKEN, App, provider, running


class Hanging(MemoryStore):
    """A keyring that answers nobody until ``answers`` is set, or is locked."""

    origin: Final = KeyOrigin.KEYRING  # type: ignore[misc]

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.locked = False

    def get(self, name: str) -> Secret | None:
        self.answers.wait()
        if self.locked:
            raise KeyringClosed("The keyring is locked.")
        return super().get(name)


pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # of the platform without a screen

KEY = "sk-test-abcdefghijklmnop"


@pytest.fixture
def app(qtbot: QtBot, tmp_path: Path) -> Iterator[App]:
    with running(qtbot, tmp_path) as made:
        yield made


def on_disk(app: App) -> dict[str, Any]:
    return tomllib.loads((app.home / "settings.toml").read_text())


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def test_a_role_changed_here_plays_in_the_very_next_request(app: App) -> None:
    assert app.ask()[0] == 200
    app.command(SetRole(Role.BIG, "demo/nobody"))
    app.until(lambda state: state.roles[Role.BIG] == "demo/nobody")
    assert app.ask()[0] == 404
    app.command(SetRole(Role.BIG, "demo/instant"))
    app.until(lambda state: state.roles[Role.BIG] == "demo/instant")
    assert app.ask()[0] == 200
    assert on_disk(app)["profiles"]["Default"]["big"] == "demo/instant"


def test_a_profile_is_kept_switched_and_its_role_set(app: App) -> None:
    app.command(SaveProfile("Work", Profile({Role.BIG: "demo/fast"})))
    app.until(lambda state: "Work" in state.settings.profiles)
    app.command(SwitchProfile("Work"))
    state = app.until(lambda state: state.settings.profile == "Work")
    assert state.roles[Role.BIG] == "demo/fast"
    app.until(lambda state: "Work" in state.said)
    app.command(SwitchProfile("Nobody's"))
    app.until(lambda state: "no profile" in state.said)
    assert app.state.settings.profile == "Work"


def test_what_makes_no_sense_is_said_and_not_kept(app: App) -> None:
    before = (app.home / "settings.toml").read_bytes()
    app.command(SetRole(Role.BIG, "not a model"))
    app.until(lambda state: "not a model" in state.said)
    settings = app.state.settings
    app.command(ChangeSettings(replace(settings, timeouts=replace(settings.timeouts, connect=-1.0))))
    app.until(lambda state: "connect" in state.said)
    app.command(StartProxy(port=9999))
    app.until(lambda state: "PORT" in state.said)
    assert (app.home / "settings.toml").read_bytes() == before
    assert app.state.proxy.phase is Phase.RUNNING


def test_a_change_of_the_file_by_somebody_else_is_seen(app: App) -> None:
    (app.home / "settings.toml").write_text(DEMO + "[general]\nstart_hidden = true\n")
    app.until(lambda state: state.settings.general.start_hidden)


def test_a_file_that_is_being_edited_and_does_not_parse_is_told_and_left_alone(app: App) -> None:
    file = app.home / "settings.toml"
    file.write_text(DEMO + "[general\n")
    app.until(lambda state: any("is broken" in trouble for trouble in state.troubles))
    assert file.read_text() == DEMO + "[general\n"
    file.write_text(DEMO + "[general]\nstart_hidden = true\n")
    app.until(lambda state: state.settings.general.start_hidden)


def test_a_key_that_is_none_ends_its_check(app: App) -> None:
    app.command(SetKey("openai", Secret("hello not a key")))
    state = app.until(lambda state: "openai" in state.checks)
    assert state.checks["openai"].verdict is CheckVerdict.BAD
    assert state.checks["openai"].sentence.startswith("The key holds characters")


def test_a_check_of_a_provider_that_nobody_knows_ends(app: App) -> None:
    app.command(CheckProvider("nobody"))
    state = app.until(lambda state: "nobody" in state.checks)
    assert state.checks["nobody"].verdict is CheckVerdict.BAD


def test_the_proxy_is_stopped_and_started(app: App) -> None:
    address = app.state.proxy.address
    app.command(StopProxy())
    app.until(lambda state: state.proxy.phase is Phase.STOPPED)
    with socket.socket() as asking:
        port = int(address.rpartition(":")[2])
        assert asking.connect_ex(("127.0.0.1", port)) != 0
    app.command(StartProxy())
    app.until(lambda state: state.proxy.phase is Phase.RUNNING)
    assert app.ask()[0] == 200
    app.command(CopyAddress())
    assert clipboard() == app.state.proxy.address


def test_another_port_moves_the_proxy_and_a_taken_one_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running(qtbot, tmp_path, f"{DEMO}[proxy]\nport = {port}\n", {"PORT": ""}) as app:
        assert app.state.proxy.address.endswith(f":{port}")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            busy = taken.getsockname()[1]
            settings = app.state.settings
            app.command(ChangeSettings(replace(settings, proxy=replace(settings.proxy, port=busy))))
            state = app.until(lambda state: state.proxy.phase is Phase.ATTENTION)
            assert str(busy) in state.proxy.sentence
            assert state.proxy.holder
            assert state.proxy.next_port is not None
            assert state.trouble is not None
            app.command(StartProxy(port=state.proxy.next_port))
            after = app.until(lambda state: state.proxy.phase is Phase.RUNNING)
            assert after.proxy.address.endswith(f":{state.proxy.next_port}")
        assert on_disk(app)["proxy"]["port"] == state.proxy.next_port


def test_a_key_without_a_keyring_is_kept_in_memory_checked_and_never_shown(qtbot: QtBot, tmp_path: Path) -> None:
    with provider(("gpt-4.1", "gpt-4.1-mini")) as (url, shown):
        settings = f'{DEMO}[providers.openai]\nbase_url = "{url}"\n'
        with running(qtbot, tmp_path, settings) as app:
            app.until(lambda state: state.keys_kept_in is KeyStorage.MEMORY)
            app.command(SetKey("openai", Secret(KEY)))
            state = app.until(lambda state: state.checks.get("openai") and state.checks["openai"].models == 2)
            app.until(lambda state: state.keys["openai"].place is KeyPlace.MEMORY)
            assert app.state.keys["openai"].last_four == KEY[-4:]
            assert state.checks["openai"].verdict is CheckVerdict.GOOD
            assert {"openai/gpt-4.1", "openai/gpt-4.1-mini"} <= app.state.reached
            assert shown == [f"Bearer {KEY}"]
            assert KEY not in repr(app.state)
            assert not any(KEY.encode() in file.read_bytes() for file in app.home.rglob("*") if file.is_file())
            app.command(RemoveKey("openai"))
            app.until(lambda state: state.keys["openai"].place is KeyPlace.NONE)
            assert not [model for model in app.state.reached if model.startswith("openai/")]


def test_a_key_is_taken_and_the_app_ends_while_the_keyring_hangs(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Hanging()
    monkeypatch.setattr(desktop, "KeyringStore", lambda: keyring)
    with provider(("gpt-4.1",)) as (url, shown):
        settings = f'{DEMO}[providers.openai]\nbase_url = "{url}"\n'
        with running(qtbot, tmp_path, settings, first_run=True) as app:
            app.command(SetKey("openai", Secret(KEY)))
            app.until(lambda state: state.keys_kept_in is KeyStorage.LOCKED)
            state = app.until(lambda state: state.checks.get("openai") and state.checks["openai"].models == 1)
            assert state.keys["openai"].place is KeyPlace.MEMORY
            assert shown == [f"Bearer {KEY}"]
            assert app.ask()[0] == 200
    keyring.answers.set()


def test_the_window_follows_a_keyring_that_is_unlocked(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Hanging()
    keyring.answers.set()
    keyring.locked = True
    monkeypatch.setattr(desktop, "KeyringStore", lambda: keyring)
    with running(qtbot, tmp_path, f"{DEMO}[providers.openai]\n", {"UNDERSTUDY_TOKEN": ""}) as app:
        app.until(lambda state: state.keys_kept_in is KeyStorage.LOCKED)
        assert app.state.keys["openai"].unreadable
        assert app.state.token.unreadable
        keyring.set("openai", Secret(KEY))
        keyring.locked = False
        state = app.until(lambda state: state.keys_kept_in is KeyStorage.KEYRING)
        assert state.keys["openai"].last_four == KEY[-4:]
        assert state.token.last_four


def test_a_refused_key_is_told_as_that(qtbot: QtBot, tmp_path: Path) -> None:
    with provider((), status=401) as (url, _):
        settings = f'{DEMO}[providers.openai]\nbase_url = "{url}"\n'
        with running(qtbot, tmp_path, settings, {"OPENAI_API_KEY": KEY}) as app:
            app.command(CheckProvider("openai"))
            state = app.until(lambda state: state.checks.get("openai") and state.checks["openai"].sentence)
            assert state.checks["openai"].verdict is CheckVerdict.BAD
            assert state.checks["openai"].rejected
            assert "401" in state.checks["openai"].sentence
            assert state.keys["openai"].variable == "OPENAI_API_KEY"


def test_a_key_that_is_none_is_said(app: App) -> None:
    app.command(SetKey("openai", Secret("has a blank")))
    app.until(lambda state: "characters that no key has" in state.said)
    assert "has a blank" not in app.state.said


def test_the_token_is_copied_and_not_renewed_where_the_environment_sets_it(app: App) -> None:
    app.command(CopyToken())
    app.until(lambda state: state.said)
    assert clipboard() == TOKEN
    app.command(RenewToken())
    app.until(lambda state: "UNDERSTUDY_TOKEN" in state.said)


def test_roles_are_really_tried(app: App) -> None:
    app.command(ProbeRole())
    state = app.until(
        lambda state: (
            len(state.trials) == 3
            and all(trial.verdict is not CheckVerdict.RUNNING and trial.steps for trial in state.trials.values())
        )
    )
    trial = state.trials[Role.BIG]
    assert trial.model == "demo/instant"
    assert {step.name for step in trial.steps} == {"streaming", "tools", "vision"}
    assert trial.first_token is not None
    assert trial.cost == 0.0


def test_a_role_that_cannot_be_played_is_bad(app: App) -> None:
    app.command(SetRole(Role.SMALL, "demo/nobody"))
    app.until(lambda state: state.roles[Role.SMALL] == "demo/nobody")
    app.command(ProbeRole(Role.SMALL))
    state = app.until(lambda state: state.trials.get(Role.SMALL) and state.trials[Role.SMALL].sentence)
    assert state.trials[Role.SMALL].verdict is CheckVerdict.BAD
    assert Role.BIG not in state.trials


def test_first_words_grow_and_end_well(qtbot: QtBot, tmp_path: Path) -> None:
    settings = DEMO.replace("demo/instant", "demo/understudy")
    with running(qtbot, tmp_path, settings) as app:
        app.command(SendFirstRequest())
        qtbot.waitUntil(
            lambda: any(isinstance(one, FirstRequestProgress) and one.ended for one in app.window.heard), timeout=60_000
        )
        words = [one for one in app.window.heard if isinstance(one, FirstRequestProgress)]
        assert len(words) > 3
        assert words[-1].good
        assert all(later.text.startswith(earlier.text) for earlier, later in pairwise(words))


def test_first_words_that_fail_say_why(app: App) -> None:
    app.command(SetRole(Role.BIG, "demo/nobody"))
    app.until(lambda state: state.roles[Role.BIG] == "demo/nobody")
    words = app.answer(FirstRequestProgress, SendFirstRequest())
    assert words.ended
    assert not words.good
    assert "nobody" in words.sentence


def page_with(app: App, rows: int) -> PageRead:
    """The newest page, once the ledger has written that many with their bodies, which it writes last."""
    for _ in range(50):
        page = app.answer(PageRead, ReadPage(Filter()))
        if len([row for row in page.rows if row.record.ended and BodyKind.ANSWER in row.bodies]) >= rows:
            return page
    raise AssertionError(page)


def test_the_ledger_is_read_and_what_the_page_has_is_no_longer_live(app: App) -> None:
    for text in ("One.", "Two."):
        assert app.ask(text, **{"x-claude-code-session-id": "s-1"})[0] == 200
    page = page_with(app, 2)
    assert page.asked == ReadPage(Filter())
    newest = page.rows[0].record.id
    app.until(lambda state: not state.live)
    bodies = app.answer(BodiesRead, ReadBodies(newest))
    assert bodies.row is not None
    assert b"Two." in bodies.bodies[BodyKind.REQUEST]
    assert app.answer(BodiesRead, ReadBodies("nothing")).row is None
    sessions = app.answer(SessionsRead, ReadSessions())
    assert [session.id for session in sessions.sessions] == ["s-1"]
    usage = app.answer(UsageRead, ReadUsage(Grouping.MODEL, Filter()))
    assert usage.total.requests == 2
    assert [(found.key, found.requests) for found in usage.by_key] == [("demo/instant", 2)]
    assert app.answer(NamesRead, ReadNames()).models == ("demo/instant",)
    state = app.until(lambda state: state.today.requests == 2)
    assert sum(hour.requests for hour in state.today_by_hour) == 2
    filtered = app.answer(PageRead, ReadPage(Filter(text="no such thing")))
    assert filtered.rows == ()


def test_a_request_is_copied_as_a_command_without_the_token(app: App) -> None:
    app.ask("It's $HOME and `this`.")
    row = page_with(app, 1).rows[0]
    app.command(CopyAsCurl(row.record.id))
    app.until(lambda state: "clipboard" in state.said)
    command = clipboard()
    assert command.startswith("curl ")
    assert TOKEN not in command
    assert "$UNDERSTUDY_TOKEN" in command


def test_a_request_runs_again_on_another_model_and_is_a_request_of_its_own(app: App) -> None:
    app.ask("Say something.")
    row = page_with(app, 1).rows[0]
    app.answer(ReplayProgress, ReplayRequest(row.record.id, "demo/fast"))
    app.qtbot.waitUntil(  # the first answer has the old side alone
        lambda: any(isinstance(one, ReplayProgress) and one.after for one in app.window.heard), timeout=60_000
    )
    done = [one for one in app.window.heard if isinstance(one, ReplayProgress)][-1]
    assert done.before.text
    assert done.after is not None
    assert done.after.text
    assert done.after.row is not None
    assert done.after.row.record.model == "fast"
    newest = page_with(app, 2).rows[0].record
    assert newest.model == "fast"
    assert row.record.id in newest.why
    assert app.ask()[0] == 200, "the proxy that is served is not touched by it"


def test_what_cannot_run_again_says_why(app: App) -> None:
    app.command(ReplayRequest("nothing", "demo/fast"))
    app.until(lambda state: state.said.startswith("There is no request nothing in the ledger."))


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_requests_are_exported(app: App, tmp_path: Path, form: str) -> None:
    app.ask()
    page_with(app, 1)
    file = tmp_path / f"out.{form}"
    app.command(Export(str(file), form, Filter()))
    app.until(lambda state: str(file) in state.said)
    rows = json.loads(file.read_text()) if form == "json" else list(csv.DictReader(file.read_text().splitlines()))
    assert len(rows) == 1
    app.command(Export(str(tmp_path / "no" / "such" / "folder.csv"), form, Filter()))
    app.until(lambda state: "folder.csv" in state.said)


def test_the_ledger_is_wiped(app: App) -> None:
    app.ask()
    row = page_with(app, 1).rows[0]
    held = app.answer(LogMeasured, MeasureLog()).contents
    assert (held.requests, held.conversations) == (1, 1)
    app.command(Wipe(bodies_only=True))
    app.until(lambda state: state.said == "Conversations deleted.")
    assert app.answer(LogMeasured, MeasureLog()).contents.conversations == 0
    assert app.answer(BodiesRead, ReadBodies(row.record.id)).bodies == {}
    assert len(app.answer(PageRead, ReadPage(Filter())).rows) == 1
    app.command(Wipe(bodies_only=False))
    app.until(lambda state: state.said == "Log deleted.")
    assert app.answer(PageRead, ReadPage(Filter())).rows == ()
    app.until(lambda state: state.today.requests == 0)


def test_starting_at_login_is_set_where_the_system_looks_and_taken_back(app: App, tmp_path: Path) -> None:
    entry = tmp_path / ".config" / "autostart" / "understudy.desktop"
    settings = app.state.settings
    app.command(ChangeSettings(replace(settings, general=replace(settings.general, start_at_login=True))))
    app.qtbot.waitUntil(entry.exists, timeout=20_000)
    assert f"UNDERSTUDY_HOME={app.home}" in entry.read_text()
    app.until(lambda state: state.settings.general.start_at_login)
    settings = app.state.settings
    app.command(ChangeSettings(replace(settings, general=replace(settings.general, start_at_login=False))))
    app.qtbot.waitUntil(lambda: not entry.exists(), timeout=20_000)


def test_an_entry_of_an_understudy_with_another_home_stays(qtbot: QtBot, tmp_path: Path) -> None:
    entry = tmp_path / ".config" / "autostart" / "understudy.desktop"
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nExec=understudy\n")
    with running(qtbot, tmp_path) as app:
        app.until(lambda state: state.claude_installed is not None)
        assert entry.exists()


def test_folders_are_remembered_and_what_is_missing_for_a_launch_is_said(app: App, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        app.command(ChooseFolder(str(tmp_path / name)))
    state = app.until(lambda state: state.folder == str(tmp_path / "b"))
    assert state.recent_folders == (str(tmp_path / "b"), str(tmp_path / "a"))
    app.until(lambda state: state.claude_installed is False)
    app.command(LaunchClaudeCode())
    app.until(lambda state: "not installed" in state.said)
    app.command(CopyInstallCommand())
    assert "npm install" in clipboard()
    file, recent = app.home / "state" / "desktop.json", [str(tmp_path / "b"), str(tmp_path / "a")]
    app.until(lambda _: json.loads(file.read_text()).get("recent") == recent)


@pytest.mark.skipif(sys.platform != "linux", reason="its terminals are programs on the PATH")
@pytest.mark.parametrize(
    ("konsole", "said"),
    [
        ("exit 9", ("gone is not installed here.", "Konsole did not start: it ended with 9.", "starts in XTerm.")),
        ("PATH=/usr/bin:/bin exec sleep 2", ("gone is not installed here.", "Konsole was opened and has not started")),
    ],
)
def test_what_became_of_the_terminals_is_said(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, konsole: str, said: tuple[str, ...]
) -> None:
    monkeypatch.setattr("proxy_core.launch.terminals.PATIENCE", 0.5)
    monkeypatch.setattr("proxy_core.launch.launch_script.KEPT_SECONDS", 0.5)
    runs_it = 'for last; do :; done; exec "$last"'
    for name, script in (("konsole", konsole), ("xterm", runs_it), ("claude", "exit 0")):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
    environ = {"PATH": str(tmp_path / "bin"), "DISPLAY": ":0", "HOME": str(tmp_path)}
    with running(qtbot, tmp_path, DEMO + '[terminal]\nterminal = "gone"\n', environ) as app:
        app.command(ChooseFolder(str(tmp_path)))
        app.command(LaunchClaudeCode(anyway=True))
        app.until(lambda state: all(part in state.said for part in said))
        scripts = app.home / "state" / "launch"
        qtbot.waitUntil(lambda: list(scripts.iterdir()) == [], timeout=10_000)


def test_a_launch_that_no_terminal_ran_is_swept_away_at_the_start(qtbot: QtBot, tmp_path: Path) -> None:
    left = tmp_path / "understudy" / "state" / "launch" / "launch-x.sh"

    def leave() -> None:
        left.parent.mkdir(mode=0o700)
        left.write_text("export ANTHROPIC_AUTH_TOKEN=x\n")
        os.utime(left, (0, 0))

    with running(qtbot, tmp_path, before=leave):
        qtbot.waitUntil(lambda: not left.exists(), timeout=10_000)


@pytest.mark.parametrize("shell", ["sh", "fish", "powershell", "cmd", "vscode"])
def test_the_launch_is_copied_for_every_shell(app: App, tmp_path: Path, shell: str) -> None:
    QGuiApplication.clipboard().clear()
    app.command(ChooseFolder(str(tmp_path)))
    app.command(CopyCommand(shell))
    app.until(lambda state: "clipboard" in state.said)
    assert app.state.proxy.address in clipboard()
    assert "us-launch." in clipboard()
    assert TOKEN not in clipboard(), "a launch has a token of its own"


def test_first_run_that_is_over_is_over_for_good(qtbot: QtBot, tmp_path: Path) -> None:
    with running(qtbot, tmp_path) as app:
        app.desktop.take(EndFirstRun())
        assert not app.state.first_run
    assert json.loads((tmp_path / "understudy" / "state" / "desktop.json").read_text())["first_run_over"] is True
