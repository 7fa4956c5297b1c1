"""Live requests and the ledger's rows as one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.widgets import figures
from app.widgets.chip import ChipKind
from app.windows.models.request_entry import Column, output_tokens, status
from app.windows.models.request_filter import accepts
from app.windows.models.requests import DISPLAY, RequestsModel
from proxy_core.ledger.request_events import RequestRecord, State
from proxy_core.ledger.rows import Filter, RequestRow
from tests.app.watch import scenes
from tests.app.watch.scenes import NOW, record, row, running


@pytest.fixture
def model(qtbot: QtBot) -> Iterator[RequestsModel]:
    made = RequestsModel(clock=lambda: NOW + 5.0)
    tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal)
    yield made
    tester.deleteLater()
    made.deleteLater()


def test_a_request_of_another_day_has_its_date(model: RequestsModel) -> None:
    model.take_rows([row(2, record(2, began=NOW - 60.0)), row(1, record(1, began=NOW - 3 * 86_400.0))])
    times = [model.index(at, Column.TIME) for at in range(2)]
    assert [index.data() for index in times] == [figures.clock(NOW - 60.0), "19 Nov"]
    assert figures.clock(NOW - 3 * 86_400.0) in str(times[1].data(Qt.ItemDataRole.ToolTipRole))


def ids(model: RequestsModel) -> list[str]:
    return [model.entry(at).record.id for at in range(model.rowCount())]


def live(*records: RequestRecord) -> dict[str, RequestRecord]:
    return {one.id: one for one in records}


def test_the_newest_stand_on_top_whether_live_or_kept(model: RequestsModel) -> None:
    model.take_live(live(running(0), running(5)))
    model.take_rows((row(2), row(3), row(9)))
    assert ids(model) == [record(number).id for number in (0, 2, 3, 5, 9)]


def test_a_request_that_is_live_and_kept_stands_there_once(model: RequestsModel) -> None:
    model.take_live(live(running(1)))
    model.take_rows((row(1), row(2)))
    assert ids(model) == [record(1).id, record(2).id]
    assert model.entry(0).record.state is State.DONE
    assert model.entry(0).cost == row(1).cost


def test_an_end_is_never_taken_back_by_an_older_row(model: RequestsModel) -> None:
    model.take_live(live(record(1)))
    model.take_rows((row(1, running(1)),))
    assert model.entry(0).record.state is State.DONE


def test_what_ended_while_it_was_live_gets_its_cost_from_the_ledger(model: RequestsModel) -> None:
    model.take_live(live(running(1)))
    model.take_live(live(record(1)))
    assert model.entry(0).cost is None
    model.take_rows((row(1),))
    model.take_live({})
    assert model.entry(0).cost == row(1).cost


def test_a_running_request_that_nobody_tells_of_any_more_is_gone(model: RequestsModel) -> None:
    model.take_live(live(running(1), running(2)))
    model.take_live(live(running(2)))
    assert ids(model) == [record(2).id]


def test_a_page_is_one_insertion(model: RequestsModel, qtbot: QtBot) -> None:
    inserted: list[tuple[int, int]] = []
    model.rowsInserted.connect(lambda _, first, last: inserted.append((first, last)))
    model.take_rows(scenes.rows(1, 200))
    model.take_rows(scenes.rows(201, 200))
    assert inserted == [(0, 199), (200, 399)]


def test_a_filter_holds_for_live_requests_too(model: RequestsModel) -> None:
    model.start(Filter(states=frozenset({State.RUNNING})))
    model.take_live(live(running(1), record(2)))
    assert ids(model) == [record(1).id]
    model.take_live(live(record(1), record(2)))
    assert ids(model) == []


def test_another_filter_begins_anew_with_what_is_live(model: RequestsModel) -> None:
    model.take_live(live(running(1)))
    model.take_rows((row(3),))
    model.start(Filter(text="nothing has this"))
    assert ids(model) == []
    model.start(Filter())
    assert ids(model) == [record(1).id]
    assert model.oldest is None


def test_rows_that_do_not_join_replace_those_that_are_here(model: RequestsModel) -> None:
    model.take_rows(scenes.rows(500, 10))
    newest = scenes.rows(1, 10)
    assert not model.joins(newest)
    assert model.joins(scenes.rows(495, 10))
    model.replace_rows(newest)
    assert ids(model) == [one.record.id for one in newest]
    assert model.oldest == newest[-1].number


def test_a_running_request_counts_up_and_an_ended_one_does_not(model: RequestsModel) -> None:
    now = [NOW]
    counting = RequestsModel(clock=lambda: now[0])
    counting.take_live(live(running(0, began=NOW), record(1)))
    first = [counting.data(counting.index(at, Column.DURATION)) for at in (0, 1)]
    now[0] += 3.5
    second = [counting.data(counting.index(at, Column.DURATION)) for at in (0, 1)]
    assert (first[0], second[0]) == ("0 ms…", "3.5 s…")
    assert first[1] == second[1]
    assert counting.data(counting.index(0, Column.TOKENS)).endswith("~312")


def test_cells_are_what_a_person_reads(model: RequestsModel) -> None:
    model.take_rows((row(1, record(1, role="big", model="openai/gpt-4.1", provider="openai")),))
    told = [model.data(model.index(0, column)) for column in Column]
    assert told[Column.ROLE] == "BIG"
    assert told[Column.MODEL] == "gpt-4.1"
    assert told[Column.STATUS] == "200"
    assert told[Column.COST] == "$0.0412"
    heads = [model.headerData(at, Qt.Orientation.Horizontal) for at in range(model.columnCount())]
    assert heads[Column.TOKENS] == "Tokens in → out"
    said = model.data(model.index(0, Column.TIME), int(Qt.ItemDataRole.AccessibleTextRole))
    assert "BIG" in said
    assert "200" in said


def test_a_cost_that_nobody_knows_is_no_zero(model: RequestsModel) -> None:
    model.take_rows((replace(row(1), cost=None), replace(row(2), cost=0.0)))
    assert [model.data(model.index(at, Column.COST)) for at in (0, 1)] == [figures.NOTHING, "$0.00"]


@pytest.mark.parametrize(
    ("told", "word", "kind"),
    [
        (record(1), "200", ChipKind.GOOD),
        (running(1), "Streaming", ChipKind.INFO),
        (running(1, first_token=None), "Waiting", ChipKind.INFO),
        (scenes.failed(1), "401 · key", ChipKind.BAD),
        (scenes.retried(1), "429 · retried", ChipKind.WARN),
        (record(1, state=State.CANCELLED), "Cancelled", ChipKind.QUIET),
    ],
)
def test_a_chip_says_how_it_stands(told: RequestRecord, word: str, kind: ChipKind) -> None:
    assert (status(told).word, status(told).kind) == (word, kind)


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (Filter(text="GPT big"), True),
        (Filter(text="gpt small"), False),
        (Filter(role="big", model="openai/gpt-4.1"), True),
        (Filter(model="gpt-4.1"), False),
        (Filter(session="other"), False),
        (Filter(since=NOW - 17.0), True),
        (Filter(until=NOW - 17.0), False),
        (Filter(body="anything"), False),
    ],
)
def test_a_live_request_passes_the_filters_that_the_ledger_would_let_it_pass(wanted: Filter, passes: bool) -> None:
    assert accepts(wanted, record(1, role="big", provider="openai", model="openai/gpt-4.1")) is passes


steps = st.lists(
    st.one_of(
        st.tuples(st.just("live"), st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=6)),
        st.tuples(st.just("rows"), st.tuples(st.integers(0, 30), st.integers(0, 12))),
        st.tuples(st.just("filter"), st.sampled_from([Filter(), Filter(states=frozenset({State.RUNNING}))])),
    ),
    max_size=12,
)


@given(steps=steps)
def test_whatever_comes_each_request_stands_once_and_in_order(qapp: object, steps: list[tuple[str, object]]) -> None:
    model = RequestsModel(clock=lambda: NOW)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for kind, what in steps:
        if kind == "live":
            assert isinstance(what, list)
            model.take_live(live(*(running(number) if runs else record(number) for number, runs in what)))
        elif kind == "rows":
            assert isinstance(what, tuple)
            model.take_rows(_kept(scenes.rows(*what), model.wanted))
        else:
            assert isinstance(what, Filter)
            model.start(what)
        shown = ids(model)
        assert len(set(shown)) == len(shown)
        began = [model.entry(at).record.began for at in range(len(shown))]
        assert began == sorted(began, reverse=True)
        assert [model.row_of(id_) for id_ in shown] == list(range(len(shown)))
        assert {shown[at] for at in model.running} == {
            one for one in shown if model.entry(model.row_of(one)).record.state is State.RUNNING
        }
        assert model.data(model.index(0, 0), DISPLAY) is None or shown


def _kept(rows: tuple[RequestRow, ...], wanted: Filter) -> tuple[RequestRow, ...]:
    return tuple(one for one in rows if accepts(wanted, one.record))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The quick brown fox jumps over the lazy dog, and then it goes home to write a report. " * 4, 81),
        (
            "今天天气很好我们一起去公园散步吧。下面是这个函数的实现。它首先检查输入是否为空然后逐行读取文件的内容。",
            33,
        ),
        ("今日は天気がいいので、公園を散歩しましょう。この関数は最初に入力が空かどうかを確認します。", 30),
    ],
    ids=["English", "Chinese", "Japanese"],
)
def test_the_estimate_while_an_answer_runs_holds_in_every_script(text: str, tokens: int) -> None:
    """``tokens`` is what OpenAI's o200k vocabulary counts."""
    estimate, is_estimate = output_tokens(running(1, text_bytes=len(text.encode())))
    assert is_estimate
    assert estimate == pytest.approx(tokens, rel=0.3)
