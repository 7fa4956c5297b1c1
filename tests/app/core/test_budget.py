"""The budget as the app shows and tells it: the proxy's own account, whether it runs or not."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.platform.notifications import Note
from app.state.app_state import BudgetView, Phase
from app.state.commands import ChangeSettings, ReadBodies, SetRole, StopProxy
from app.state.query_results import BodiesRead
from app.tray.tray import Tray
from proxy_core.config.settings import Price, Role
from proxy_core.ledger.request_events import BodyKind
from proxy_core.ledger.store import LedgerFile
from tests.app.core.real_app import DEMO, running
from tests.app.core.test_doings import page_with
from tests.ledger.records import told as heard

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # of the platform without a screen

DEAR = DEMO + '[prices."demo/instant"]\ninput = 1000.0\noutput = 1000.0\n'
"""A dollar for a thousand tokens."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Note]:
    """What the tray was given to tell: without a tray it would be nowhere."""
    notes: list[Note] = []
    monkeypatch.setattr(Tray, "notify", lambda _, note: notes.append(note))
    return notes


def test_what_was_spent_is_shown_with_its_limits_and_told_when_it_is_used_up(
    qtbot: QtBot, tmp_path: Path, told: list[Note]
) -> None:
    with running(qtbot, tmp_path, DEAR + "[budget]\ndaily = 0.001\nmonthly = 100.0\n") as app:
        assert app.ask()[0] == 200
        state = app.until(lambda state: state.budget.today > 0)
        assert state.budget.month == state.budget.today
        assert (state.budget.daily, state.budget.monthly) == (0.001, 100.0)
        qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert [(note.key, "used up" in note.text) for note in told if note.key.startswith("budget")] == [
        ("budget-day-2", True)
    ]


def test_it_is_shown_while_the_proxy_does_not_run(qtbot: QtBot, tmp_path: Path) -> None:
    def an_earlier_run() -> None:
        (tmp_path / "understudy" / "data").mkdir()
        ledger = LedgerFile(tmp_path / "understudy" / "data" / "ledger.sqlite", price=lambda _: (0.25, False))
        for events in heard("msg_1", time.time()):
            ledger.on_event(events)
        ledger.close()

    with running(qtbot, tmp_path, DEAR, before=an_earlier_run) as app:
        app.command(StopProxy())
        app.until(lambda state: state.proxy.phase is Phase.STOPPED)
        app.until(lambda state: state.budget == BudgetView(0.25, 0.25))
        settings = app.state.settings
        app.command(ChangeSettings(replace(settings, budget=replace(settings.budget, daily=5.0))))
        app.until(lambda state: replace(state.budget, models=0) == BudgetView(0.25, 0.25, daily=5.0))


def test_which_models_a_limit_cannot_see_follows_roles_and_prices(qtbot: QtBot, tmp_path: Path) -> None:
    box = '[providers.my-box]\nbase_url = "http://127.0.0.1:9/v1"\nengine = "direct"\ncustom = true\n'
    with running(qtbot, tmp_path, DEMO + box + "[budget]\ndaily = 5.0\n") as app:
        app.until(lambda state: state.budget.models > 0)
        assert app.state.budget.unpriced == ()  # the demo model is free
        app.command(SetRole(Role.SMALL, "my-box/coder"))
        app.until(lambda state: state.budget.unpriced == ("my-box/coder",))
        app.command(ChangeSettings(replace(app.state.settings, prices={"my-box/coder": Price(1.0, 2.0)})))
        app.until(lambda state: state.budget.unpriced == ())


def test_what_was_done_to_a_body_is_told_with_it(qtbot: QtBot, tmp_path: Path) -> None:
    with running(qtbot, tmp_path) as app:
        app.ask("My key is sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789.")
        row = page_with(app, 1).rows[0]
        found = app.answer(BodiesRead, ReadBodies(row.record.id))
    kept = {one.part: one for one in found.kept}
    assert set(kept) == set(found.bodies)
    assert kept[BodyKind.REQUEST].hidden == 1
