"""Bodies in the details: views, search, copies, and megabytes that do not block."""

from __future__ import annotations

import time

import orjson
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.state.commands import CopyText
from app.state.query_results import BodiesRead, ReplayProgress, ReplaySide
from app.widgets.theme import Theme
from app.windows.watch.bodies import AT_ONCE
from app.windows.watch.body_view import MOST_MARKED, BodyView
from app.windows.watch.replay import AgainWindow
from app.windows.watch.spans import FIRST_SHOWN, LONGEST_LINE, text_sheet
from proxy_core.ledger.rows import BodyKind, Kept
from tests.app.watch import scenes
from tests.app.watch.harness import Watched, settle
from tests.app.watch.scenes import row


@pytest.fixture
def watched(qtbot: QtBot, theme: Theme) -> Watched:
    made = Watched(theme, scenes.rows(1, 60))
    qtbot.addWidget(made.window)
    return made


def opened(watched: Watched) -> BodyView:
    watched.show(size=(1600, 1000)).requests.table.selectRow(1)
    settle()
    return watched.window.requests.details.bodies.view


def look_at(watched: Watched, view: str) -> None:
    watched.window.requests.details.bodies._choose(view)
    settle()


def test_the_conversation_comes_first_and_the_json_after(watched: Watched) -> None:
    view = opened(watched)
    assert "The health check answers now." in view.text.toPlainText()
    assert "Edit changes /home/ada/work/atlas-api/app.py" in view.text.toPlainText()
    look_at(watched, "request")
    assert orjson.loads(view.text.toPlainText())["model"] == "claude-sonnet-5-5"
    look_at(watched, "upstream")
    assert orjson.loads(view.text.toPlainText())["model"] == "gpt-4.1"
    look_at(watched, "answer")
    assert "event: message_start" in view.text.toPlainText()


def test_the_view_stays_chosen_from_request_to_request(watched: Watched) -> None:
    view = opened(watched)
    look_at(watched, "upstream")
    watched.window.requests.table.selectRow(3)
    settle()
    assert watched.window.requests.details.bodies.chosen == "upstream"
    assert "gpt-4.1" in view.text.toPlainText()


def test_what_is_not_kept_is_said(watched: Watched) -> None:
    watched.bodies = {BodyKind.REQUEST: scenes.request_body()}
    view = opened(watched)
    look_at(watched, "answer")
    assert view.text.toPlainText() == ""
    assert watched.window.requests.details.bodies.note.text() == "Nothing was kept of this body."


def test_cuts_and_secrets_that_were_taken_out_are_said(watched: Watched) -> None:
    watched.kept = (Kept(BodyKind.REQUEST, 9, cut=True, hidden=2), Kept(BodyKind.UPSTREAM, 9, hidden=1))
    opened(watched)
    note = watched.window.requests.details.bodies.note
    assert note.text() == "Only its beginning was kept. 2 secrets were taken out."
    look_at(watched, "upstream")
    assert note.text() == "A secret was taken out."


def test_search_counts_marks_and_steps(watched: Watched, qtbot: QtBot) -> None:
    view = opened(watched)
    panel = watched.window.requests.details.bodies
    QTest.mouseClick(panel.look, Qt.MouseButton.LeftButton)
    view.search.setText("health")
    view.search.say()
    count = view.text.toPlainText().lower().count("health")
    assert count > 3
    assert view.found.text() == str(count)
    assert len(view.text.extraSelections()) == count
    first = view.text.textCursor().position()
    QTest.keyClick(view.search, Qt.Key.Key_Return)
    assert view.text.textCursor().position() > first
    assert view.text.textCursor().selectedText().lower() == "health"
    QTest.mouseClick(panel.look, Qt.MouseButton.LeftButton)
    assert not view.text.extraSelections()


def test_the_whole_body_is_copied_not_the_part_that_is_shown(watched: Watched, qtbot: QtBot) -> None:
    watched.bodies = {BodyKind.REQUEST: orjson.dumps({"text": "x" * (FIRST_SHOWN * 2)})}
    opened(watched)
    look_at(watched, "request")
    panel = watched.window.requests.details.bodies
    QTest.mouseClick(panel.copy, Qt.MouseButton.LeftButton)
    (command,) = watched.said(CopyText)
    assert isinstance(command, CopyText)
    assert orjson.loads(command.text)["text"] == "x" * (FIRST_SHOWN * 2)


def test_megabytes_are_read_elsewhere_and_laid_out_in_pieces(watched: Watched, qtbot: QtBot) -> None:
    lines = "\n".join(f"line {number} of a long tool result" for number in range(60_000))
    watched.bodies = {BodyKind.REQUEST: scenes.request_body(3, words=lines), BodyKind.ANSWER: scenes.answer_body()}
    assert len(watched.bodies[BodyKind.REQUEST]) > 5 * AT_ONCE
    watched.show(size=(1600, 1000))
    panel = watched.window.requests.details.bodies
    watched.window.requests.table.selectRow(1)
    assert panel.note.text() == "Reading…", "or this thread has laid it out"
    qtbot.waitUntil(lambda: "answers now" in panel.view.text.toPlainText(), timeout=30_000)
    assert panel.note.text() == ""
    assert not panel.view.all.isHidden()
    assert len(panel.view.text.toPlainText()) < FIRST_SHOWN * 2
    slowest = 0.0
    panel.view.show_all()
    while panel.view.loading:
        began = time.thread_time()
        panel.view._write_more()
        slowest = max(slowest, time.thread_time() - began)
    assert "line 59999" in panel.view.text.toPlainText()
    assert slowest < 0.1


def test_an_answer_for_another_request_is_dropped(watched: Watched) -> None:
    view = opened(watched)
    before = view.text.toPlainText()
    watched.window.on_result(BodiesRead("req_other", row(9), {BodyKind.REQUEST: b"{}"}))
    assert view.text.toPlainText() == before


def test_a_search_reaches_what_is_not_shown_yet(qtbot: QtBot, theme: Theme) -> None:
    view = BodyView(theme)
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    view.show_sheet(text_sheet("\n".join("word" for _ in range(FIRST_SHOWN)) + "\nneedle"))
    view.look_for(on=True)
    view.search.setText("needle")
    view.search.say()
    qtbot.waitUntil(lambda: not view.loading, timeout=30_000)
    assert view.found.text() == "1"
    view.search.setText("word")
    view.search.say()
    assert view.found.text() == f"{MOST_MARKED}+"


def test_a_megabyte_in_one_line_is_broken(qtbot: QtBot, theme: Theme) -> None:
    view = BodyView(theme)
    qtbot.addWidget(view)
    view.show()
    view.show_sheet(text_sheet("x" * 1_000_000))
    settle()
    assert max(len(line) for line in view.text.toPlainText().split("\n")) <= LONGEST_LINE


def test_both_answers_stand_side_by_side(watched: Watched) -> None:
    watched.show()
    watched.window.requests.table.selectRow(1)
    before = ReplaySide(row(2), "The first said this.")
    answer = ReplayProgress(row(2).record.id, "gemini/gemini-2.5-pro", before)
    watched.window.on_result(answer)
    shown = watched.window.findChild(AgainWindow)
    assert shown is not None
    assert shown.isVisible()
    assert shown.before.text.toPlainText() == "The first said this."
    assert shown.after.figures.text() == "Running…"
    watched.window.on_result(ReplayProgress(answer.id, answer.model, before, ReplaySide(row(3), "<b>The other</b>")))
    assert shown.after.text.toPlainText() == "<b>The other</b>"
    assert "first token" in shown.after.figures.text()
    watched.window.on_result(
        ReplayProgress(answer.id, answer.model, before, ReplaySide(None, "", "Its body is not kept any more."))
    )
    assert shown.after.figures.text() == "Its body is not kept any more."
    shown.close()
