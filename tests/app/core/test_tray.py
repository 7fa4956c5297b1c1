"""The tray's menu and icon: what they say of each state, what they wish for, and texts of others kept plain."""

from __future__ import annotations

import html
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.state.app_state import AppState, Phase, ProxyView, Trouble
from app.state.commands import (
    Command,
    CopyAddress,
    LaunchClaudeCode,
    Quit,
    ShowRequests,
    ShowSettings,
    ShowWatch,
    StartProxy,
    StopProxy,
    SwitchProfile,
)
from app.state.events import RequestEvents
from app.state.reduce import reduce
from app.tray.tray import Tray, note_body
from app.tray.tray_icon import Shape, shape_of, tray_icon
from proxy_core.config.settings import Configuration, Profile, Settings
from proxy_core.ledger.request_events import Started
from proxy_core.ledger.rows import Sum

RUNNING = ProxyView(Phase.RUNNING, "http://127.0.0.1:8082")


@pytest.fixture
def tray(qtbot: QtBot) -> Iterator[tuple[Tray, list[Command]]]:
    made = Tray()
    commands: list[Command] = []
    made.command_requested.connect(commands.append)
    yield made, commands
    made.menu.deleteLater()


def action(tray: Tray, name: str) -> QAction:
    found = next((one for one in _all(tray.menu) if one.objectName() == name), None)
    assert found is not None, name
    return found


def _all(menu: QMenu) -> Iterator[QAction]:
    for one in menu.actions():
        yield one
        inner = one.menu()
        if isinstance(inner, QMenu):
            yield from _all(inner)


def texts(tray: Tray) -> list[str]:
    return [one.text() for one in tray.menu.actions() if one.isVisible() and not one.isSeparator()]


def test_the_menu_of_a_proxy_that_runs(tray: tuple[Tray, list[Command]]) -> None:
    here, commands = tray
    state = AppState(proxy=RUNNING, today=Sum(requests=12, priced=12, cost=1.236), folder="/work/atlas")
    here.show_state(state)
    assert texts(here) == [
        "Running on 127.0.0.1:8082",
        "Stop",
        "Profiles",
        "Launch Claude Code",
        "Today: 12 requests, $1.24",
        "Open Understudy",
        "Settings…",
        "Quit",
    ]
    for name in ("tray_status", "tray_toggle", "tray_launch_folder", "tray_open", "tray_settings", "tray_quit"):
        action(here, name).trigger()
    assert commands == [
        CopyAddress(),
        StopProxy(),
        LaunchClaudeCode("/work/atlas"),
        ShowWatch(),
        ShowSettings(),
        Quit(),
    ]


def test_the_menu_of_one_that_does_not(tray: tuple[Tray, list[Command]]) -> None:
    here, commands = tray
    here.show_state(AppState(proxy=ProxyView(Phase.ATTENTION, sentence="Port 8082 is taken by nginx (7).")))
    assert texts(here)[:2] == ["Port 8082 is taken by nginx (7).", "Start"]
    action(here, "tray_toggle").trigger()
    assert commands == [StartProxy()]


def test_where_the_port_is_taken_the_next_one_is_offered(tray: tuple[Tray, list[Command]]) -> None:
    here, commands = tray
    taken = "Port 8082 is taken by nginx (7)."
    here.show_state(AppState(proxy=ProxyView(Phase.ATTENTION, "http://127.0.0.1:8082", taken, "nginx (7)", 8083)))
    assert texts(here)[:3] == [taken, "Start", "Start on port 8083"]
    action(here, "tray_next_port").trigger()
    assert commands == [StartProxy(8083)]
    fixed = Configuration(fixed={"proxy.port": "PORT"})
    here.show_state(AppState(fixed, ProxyView(Phase.ATTENTION, "http://127.0.0.1:8082", taken, "nginx (7)", 8083)))
    assert texts(here)[:3] == [taken, "Start", "Profiles"]


def test_while_it_stops_it_cannot_be_stopped_again(tray: tuple[Tray, list[Command]]) -> None:
    here, _ = tray
    here.show_state(AppState(proxy=ProxyView(Phase.STOPPING)))
    assert not action(here, "tray_toggle").isEnabled()


def test_the_last_error_leads_to_its_request(tray: tuple[Tray, list[Command]]) -> None:
    here, commands = tray
    here.show_state(AppState(trouble=Trouble("OpenAI refused the key: 401.", 1.0, "req7")))
    assert "Last error: OpenAI refused the key: 401." in texts(here)
    action(here, "tray_trouble").trigger()
    here.show_state(AppState(trouble=Trouble("The disk is full.", 2.0)))
    action(here, "tray_trouble").trigger()
    assert commands == [ShowRequests(id="req7"), ShowWatch()]


def test_profiles_are_switched_and_the_active_one_is_checked(tray: tuple[Tray, list[Command]]) -> None:
    here, commands = tray
    settings = Settings(profile="Local", profiles={"Default": Profile(), "Local": Profile(), "R&D": Profile()})
    here.show_state(AppState(configuration=Configuration(settings)))
    assert action(here, "tray_profile_Local").isChecked()
    assert not action(here, "tray_profile_Default").isChecked()
    assert action(here, "tray_profile_R&D").text() == "R&&D"
    action(here, "tray_profile_R&D").trigger()
    assert commands == [SwitchProfile("R&D")]
    assert action(here, "tray_profile_Local").isChecked(), "until the settings say otherwise"
    assert not action(here, "tray_profile_R&D").isChecked()


def test_recent_folders_are_offered_once_each_and_plain(tray: tuple[Tray, list[Command]]) -> None:
    here, commands = tray
    here.show_state(AppState(folder="/w/a", recent_folders=("/w/a", "/w/b\t<b>&c", "/" + "x" * 300)))
    folders = [one.text() for one in _all(here.menu) if one.objectName() == "tray_launch_folder"]
    assert folders[:2] == ["/w/a", "/w/b <b>&&c"]
    assert len(folders) == 3
    assert len(folders[2]) <= 60
    assert action(here, "tray_launch_choose").isEnabled()
    assert commands == []


def test_a_text_of_others_is_no_markup_and_no_shortcut(tray: tuple[Tray, list[Command]]) -> None:
    here, _ = tray
    here.show_state(AppState(trouble=Trouble("<img src=x> & \n\u202eevil", 1.0)))
    text = action(here, "tray_trouble").text()
    assert "\n" not in text
    assert "&&" in text


@pytest.mark.parametrize(
    ("state", "shape"),
    [
        (AppState(), Shape.STOPPED),
        (AppState(proxy=RUNNING), Shape.RUNNING),
        (AppState(proxy=ProxyView(Phase.STARTING)), Shape.BUSY),
        (AppState(proxy=ProxyView(Phase.STOPPING)), Shape.BUSY),
        (AppState(proxy=ProxyView(Phase.ATTENTION)), Shape.ATTENTION),
        (reduce(AppState(proxy=RUNNING), RequestEvents((Started("a", 1.0, "/", "claude", True),))), Shape.BUSY),
    ],
)
def test_the_icon_tells_the_state(state: AppState, shape: Shape) -> None:
    assert shape_of(state) is shape


@pytest.mark.parametrize("mask", [False, True])
def test_each_shape_is_drawn_at_every_size_and_unlike_the_others(qtbot: QtBot, mask: bool) -> None:
    drawn = {}
    for shape in Shape:
        icon = tray_icon(shape, mask=mask)
        assert icon.isMask() is mask
        sizes = {size.width() for size in icon.availableSizes()}
        assert {16, 22, 32, 64} <= sizes
        image = icon.pixmap(22, 22).toImage()
        outline = tuple(image.pixelColor(x, y).alpha() > 127 for x in range(22) for y in range(22))
        ink = tuple(image.pixelColor(x, y).lightness() > 200 for x in range(22) for y in range(22))
        assert any(outline)
        drawn[shape] = (outline, ink)
    assert len(set(drawn.values())) == len(Shape)


@pytest.mark.parametrize("markup", [True, False])
def test_a_note_shows_a_providers_words_as_they_are(markup: bool) -> None:
    words = 'It said: <a href="http://evil.example">pay</a> & <img src=x>'
    shown = note_body(words, markup=markup)
    assert (html.unescape(shown) if markup else shown) == words
    assert ("<" in shown) is not markup
    assert "&lt;a" not in note_body("&lt;a", markup=True), "nor what was escaped already"


@pytest.mark.parametrize("markup", [True, False])
def test_a_note_is_cut_and_holds_nothing_that_is_not_seen(markup: bool) -> None:
    shown = note_body("<\x1b]0;x\x07\u202e\x00" + "&" * 5_000, markup=markup)
    plain = html.unescape(shown) if markup else shown
    assert len(plain) == 300
    assert plain.endswith("&…"), "cut between characters, not within what stands for one"
    assert plain[1:-1].isprintable()
    assert "\u202e" not in plain


def test_a_menu_entry_holds_nothing_that_is_not_seen(tray: tuple[Tray, list[Command]]) -> None:
    here, _ = tray
    here.show_state(AppState(trouble=Trouble("\x1b]0;x\x07 \u202eevil", 1.0)))
    assert action(here, "tray_trouble").text().isprintable()


def test_where_there_is_no_tray_it_does_not_pretend(tray: tuple[Tray, list[Command]]) -> None:
    here, _ = tray
    assert not here.join()  # the offscreen platform has none
    assert not here.is_there
