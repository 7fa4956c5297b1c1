# ruff: noqa: RUF001 - Chinese has marks of its own
"""Where sentences made outside Qt are shown, they are shown in the user's language."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.platform.notifications import notes
from app.services.model_probe.checks import Check, Outcome
from app.services.probe_service import with_check
from app.state.app_state import CheckVerdict, Phase, ProbeStep, ProbeView, ProxyView, Trouble
from app.tray.tray import status_line
from app.widgets.notice import Notice
from app.widgets.said_line import SaidLine
from app.widgets.theme import Theme
from app.widgets.toast import Toast
from app.windows.models.request_entry import Column, RequestEntry, tip
from app.windows.watch.facts import facts
from app.windows.watch.notices import NoticeStrip
from proxy_core.messages import Message, sentences
from tests.app.watch import scenes

EMPTY, EMPTY_TOLD = "The answer is empty.", "回答是空的。"
STARTS, STARTS_TOLD = "The proxy starts on http://[::1]:1.", "代理正在 http://[::1]:1 启动。"


pytestmark = pytest.mark.usefixtures("theme", "chinese")


def words(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if label.text()]


def test_lines_that_say_what_was_done(qtbot: QtBot) -> None:
    notice, line, host = Notice("notice"), SaidLine(), QWidget()
    toast = Toast(host)
    for widget in (notice, line, host):
        qtbot.addWidget(widget)
    notice.say(f"{EMPTY}\n{STARTS}")
    line.show_said(EMPTY)
    toast.show_said(EMPTY)
    assert notice.words.text() == f"{EMPTY_TOLD}\n{STARTS_TOLD}" == notice.accessibleName()
    assert line.text() == EMPTY_TOLD
    assert toast.words.text() == EMPTY_TOLD


def test_notices_above_the_pages(qtbot: QtBot, theme: Theme) -> None:
    strip = NoticeStrip(theme)
    qtbot.addWidget(strip)
    obstacles = ("/etc/x.json sets HTTP_PROXY in its env block, and an administrator's settings outrank a launch.",)
    strip.show_state(scenes.state(obstacles=obstacles, ledger_sentence="The ledger was damaged.", has_tray=True))
    assert words(strip) == [
        "/etc/x.json 在其 env 块中设了 HTTP_PROXY，而管理员的设置优先于启动设置。",
        "账本已损坏。",
    ]


def test_the_details_of_a_request() -> None:
    overloaded = Message("provider.overloaded", name="OpenAI", status="529")
    error = sentences(overloaded, Message("provider.words", words="Try again in a moment."))
    why = Message("route.role", asked="opus", role="BIG")
    record = scenes.failed(1, why=why, error=error, warnings=("gpt-4.1 takes no top_k: it was left out.",))
    shown = [fact.value for fact in facts(RequestEntry(record))]
    told = "OpenAI 过载（529）。请稍后重试。对方的话：Try again in a moment."
    assert "opus → BIG" in shown
    assert "gpt-4.1 不接受 top_k：已省去。" in shown
    assert [value for value in shown if value.endswith(f": {told}")]
    assert tip(RequestEntry(record), Column.STATUS) == told
    assert tip(RequestEntry(record), Column.MODEL).endswith("opus → BIG")


def test_the_tray_and_notifications() -> None:
    before = scenes.state(proxy=ProxyView(Phase.RUNNING))
    after = scenes.state(proxy=ProxyView(Phase.ATTENTION, sentence=STARTS), trouble=Trouble(EMPTY, 1.0))
    assert status_line(after) == STARTS_TOLD
    assert [note.text for note in notes(before, after, seen=False)] == [STARTS_TOLD, EMPTY_TOLD]


def test_what_came_of_a_trial_and_what_to_do() -> None:
    unpaid = Message("provider.out_of_credit", name="OpenAI", status="402")
    refused = sentences(unpaid, Message("provider.words", words="Pay."))
    check = Check("tools", Outcome.FAILED, refused, "Add credit at the provider.")
    trial = with_check(ProbeView("openai/gpt-4.1", CheckVerdict.RUNNING), check)
    told = "OpenAI 要求付费（402）：账户余额不足。请充值，或选择其他模型。对方的话：Pay. 请在提供商处充值。"
    assert trial.steps == (ProbeStep("tools", CheckVerdict.BAD, told),)
