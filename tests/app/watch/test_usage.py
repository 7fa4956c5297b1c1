"""The Usage and Sessions pages: what they ask, draw, and lead to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.state.app_state import BudgetView
from app.state.commands import Export, ReadSessions, ReadUsage, ShowRequests, ShowSettings
from app.state.query_results import UsageRead
from app.widgets import figures
from app.widgets.spending_text import spend
from app.widgets.theme import Theme
from app.windows.watch import usage_page
from app.windows.watch.days import bounds, last_days, midnight
from app.windows.watch.usage_bars import MOST, chart, key_name
from app.windows.watch.usage_page import UsagePage
from proxy_core.ledger.rows import Filter, Grouping, Sum
from tests.app.watch import scenes
from tests.app.watch.harness import Watched, settle, state_with
from tests.app.watch.scenes import NOW


@pytest.fixture
def watched(qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(usage_page, "SETTLE", 20)
    made = Watched(theme, scenes.rows(1, 20), scenes.sessions())
    made.days = scenes.usage()
    qtbot.addWidget(made.window)
    return made


def card(page: UsagePage, name: str) -> tuple[str, str]:
    """The figure of a card, and the note below it."""
    (found,) = (widget for widget in page.findChildren(QWidget) if widget.objectName() == name)
    _, figure, note = (label.text() for label in found.findChildren(QLabel))
    return figure, note


def local(at: float) -> datetime:
    return datetime.fromtimestamp(at)  # noqa: DTZ006 - the days of the page are those of the machine


def asked(watched: Watched) -> ReadUsage:
    command = watched.said(ReadUsage)[-1]
    assert isinstance(command, ReadUsage)
    return command


class TestUsage:
    def test_it_asks_for_the_range_from_midnight_of_its_first_day(self, watched: Watched) -> None:
        watched.show().open_page("usage")
        assert asked(watched).by is Grouping.MODEL
        since = asked(watched).wanted.since
        assert since is not None
        began = local(since)
        assert (began.hour, began.minute) == (0, 0)
        assert (local(NOW).date() - began.date()).days == 13

    def test_range_and_grouping_ask_again_and_the_measure_does_not(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().usage
        watched.window.open_page("usage")
        for chooser, choice in ((page.ranges, "90"), (page.groups, "project")):
            place = chooser.place_of(choice).center().toPoint()
            QTest.mouseClick(chooser, Qt.MouseButton.LeftButton, pos=place)
        assert asked(watched).by is Grouping.PROJECT
        assert asked(watched).wanted.since == midnight(NOW, 89)
        QTest.mouseClick(page.ranges, Qt.MouseButton.LeftButton, pos=page.ranges.place_of("1").center().toPoint())
        assert asked(watched).wanted.since == midnight(NOW)
        count = len(watched.said(ReadUsage))
        QTest.mouseClick(
            page.measures, Qt.MouseButton.LeftButton, pos=page.measures.place_of("tokens").center().toPoint()
        )
        assert len(watched.said(ReadUsage)) == count
        titles = [label.text() for label in page.findChildren(QLabel)]
        assert "Tokens per day" in titles
        assert "Spend per day" not in titles

    def test_an_answer_to_an_earlier_question_is_dropped(self, watched: Watched) -> None:
        page = watched.show().usage
        watched.window.open_page("usage")
        rows = page.model.rowCount()
        page.on_result(UsageRead(ReadUsage(Grouping.MODEL, Filter()), (), (), Sum(requests=1)))
        assert page.model.rowCount() == rows == 4

    def test_priced_and_estimated_are_said_openly(self, watched: Watched) -> None:
        page = watched.show().usage
        watched.window.open_page("usage")
        total = watched.days[2]
        _, told = card(page, "usage-spend")
        assert told == f"priced {figures.whole(total.priced)} of {figures.whole(total.priced + 14)}, estimated"

    def test_what_nobody_priced_is_no_zero(self, watched: Watched) -> None:
        watched.days = ((), (Sum(key="my-box/coder", requests=4, unpriced=4),), Sum(requests=4, unpriced=4))
        page = watched.show().usage
        watched.window.open_page("usage")
        assert card(page, "usage-spend")[0] == figures.NOTHING
        assert page.model.line(0).cells[-1] == figures.NOTHING

    @pytest.mark.parametrize(
        ("total", "told"),
        [
            (Sum(requests=4, priced=4, cost=1.5), "$1.50"),
            (Sum(requests=5, priced=4, not_billed=1, cost=1.5), "$1.50"),
            (Sum(requests=5, priced=4, cost=1.5), "$1.50"),  # the fifth still runs
            (Sum(requests=6, priced=4, unpriced=2, cost=1.5), "$1.50 + unpriced"),
            (Sum(requests=2, unpriced=2), figures.NOTHING),
            (Sum(requests=3, unpriced=2, not_billed=1), figures.NOTHING),
            (Sum(requests=2, not_billed=2), "Not billed"),
            (Sum(requests=1), figures.NOTHING),
        ],
    )
    def test_a_sum_never_hides_what_it_leaves_out(self, total: Sum, told: str) -> None:
        assert spend(total) == told

    def test_a_limit_that_cannot_see_a_model_says_so_and_leads_to_the_prices(self, watched: Watched) -> None:
        page = watched.show().usage
        watched.window.open_page("usage")
        note = page.budget.blind_spot
        assert not note.isVisible()
        budget = BudgetView(daily=5.0, unpriced=("my-box/a", "my-box/b"), models=3)
        watched.window.show_state(scenes.state(budget=budget))
        assert note.isVisible()
        assert note.words.text() == "2 of your 3 models have no price: the limit can't see them."
        note.button.click()
        assert watched.commands[-1] == ShowSettings("log")

    def test_a_bar_and_a_row_lead_to_their_requests(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().usage
        watched.window.open_page("usage")
        settle()
        page.bars.chosen.emit("2026-11-12", 0)
        command = watched.commands[-1]
        assert isinstance(command, ShowRequests)
        began, ended = bounds("2026-11-12")
        assert command.wanted == Filter(model="gemini/gemini-2.5-pro", since=began, until=ended)
        place = page.table.visualRect(page.model.index(1, 0)).center()
        QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert watched.commands[-1] == ShowRequests(
            Filter(model=page.model.line(1).id, since=asked(watched).wanted.since)
        )

    @pytest.mark.qt_log_ignore("This plugin does not support raise")  # a tool tip's window, offscreen
    def test_the_chart_is_read_with_the_keyboard(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().usage
        watched.window.open_page("usage")
        page.bars.setFocus()
        QTest.keyClick(page.bars, Qt.Key.Key_Left)
        QTest.keyClick(page.bars, Qt.Key.Key_Left)
        assert "21 Nov" in page.bars.accessibleName()
        assert "gpt-4.1" in page.bars.accessibleName()
        QTest.keyClick(page.bars, Qt.Key.Key_Return)
        command = watched.commands[-1]
        assert isinstance(command, ShowRequests)
        assert command.wanted.since == bounds("2026-11-21")[0]

    def test_a_pointer_over_a_bar_is_told_its_values(self, watched: Watched) -> None:
        page = watched.show().usage
        watched.window.open_page("usage")
        settle()
        told = page.bars.told(3)
        assert told.startswith("12 Nov: $")
        assert len(told.split("\n")) == 5
        chosen: list[str] = []
        page.bars.chosen.connect(lambda id_, _: chosen.append(id_))
        for x in range(0, page.bars.width(), 8):
            QTest.mouseClick(page.bars, Qt.MouseButton.LeftButton, pos=QPoint(x, page.bars.height() // 2))
        assert list(dict.fromkeys(chosen)) == list(last_days(NOW, 14))
        assert chosen == sorted(chosen)

    def test_export_says_where_and_in_what_form(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().usage
        watched.window.open_page("usage")
        menu = page.export_menu()
        next(action for action in menu.actions() if action.objectName() == "export-csv").trigger()
        dialog = page.findChild(QFileDialog)
        assert dialog is not None
        dialog.fileSelected.emit("/home/ada/requests.csv")
        command = watched.commands[-1]
        assert command == Export("/home/ada/requests.csv", "csv", Filter(since=midnight(NOW, 13)))
        dialog.close()
        menu.deleteLater()

    def test_the_budget_is_there_only_with_a_limit(self, watched: Watched) -> None:
        page = watched.show().usage
        watched.window.open_page("usage")
        assert page.budget.isVisible()
        watched.window.show_state(scenes.state(budget=BudgetView(today=3.0)))
        assert not page.budget.isVisible()

    def test_while_it_is_seen_it_follows_what_is_spent(self, watched: Watched, qtbot: QtBot) -> None:
        watched.show()
        watched.window.open_page("usage")
        count = len(watched.said(ReadUsage))
        watched.window.show_state(scenes.state(today=Sum(requests=999)))
        qtbot.waitUntil(lambda: len(watched.said(ReadUsage)) == count + 1, timeout=30_000)
        watched.window.open_page("requests")
        watched.window.show_state(scenes.state(today=Sum(requests=1000)))
        qtbot.wait(60)
        assert len(watched.said(ReadUsage)) == count + 1


class TestChart:
    DAYS = ("2026-11-20", "2026-11-21", "2026-11-22")

    def test_a_day_without_anything_has_a_bar_of_nothing(self) -> None:
        made = chart(Grouping.MODEL, "spend", (Sum(key="a/b", day="2026-11-22", cost=2.0),), self.DAYS)
        assert made.bars.values == ((0.0,), (0.0,), (2.0,))
        assert made.bars.words[2] == "22 Nov"

    @given(st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.sampled_from(DAYS), st.floats(0, 9)), max_size=40))
    def test_no_money_is_lost_whatever_is_put_together(self, parts: list[tuple[str, str, float]]) -> None:
        sums = tuple(Sum(key=f"p/{key}", day=day, cost=cost) for key, day, cost in parts)
        made = chart(Grouping.MODEL, "spend", sums, self.DAYS)
        assert len(made.keys) <= MOST + 1
        assert len(made.keys) == len(made.bars.names)
        drawn = sum(sum(values) for values in made.bars.values)
        assert drawn == pytest.approx(sum(cost for _, _, cost in parts))

    def test_names_are_short(self) -> None:
        assert key_name(Grouping.MODEL, "openrouter/deepseek/v3") == "deepseek/v3"
        assert key_name(Grouping.PROJECT, "/home/ada/work/atlas-api") == "atlas-api"
        assert key_name(Grouping.PROJECT, "") == "Not told"
        assert key_name(Grouping.MODEL, None) == "Others"


class TestSessions:
    def test_the_live_ones_stand_first_and_each_leads_to_its_requests(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().sessions
        watched.window.open_page("sessions")
        settle()
        assert watched.said(ReadSessions)
        lines = [page.model.line(row) for row in range(page.model.rowCount())]
        assert [line.live for line in lines] == [True, True] + [False] * 7
        assert lines[0].cells[0].startswith("atlas-api")
        assert "9 sessions · 2 live" in page.count.text()
        place = page.table.visualRect(page.model.index(3, 0)).center()
        QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert watched.commands[-1] == ShowRequests(Filter(session=lines[3].id))
        page.table.setFocus()
        page.table.selectRow(4)
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        assert watched.commands[-1] == ShowRequests(Filter(session=lines[4].id))

    def test_a_session_comes_alive_with_a_request(self, watched: Watched) -> None:
        page = watched.show().sessions
        watched.window.open_page("sessions")
        quiet = page.model.line(5).id
        watched.window.show_state(state_with((scenes.running(0, session=quiet),)))
        assert next(page.model.line(row) for row in range(9) if page.model.line(row).id == quiet).live

    def test_older_ones_come_as_one_scrolls(self, watched: Watched, theme: Theme) -> None:
        watched.sessions = tuple(
            replace(scenes.sessions(1)[0], id=f"s{number}", latest=NOW - number * 1000, running=0)
            for number in range(100)
        )
        page = watched.show().sessions
        watched.window.open_page("sessions")
        settle()
        bar = page.table.verticalScrollBar()
        bar.setValue(bar.maximum())
        command = watched.said(ReadSessions)[-1]
        assert command == ReadSessions(before=NOW - 99_000)
        bar.setValue(0)
        bar.setValue(bar.maximum())
        assert watched.said(ReadSessions)[-1] == command
        assert QPoint(0, 0) != page.table.mapTo(watched.window, QPoint(0, 0))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, figures.NOTHING),
        (0.0, "$0.00"),
        (0.00001, "<$0.0001"),
        (0.0412, "$0.0412"),
        (4.821, "$4.82"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_is_told_as_it_is(value: float | None, told: str) -> None:
    assert figures.money(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, figures.NOTHING),
        (0.0621, "62 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (12.2, "12.2 s"),
        (59.96, "1m 0s"),
        (3725, "1h 2m"),
    ],
)
def test_seconds_are_told_in_a_unit_that_fits(value: float | None, told: str) -> None:
    assert figures.seconds(value) == told


@pytest.mark.parametrize(("value", "told"), [(0.87, "0.9 s"), (0.094, "94 ms"), (0.096, "0.1 s"), (12.2, "12.2 s")])
def test_a_median_is_told_in_seconds_where_it_can_be(value: float, told: str) -> None:
    assert figures.seconds(value, fine=False) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, figures.NOTHING), (0, "0"), (999, "999"), (1000, "1.0k"), (48_213, "48.2k"), (999_960, "1.0M")],
)
def test_tokens_are_told_short(value: int | None, told: str) -> None:
    assert figures.tokens(value) == told


@given(st.floats(0.0001, 1e9))
def test_an_axis_holds_what_it_is_for_with_round_steps(value: float) -> None:
    end, steps = figures.axis(value)
    assert value * 0.9999 <= end <= value * 2.6
    assert 3 <= steps <= 5


def test_the_last_days_end_today() -> None:
    days = last_days(NOW, 14)
    assert len(days) == 14
    assert days[-1] == f"{local(NOW):%Y-%m-%d}"
    assert bounds(days[0])[0] == midnight(NOW, 13)
