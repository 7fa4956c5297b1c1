"""No word of the watch window is cut: both languages, both themes, small and large, whatever is open or wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState, BudgetView, KeyStorage, Phase, ProxyView
from app.state.query_results import ReplayProgress, ReplaySide
from app.widgets.theme import Theme
from app.windows.watch.window import PAGES
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.config.settings import Configuration, ProxySettings, Settings
from proxy_core.ledger.request_events import RequestRecord, State
from proxy_core.ledger.rows import BodyKind, Kept, Sum
from tests.app.clipping import Clipped
from tests.app.clipping import clipped as clipped_now
from tests.app.watch import scenes
from tests.app.watch.harness import Watched, settle

MOMENT = 1_000
"""Milliseconds within which a layout has settled, on a machine that has other things to do."""

SIZES = ((900, 600), (1300, 800))
TAKEN = ProxyView(
    Phase.ATTENTION, "http://127.0.0.1:8082", "Port 8082 is taken by python3 (pid 4121).", "python3", 8083
)
SENTENCE = "~/.claude/settings.json sets ANTHROPIC_BASE_URL in its env block. "


def clipped(window: QWidget) -> list[Clipped]:
    """What is cut, and stays so."""
    for _ in range(MOMENT // 50):
        if not clipped_now(window):
            return []
        QTest.qWait(50)
    return clipped_now(window)


@pytest.fixture(scope="session")
def catalogue() -> CatalogueSearch:
    return CatalogueSearch(ModelCatalogue(), {})


@pytest.fixture
def watched(language: str, look: Theme, catalogue: CatalogueSearch, qtbot: QtBot) -> Watched:
    """One window of a language and a theme; each test shows it at every size."""
    rows = tuple(scenes.row(number, record) for number, record in enumerate(kinds(), 1))
    made = Watched(look, (*rows, *scenes.rows(len(rows) + 1, 50)), scenes.sessions(), catalogue)
    made.days = scenes.usage()
    made.kept = tuple(Kept(part, 900_000, cut=True, hidden=3) for part in BodyKind)
    qtbot.addWidget(made.window)
    return made


def kinds() -> tuple[RequestRecord, ...]:
    """A request of each kind, with all that can be told of it."""
    whole = scenes.record(3)
    assert whole.usage is not None
    full = replace(whole.usage, cache_write=12_345, reasoning=2_100, cache_read=123_456)
    return (
        scenes.retried(1),
        scenes.failed(2, error="OpenAI refused the key: 401. " * 6),
        replace(whole, usage=full, agent="agent-7c1d0000", warnings=("The model takes no images. " * 3,)),
        scenes.record(4, state=State.CANCELLED, stop_reason="", usage=None),
        scenes.failed(5, error_type="request_too_large", status=413, role="subagent"),
        scenes.record(6, session="", project="/home/ada/work/a-folder-with-a-rather-long-name/atlas-api"),
        scenes.record(7, flat=True, stop_reason="max_tokens"),
    )


def troubled() -> AppState:
    """All that can be wrong at once."""
    settings = Settings(proxy=ProxySettings(lan=True, open=True))
    return scenes.state(
        configuration=Configuration(settings=settings, warnings=("A warning. " * 20,)),
        proxy=TAKEN,
        obstacles=(SENTENCE * 2,),
        claude_installed=False,
        budget=BudgetView(today=17.0, month=400.0, daily=20.0, monthly=300.0),
        ledger_sentence="The ledger is set aside.",
        keys_kept_in=KeyStorage.MEMORY,
        troubles=("A trouble. " * 20,),
        report="/home/ada/.local/state/understudy/reports/2026-11-17T14-32-08.txt",
        has_tray=False,
        said="Saved. New requests use these settings. " * 3,
        folder="/home/ada/work/a-folder-with-a-rather-long-name/and-another-in-it/atlas-api",
    )


def test_no_page_is_cut_full_or_empty(watched: Watched) -> None:
    window = watched.show()
    for size in SIZES:
        window.resize(*size)
        for page in PAGES:
            window.open_page(page)
            settle()
            assert not clipped(window), (page, size)
    for by in ("project", "session"):
        window.usage.groups.chosen.emit(by)
        settle()
        assert not clipped(window), by


def test_no_page_is_cut_with_nothing_there(watched: Watched) -> None:
    watched.rows, watched.sessions, watched.days = (), (), ((), (), Sum())
    window = watched.show(scenes.state(live={}, today=Sum(), today_by_hour=(), hour_first_token=None))
    for size in SIZES:
        window.resize(*size)
        for page in PAGES:
            window.open_page(page)
            settle()
            assert not clipped(window), (page, size)


def test_no_detail_is_cut(watched: Watched) -> None:
    window = watched.show()
    details = window.requests.details
    for size in SIZES:
        window.resize(*size)
        for row in range(len(kinds()) + 1):
            window.requests.table.selectRow(row)
            settle()
            assert details.isVisible()
            assert not clipped(window), (row, size)
        for view in ("request", "upstream", "answer", "conversation"):
            details.bodies.segments.chosen.emit(view)
            settle()
            assert not clipped(window), (view, size)


def test_what_opens_in_the_details_is_not_cut(watched: Watched) -> None:
    window = watched.show()
    details = window.requests.details
    window.requests.table.selectRow(1)
    for size in SIZES:
        window.resize(*size)
        settle()
        button = details.run if details.run.isVisible() else details.run_words
        if details.again.isHidden():
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        details.bodies.look.setChecked(True)
        details.bodies.view.search.setText("health")
        settle()
        assert details.again.isVisible()
        assert details.bodies.view.search.isVisible()
        assert not clipped(window), size


def test_both_answers_side_by_side_are_not_cut(watched: Watched) -> None:
    details = watched.show().requests.details
    row = scenes.row(1)
    for after in (None, ReplaySide(row, "Hello. " * 200), ReplaySide(None, "", "OpenAI refused the key: 401. " * 6)):
        details.show_again(
            ReplayProgress(row.record.id, "openrouter/anthropic/claude-sonnet-4.5", ReplaySide(row, "Hello."), after)
        )
        again = details._again_window
        assert again is not None
        for size in ((560, 360), (900, 560)):
            again.resize(*size)
            settle()
            assert not clipped(again), (after, size)
    assert again is not None
    again.close()


def test_nothing_is_cut_with_everything_wrong_at_once(watched: Watched) -> None:
    window = watched.show(troubled())
    for size in SIZES:
        window.resize(*size)
        away = window.notices
        for page in PAGES:
            window.open_page(page)
            settle()
            assert not clipped(window), (page, size)
        assert len(away.shown) == 2
    window.open_page("requests")
    window.resize(*SIZES[0])
    settle()
    assert window.requests.table.height() > 100


def test_no_name_and_no_number_is_too_large(watched: Watched) -> None:
    name = "openrouter/a-vendor-with-a-long-name/a-model-with-a-much-longer-name-2026-11-17"
    largest = Sum(
        key=name, requests=1_234_567, failed=12_345, priced=1_000_000, estimated=1_000_000, cost=98_765.43,
        input=10**11, output=10**10, cache_read=10**12, first_token=75.0, output_speed=1_234.0,
    )  # fmt: skip
    days = tuple(replace(largest, day=f"2026-11-{day:02d}") for day in range(9, 23))
    watched.days = (days, (largest,), largest)
    watched.sessions = tuple(
        replace(one, profile="A profile with a long name", total=largest) for one in watched.sessions
    )
    window = watched.show(scenes.state(today=largest, hour_first_token=75.0))
    for size in SIZES:
        window.resize(*size)
        for page in PAGES:
            window.open_page(page)
            settle()
            assert not clipped(window), (page, size)
