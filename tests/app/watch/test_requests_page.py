"""The Requests page: what it asks for, what it keeps, what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState
from app.state.commands import (
    CopyAsCurl,
    LaunchClaudeCode,
    ReadBodies,
    ReadNames,
    ReadPage,
    ReplayRequest,
    ShowRequests,
)
from app.state.query_results import PageRead
from app.widgets.buttons import LinkButton
from app.widgets.theme import Theme
from app.windows.models.request_entry import RequestEntry
from app.windows.watch.facts import facts
from app.windows.watch.request_delegate import RequestDelegate
from app.windows.watch.requests_page import PAGE, RequestsPage
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.ledger.request_events import AttemptMade, RequestRecord, State
from proxy_core.ledger.rows import Filter, RequestRow
from tests.app.watch import scenes
from tests.app.watch.harness import Watched, settle, state_with
from tests.app.watch.scenes import failed, record, running


@pytest.fixture
def watched(qtbot: QtBot, theme: Theme) -> Watched:
    made = Watched(theme, scenes.rows(1, 450))
    qtbot.addWidget(made.window)
    return made


def ticks(page: RequestsPage) -> bool:
    return page.table.counting


def choose(watched: Watched, row: int) -> str:
    watched.window.requests.table.selectRow(row)
    settle()
    return watched.window.requests.model.entry(row).record.id


def test_a_provider_that_is_in_use_no_more_still_has_its_name(qtbot: QtBot, theme: Theme) -> None:
    made = Watched(theme, scenes.rows(1, 5), catalogue=CatalogueSearch(ModelCatalogue(), {}))
    qtbot.addWidget(made.window)
    made.show(scenes.state(providers=()))
    delegate = made.window.requests.table.itemDelegate()
    assert isinstance(delegate, RequestDelegate)
    assert (delegate.names["deepseek"], delegate.names["openai"]) == ("DeepSeek", "OpenAI")


class TestPages:
    def test_the_first_page_is_asked_for_once(self, watched: Watched) -> None:
        watched.show()
        watched.window.show_state(scenes.state())
        pages = [command for command in watched.said(ReadPage) if isinstance(command, ReadPage)]
        assert pages[0] == ReadPage(Filter(), None, PAGE)
        assert all(page.before is None for page in pages)

    def test_older_rows_come_as_one_scrolls_each_page_once(self, watched: Watched) -> None:
        page = watched.show().requests
        bar = page.table.verticalScrollBar()
        for _ in range(12):
            bar.setValue(bar.maximum())
            settle()
        asked = [
            command.before for command in watched.said(ReadPage) if isinstance(command, ReadPage) and command.before
        ]
        assert asked == [watched.rows[199].number, watched.rows[399].number]
        assert page.model.rowCount() == 450 + 1
        assert "451 requests" in page.count.text()
        assert "more" not in page.count.text()

    def test_an_answer_to_a_filter_that_is_no_more_is_dropped(self, watched: Watched) -> None:
        page = watched.show().requests
        before = page.model.rowCount()
        page.on_result(PageRead(ReadPage(Filter(text="old"), None, PAGE), scenes.rows(9000, 5)))
        assert page.model.rowCount() == before

    def test_a_trouble_of_the_ledger_is_told(self, watched: Watched) -> None:
        page = watched.show().requests
        page.on_result(PageRead(ReadPage(Filter(), None, PAGE), (), "The ledger cannot be read: the disk is full."))
        assert "disk is full" in page.count.text()

    def test_what_a_request_cost_is_asked_for_after_its_end(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show(state_with((running(0),))).requests
        asked = len(watched.said(ReadPage))
        watched.rows = (scenes.row(0), *watched.rows)
        watched.window.show_state(state_with((record(0),)))
        qtbot.waitUntil(lambda: len(watched.said(ReadPage)) > asked, timeout=30_000)
        assert page.model.entry(0).cost == scenes.row(0).cost


class TestKept:
    def test_the_choice_stays_while_rows_arrive(self, watched: Watched) -> None:
        page = watched.show().requests
        chosen = choose(watched, 3)
        for number in range(1, 6):
            live = tuple(running(-at) for at in range(number))
            watched.window.show_state(state_with(live))
        settle()
        index = page.table.currentIndex()
        assert page.model.entry(index.row()).record.id == chosen
        assert [command.id for command in watched.said(ReadBodies) if isinstance(command, ReadBodies)] == [chosen]

    def test_what_is_seen_stays_while_rows_arrive_above(self, watched: Watched) -> None:
        page = watched.show().requests
        bar = page.table.verticalScrollBar()
        bar.setValue(900)
        settle()
        seen = page.model.entry(page.table.rowAt(0)).record.id
        watched.window.show_state(state_with(tuple(running(-at) for at in range(7))))
        settle()
        assert page.model.entry(page.table.rowAt(0)).record.id == seen

    def test_at_the_top_the_newest_are_seen(self, watched: Watched) -> None:
        page = watched.show().requests
        watched.window.show_state(state_with((running(-3), running(-4))))
        settle()
        assert page.table.verticalScrollBar().value() == 0
        assert page.model.entry(page.table.rowAt(0)).record.id == running(-4).id

    def test_the_choice_stays_when_the_filter_lets_it_through(self, watched: Watched) -> None:
        page = watched.show().requests
        chosen = next(at for at in range(40) if page.model.entry(at).record.role == "small")
        id_ = choose(watched, chosen)
        page.filters.search.setText("gpt-4.1-mini")
        page.filters.search.say()
        settle()
        assert page.model.entry(page.table.currentIndex().row()).record.id == id_


class TestCounting:
    def test_the_timer_runs_only_while_a_running_request_is_seen(self, watched: Watched) -> None:
        page = watched.show(state_with((running(0),))).requests
        assert ticks(page)
        bar = page.table.verticalScrollBar()
        bar.setValue(2000)
        settle()
        assert not ticks(page)
        bar.setValue(0)
        settle()
        assert ticks(page)
        watched.window.open_page("usage")
        settle()
        assert not ticks(page)
        watched.window.open_page("requests")
        watched.window.show_state(state_with((record(0),)))
        settle()
        assert not ticks(page)

    def test_paused_nothing_moves_until_one_goes_on(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().requests
        before = page.model.rowCount()
        QTest.mouseClick(page.pause, Qt.MouseButton.LeftButton)
        watched.window.show_state(state_with((running(-1), running(-2))))
        assert page.model.rowCount() == before
        assert page.count.text().startswith("Paused")
        QTest.mouseClick(page.pause, Qt.MouseButton.LeftButton)
        assert {running(-1).id, running(-2).id} <= {page.model.entry(at).record.id for at in range(4)}


class TestFilters:
    def test_words_are_asked_for_a_moment_after_the_last_key(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().requests
        asked = len(watched.said(ReadPage))
        QTest.keyClicks(page.filters.search, "gemini")
        assert len(watched.said(ReadPage)) == asked
        qtbot.waitUntil(lambda: len(watched.said(ReadPage)) == asked + 1, timeout=30_000)
        assert watched.said(ReadPage)[-1] == ReadPage(Filter(text="gemini"), None, PAGE)
        assert {page.model.entry(at).record.provider for at in range(1, page.model.rowCount())} == {"gemini"}

    def test_running_and_failed_are_one_press_away(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().requests
        place = page.filters.states.place_of("failed").center().toPoint()
        QTest.mouseClick(page.filters.states, Qt.MouseButton.LeftButton, pos=place)
        assert watched.said(ReadPage)[-1] == ReadPage(Filter(states=frozenset({State.FAILED})), None, PAGE)
        assert {page.model.entry(at).record.state for at in range(page.model.rowCount())} == {State.FAILED}

    def test_the_menu_offers_what_there_is_and_sets_it(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().requests
        page.filters.opening.emit()
        assert watched.said(ReadNames)
        menu = page.filters.menu()
        part = next(one for one in menu.findChildren(type(menu)) if one.objectName() == "filter-model")
        assert [action.text() for action in part.actions()] == ["Any", "openai/gpt-4.1"]
        part.actions()[1].trigger()
        assert watched.said(ReadPage)[-1] == ReadPage(Filter(model="openai/gpt-4.1"), None, PAGE)
        assert page.filters.more.accessibleName() == "More filters: some are on"
        menu.deleteLater()

    def test_words_are_looked_for_in_bodies_where_that_is_on(self, watched: Watched) -> None:
        page = watched.show().requests
        menu = page.filters.menu()
        next(action for action in menu.actions() if action.objectName() == "in-bodies").trigger()
        page.filters.search.setText("health check")
        page.filters.search.say()
        assert watched.said(ReadPage)[-1] == ReadPage(Filter(body="health check"), None, PAGE)
        menu.deleteLater()

    def test_nothing_found_offers_to_clear_the_filters(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show(state_with(())).requests
        page.filters.search.setText("no such thing")
        page.filters.search.say()
        settle()
        assert page.list.none_found.isVisible()
        QTest.mouseClick(page.list.none_found.button, Qt.MouseButton.LeftButton)
        assert watched.said(ReadPage)[-1] == ReadPage(Filter(), None, PAGE)
        assert page.table.isVisible()

    def test_a_click_elsewhere_leads_to_its_requests(self, watched: Watched) -> None:
        window = watched.show()
        window.open_page("usage")
        wanted = Filter(session="0000-aa")
        window.show_requests(wanted, record(5).id)
        assert window.page == "requests"
        assert watched.said(ReadPage)[-1] == ReadPage(wanted, None, PAGE)
        assert watched.said(ReadBodies)[-1] == ReadBodies(record(5).id)
        assert window.requests.details.isVisible()
        assert window.requests.filters.wanted == wanted

    def test_a_request_that_is_asked_for_is_chosen_once_its_page_is_here(self, watched: Watched) -> None:
        window = watched.show()
        window.show_requests(Filter(), record(30).id)
        settle()
        page = window.requests
        assert page.model.entry(page.table.currentIndex().row()).record.id == record(30).id


class TestEmpty:
    def test_with_nothing_there_the_page_says_how_to_begin(self, qtbot: QtBot, theme: Theme) -> None:
        watched = Watched(theme)
        qtbot.addWidget(watched.window)
        page = watched.show(state_with(())).requests
        assert page.list.empty.isVisible()
        QTest.mouseClick(page.list.empty.button, Qt.MouseButton.LeftButton)
        assert watched.said(LaunchClaudeCode) == [LaunchClaudeCode()]


class TestDetails:
    def test_a_click_opens_them_and_asks_for_the_bodies(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().requests
        table = page.table
        place = table.visualRect(page.model.index(2, 1)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        settle()
        assert page.details.isVisible()
        assert watched.said(ReadBodies) == [ReadBodies(page.model.entry(2).record.id)]

    def test_narrow_they_take_the_lists_place_and_give_it_back(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show(size=(900, 600)).requests
        choose(watched, 2)
        assert page.details.isVisible()
        assert not page.table.isVisible()
        assert page.details.back.isVisible()
        QTest.mouseClick(page.details.back, Qt.MouseButton.LeftButton)
        settle()
        assert page.table.isVisible()
        assert not page.details.isVisible()

    def test_wide_they_stand_beside_it(self, watched: Watched) -> None:
        page = watched.show().requests
        choose(watched, 2)
        assert page.details.isVisible()
        assert page.table.isVisible()
        assert page.details.width() >= 300

    def test_they_come_back_beside_it_as_wide_as_before(self, watched: Watched) -> None:
        window = watched.show()
        page = window.requests
        choose(watched, 2)
        wide = page.details.width()
        assert wide < page.width() * 0.4
        for size in ((900, 600), (1300, 800)):
            window.resize(*size)
            settle()
        assert page.table.isVisible()
        assert page.details.width() == wide
        assert not page.details.back.isVisible()

    def test_copy_as_curl_and_a_link_to_its_session_are_wishes(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().requests
        id_ = choose(watched, 2)
        menu = page.details.copy_menu()
        next(action for action in menu.actions() if action.objectName() == "copy-curl").trigger()
        assert watched.said(CopyAsCurl) == [CopyAsCurl(id_)]
        link = page.details.facts.findChild(LinkButton, "fact-link")
        assert link is not None
        QTest.mouseClick(link, Qt.MouseButton.LeftButton)
        assert watched.said(ShowRequests) == [ShowRequests(Filter(session=record(2).session))]
        menu.deleteLater()

    def test_run_again_says_the_model(self, watched: Watched, qtbot: QtBot) -> None:
        page = watched.show().requests
        id_ = choose(watched, 2)
        QTest.mouseClick(page.details.run, Qt.MouseButton.LeftButton)
        settle()
        page.details.again.field.setText("gemini/gemini-2.5-pro")
        QTest.keyClick(page.details.again.field, Qt.Key.Key_Return)
        assert watched.said(ReplayRequest) == [ReplayRequest(id_, "gemini/gemini-2.5-pro")]

    def test_the_bodies_of_a_request_that_ran_are_read_again_after_its_end(
        self, watched: Watched, qtbot: QtBot
    ) -> None:
        watched.show(state_with((running(0),)))
        choose(watched, 0)
        assert len(watched.said(ReadBodies)) == 1
        watched.window.show_state(state_with((record(0),)))
        qtbot.waitUntil(lambda: len(watched.said(ReadBodies)) == 2, timeout=30_000)
        assert watched.said(ReadBodies)[1] == ReadBodies(record(0).id)

    def test_a_request_that_ends_changes_under_the_eyes(self, watched: Watched) -> None:
        page = watched.show(state_with((running(0),))).requests
        choose(watched, 0)
        assert page.details.chip.word == "Streaming"
        watched.window.show_state(state_with((record(0),)))
        settle()
        assert page.details.chip.word == "200"
        assert not any(fact.name == "Cost" for fact in page.details.facts.shown)  # the ledger has not priced it yet
        watched.window.show_state(state_with((record(0, cost=0.5),)))
        settle()
        assert any(fact.name == "Cost" for fact in page.details.facts.shown)

    @pytest.mark.parametrize(
        ("made", "told"),
        [
            (failed(0), "Not billed"),
            (failed(0, attempts=(), status=402), "Not billed"),
            (
                failed(0, attempts=(AttemptMade("r", 0.0, 1, 500, "no"),), status=502),
                "unpriced: the provider told no token",
            ),
            (record(0, path="/v1/messages/count_tokens", usage=None), "Not billed"),
        ],
        ids=["refused", "by our budget", "5xx", "counted"],
    )
    def test_what_no_provider_took_is_told_as_not_billed(self, made: RequestRecord, told: str) -> None:
        (cost,) = (fact.value for fact in facts(RequestEntry(made, RequestRow(1, made))) if fact.name == "Cost")
        assert cost.startswith(told)

    def test_the_details_say_on_which_day_it_was(self, watched: Watched) -> None:
        page = watched.show().requests
        id_ = choose(watched, 1)
        began = next(row.record.began for row in watched.rows if row.record.id == id_)
        assert page.details.times.total.text().startswith(f"{datetime.fromtimestamp(began):%-d %b, %H:%M:%S} · ")  # noqa: DTZ006


def test_state_alone_asks_for_nothing_twice(watched: Watched) -> None:
    window = watched.show()
    asked = len(watched.commands)
    state: AppState = scenes.state()
    for spent in range(20):
        window.show_state(replace(state, today=replace(state.today, cost=float(spent))))
    settle()
    assert len(watched.commands) == asked
    assert window.requests.table.mapTo(window, QPoint(0, 0)).x() > 200
