"""What the pictures are made of: a ledger of values that answers as the real one does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from app.state.commands import Command, Quit, ReadBodies, ReadNames, ReadPage, ReadSessions, ReadUsage
from app.state.query_results import BodiesRead, NamesRead, PageRead, SessionsRead, UsageRead
from proxy_core.ledger.request_events import State
from proxy_core.ledger.rows import Filter, Grouping
from resources.scene import NOW
from resources.scene_ledger import SceneLedger, added


def test_its_pages_follow_one_another_newest_first() -> None:
    ledger = SceneLedger(NOW)
    numbers: list[int] = []
    before: int | None = None
    while (page := ledger.answer(ReadPage(Filter(), before, 50))) and isinstance(page, PageRead) and page.rows:
        numbers += [row.number for row in page.rows]
        before = page.rows[-1].number
    assert numbers == [row.number for row in ledger.rows]
    assert numbers == sorted(numbers, reverse=True)
    began = [row.record.began for row in ledger.rows]
    assert began == sorted(began, reverse=True)
    assert max(began) < NOW


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (ReadNames(), NamesRead),
        (ReadSessions(), SessionsRead),
        (ReadUsage(Grouping.MODEL, Filter()), UsageRead),
        (ReadBodies("req_a41eff"), BodiesRead),
    ],
)
def test_it_answers_every_wish_for_something_large(command: Command, kind: type) -> None:
    assert isinstance(SceneLedger(NOW).answer(command), kind)


def test_other_wishes_are_not_for_it() -> None:
    assert SceneLedger(NOW).answer(Quit()) is None


def test_something_failed_something_was_tried_again_and_something_runs() -> None:
    ledger = SceneLedger(NOW)
    assert [row.record.status for row in ledger.rows if row.record.state is State.FAILED] == [401]
    assert [len(row.record.attempts) for row in ledger.rows].count(2) == 1
    (running,) = ledger.state().running
    assert running.ended is None


def test_sums_add_up() -> None:
    answer = SceneLedger(NOW).answer(ReadUsage(Grouping.MODEL, Filter()))
    assert isinstance(answer, UsageRead)
    assert answer.total.requests == sum(day.requests for day in answer.per_day)
    again = added("", answer.by_key)
    weighed = {name: getattr(again, name) for name in ("cost", "first_token", "output_speed")}
    assert replace(answer.total, **weighed) == again
    for name, value in weighed.items():
        assert getattr(answer.total, name) == pytest.approx(value), name


def test_today_is_the_same_everywhere() -> None:
    ledger = SceneLedger(NOW)
    answer = ledger.answer(ReadUsage(Grouping.MODEL, Filter()))
    assert isinstance(answer, UsageRead)
    today = added("", (day for day in answer.per_day if day.day == answer.per_day[-1].day))
    told = ledger.state()
    assert today.requests == told.today.requests
    assert today.cost == pytest.approx(told.today.cost, abs=0.005)
    assert told.budget.today == told.today.cost


def test_nobody_works_at_night() -> None:
    answer = SceneLedger(NOW).answer(ReadSessions())
    assert isinstance(answer, SessionsRead)
    assert all(datetime.fromtimestamp(session.latest).hour >= 9 for session in answer.sessions[1:])  # noqa: DTZ006
