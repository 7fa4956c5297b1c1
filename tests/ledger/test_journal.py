"""News added up at once are the story that they make one after the other."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ledger.journal import (
    Answering,
    Attempted,
    Began,
    Carried,
    Ended,
    News,
    Part,
    Progressed,
    Routed,
    State,
    Story,
    Usage,
    fold,
    summed,
)
from tests.ledger.stories import told

_AT = st.floats(0, 1e9)
_WORD = st.text(max_size=3)
_WARNINGS = st.lists(_WORD, max_size=2).map(tuple)
_ID = st.just("r")

_NEWS: st.SearchStrategy[News] = st.one_of(
    st.builds(Began, _ID, _AT, _WORD, _WORD, st.booleans(), _WORD, _WORD, _WORD, _WORD),
    st.builds(Routed, _ID, _AT, _WORD, _WORD, _WORD, _WORD, _WORD, _WARNINGS),
    st.builds(Attempted, _ID, _AT, st.integers(1, 5), st.none() | st.integers(200, 599), _WORD, _AT),
    st.builds(Answering, _ID, _AT, _WORD),
    st.builds(Progressed, _ID, _AT, st.integers(0, 99)),
    st.builds(Carried, _ID, _AT, st.sampled_from(Part), st.just(b"x")),
    st.builds(
        Ended,
        *(_ID, _AT, st.sampled_from(State), st.integers(200, 599), _WORD, _WORD, _WORD),
        *(st.none() | st.builds(Usage, st.integers(0, 9)), _WARNINGS, st.none() | _AT, st.booleans()),
    ),
)


def _one_after_the_other(news: list[News]) -> Story:
    story: Story | None = None
    for each in news:
        story = fold(story, each)
    assert story is not None
    return story


@given(st.lists(_NEWS, min_size=1, max_size=8))
def test_all_at_once_is_one_after_the_other(news: list[News]) -> None:
    assert summed(news) == _one_after_the_other(news)


def test_a_whole_request_leaves_nothing_out() -> None:
    news = told("r", error="e", error_type="t", cost=0.5, flat=True)
    story = summed(news)
    assert story == _one_after_the_other(news)
    assert all(getattr(story, field.name) not in {None, "", ()} for field in fields(Story)), story
