"""A stream of events as the message that is kept of it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from proxy_core.anthropic_api.accumulator import accumulate
from proxy_core.anthropic_api.events import (
    BlockStart,
    BlockStop,
    Event,
    InputDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    Ping,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    event_json,
)
from proxy_core.anthropic_api.sse import encode
from proxy_core.ledger.answers import assembled
from tests.ledger.records import ANSWER


def _frame(kind: str, data: object, space: str = " ") -> bytes:
    return f"event:{space}{kind}\ndata:{space}{json.dumps(data, separators=(',', ':'))}\n\n".encode()


def test_a_stream_becomes_its_message() -> None:
    assert json.loads(assembled(b"".join(ANSWER))) == {
        "id": "msg_1",
        "content": [{"type": "text", "text": "Hello world"}],
        "stop_reason": "end_turn",
        "usage": {"output_tokens": 5},
    }


def test_what_is_no_stream_stays() -> None:
    for body in (b"", b'{"type":"message"}', b"<html>"):
        assert assembled(body) == body


def test_a_cut_stream_is_kept_as_far_as_it_came() -> None:
    whole = b"".join(ANSWER)
    kept = json.loads(assembled(whole[: whole.index(b"world") + 3]))
    assert kept["content"] == [{"type": "text", "text": "Hello "}]
    assert kept["unread_events"] == 1


def test_the_streams_error_is_in_it() -> None:
    error = {"type": "overloaded_error", "message": "busy"}
    kept = json.loads(assembled(b"".join(ANSWER[:3]) + _frame("error", {"type": "error", "error": error})))
    assert kept["error"] == error
    assert kept["content"][0]["text"] == "Hello "


def test_another_vendors_spacing_and_line_ends() -> None:
    whole = b"".join(ANSWER).replace(b'":', b'": ').replace(b"}\n", b"}     \n").replace(b"\n", b"\r\n")
    assert json.loads(assembled(whole))["content"] == [{"type": "text", "text": "Hello world"}]


TEXTS = st.lists(
    st.text(max_size=12) | st.sampled_from(['"}}\n\n', "\\", 'event: ping\n\ndata: {"a"}', '"']), max_size=8
)


@given(st.lists(st.tuples(st.sampled_from(["text", "thinking", "tool_use"]), TEXTS), max_size=4), st.booleans())
def test_joining_the_deltas_of_a_block_changes_nothing(blocks: list[tuple[str, list[str]]], pings: bool) -> None:
    events: list[Event] = [MessageStart("msg_1", "claude")]
    for index, (kind, texts) in enumerate(blocks):
        events.append(BlockStart(index, _empty(kind)))
        for text in texts:
            events.append(_delta(kind, index, text))
            events += [Ping()] * pings
        if kind == "thinking":
            events.append(SignatureDelta(index, "sig"))
        if kind == "tool_use":
            events[-len(texts) * (1 + pings) or len(events) :] = [InputDelta(index, json.dumps({"a": "".join(texts)}))]
        events.append(BlockStop(index))
    events += [MessageDelta("end_turn", None, TokenUsage(1, 2)), MessageStop()]
    kept = json.loads(assembled(encode(events)))
    assert kept == accumulate(map(event_json, events)).to_json()


def _empty(kind: str) -> dict[str, object]:
    return {"type": kind, **({"id": "t", "name": "n", "input": {}} if kind == "tool_use" else {kind: ""})}


def _delta(kind: str, index: int, text: str) -> Event:
    return ThinkingDelta(index, text) if kind == "thinking" else TextDelta(index, text)
