"""News added up at once are the story that they make one after the other."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ledger.request_events import (
    AttemptMade,
    BodyCaptured,
    BodyKind,
    Finished,
    FirstContent,
    Progress,
    RecordedUsage,
    RequestEvent,
    RequestRecord,
    Routed,
    Started,
    State,
    aggregate,
    apply,
)
from tests.ledger.records import told

_AT = st.floats(0, 1e9)
_WORD = st.text(max_size=3)
_WARNINGS = st.lists(_WORD, max_size=2).map(tuple)
_ID = st.just("r")

_NEWS: st.SearchStrategy[RequestEvent] = st.one_of(
    st.builds(Started, _ID, _AT, _WORD, _WORD, st.booleans(), _WORD, _WORD, _WORD, _WORD),
    st.builds(Routed, _ID, _AT, _WORD, _WORD, _WORD, _WORD, _WORD, _WARNINGS),
    st.builds(AttemptMade, _ID, _AT, st.integers(1, 5), st.none() | st.integers(200, 599), _WORD, _AT),
    st.builds(FirstContent, _ID, _AT, _WORD),
    st.builds(Progress, _ID, _AT, st.integers(0, 99)),
    st.builds(BodyCaptured, _ID, _AT, st.sampled_from(BodyKind), st.just(b"x")),
    st.builds(
        Finished,
        *(_ID, _AT, st.sampled_from(State), st.integers(200, 599), _WORD, _WORD, _WORD),
        *(st.none() | st.builds(RecordedUsage, st.integers(0, 9)), _WARNINGS, st.none() | _AT, st.booleans()),
    ),
)


def _one_after_the_other(events: list[RequestEvent]) -> RequestRecord:
    record: RequestRecord | None = None
    for each in events:
        record = apply(record, each)
    assert record is not None
    return record


@given(st.lists(_NEWS, min_size=1, max_size=8))
def test_all_at_once_is_one_after_the_other(events: list[RequestEvent]) -> None:
    assert aggregate(events) == _one_after_the_other(events)


def test_a_whole_request_leaves_nothing_out() -> None:
    events = told("r", error="e", error_type="t", cost=0.5, flat=True)
    record = aggregate(events)
    assert record == _one_after_the_other(events)
    assert all(getattr(record, field.name) not in {None, "", ()} for field in fields(RequestRecord)), record
