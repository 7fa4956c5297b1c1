"""What the pictures are made of: a ledger of values that answers as the real one does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.answers import BodiesRead, NamesRead, PageRead, SessionsRead, UsageRead
from app.wishes import Quit, ReadBodies, ReadNames, ReadPage, ReadSessions, ReadUsage, Wish
from proxy_core.ledger.journal import State
from proxy_core.ledger.rows import Filter, Grouping
from resources.scene_ledger import Ledger, added

NOW = 1_795_357_928.0


def test_its_pages_follow_one_another_newest_first() -> None:
    ledger = Ledger(NOW)
    numbers: list[int] = []
    before: int | None = None
    while (page := ledger.answer(ReadPage(Filter(), before, 50))) and isinstance(page, PageRead) and page.rows:
        numbers += [row.number for row in page.rows]
        before = page.rows[-1].number
    assert numbers == [row.number for row in ledger.rows]
    assert numbers == sorted(numbers, reverse=True)
    began = [row.story.began for row in ledger.rows]
    assert began == sorted(began, reverse=True)
    assert max(began) < NOW


@pytest.mark.parametrize(
    ("wish", "kind"),
    [
        (ReadNames(), NamesRead),
        (ReadSessions(), SessionsRead),
        (ReadUsage(Grouping.MODEL, Filter()), UsageRead),
        (ReadBodies("req_a41eff"), BodiesRead),
    ],
)
def test_it_answers_every_wish_for_something_large(wish: Wish, kind: type) -> None:
    assert isinstance(Ledger(NOW).answer(wish), kind)


def test_other_wishes_are_not_for_it() -> None:
    assert Ledger(NOW).answer(Quit()) is None


def test_something_failed_something_was_tried_again_and_something_runs() -> None:
    ledger = Ledger(NOW)
    assert [row.story.status for row in ledger.rows if row.story.state is State.FAILED] == [401]
    assert [len(row.story.attempts) for row in ledger.rows].count(2) == 1
    (running,) = ledger.state().running
    assert running.ended is None


def test_sums_add_up() -> None:
    answer = Ledger(NOW).answer(ReadUsage(Grouping.MODEL, Filter()))
    assert isinstance(answer, UsageRead)
    assert answer.total.requests == sum(day.requests for day in answer.per_day)
    again = added("", answer.by_key)
    assert replace(answer.total, cost=again.cost) == again
    assert answer.total.cost == pytest.approx(again.cost)
