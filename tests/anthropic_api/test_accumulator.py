"""One message, whether its answer is a stream, cut anywhere, damaged, or one JSON object."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.anthropic_api.accumulator import (
    MessageAccumulator,
    accumulate,
    from_bytes,
    from_json,
    from_stream,
)
from proxy_core.anthropic_api.sse import FrameSplitter
from tests.anthropic_api.messages import Json, messages, stream


@given(messages())
def test_a_stream_is_the_message_and_so_is_a_whole_answer(case: tuple[Json, list[Json]]) -> None:
    message, events = case
    accumulated = accumulate(events)
    assert accumulated.fields == message
    assert accumulated.ended_well
    assert accumulated == from_json(message) == from_bytes(json.dumps(message).encode())


@given(messages(), st.data(), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_it_does_not_matter_how_the_bytes_are_cut(
    case: tuple[Json, list[Json]], data: st.DataObject, end: str, ensure_ascii: bool
) -> None:
    message, events = case
    body = stream(events, ensure_ascii=ensure_ascii, end=end)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    splitter, accumulator = FrameSplitter(), MessageAccumulator()
    for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True):
        for payload in splitter.feed(body[start:stop]):
            accumulator.feed_json(payload)
    for payload in splitter.close():
        accumulator.feed_json(payload)
    assert accumulator.message == from_stream(body) == accumulate(events)
    assert accumulator.message.fields == message


@given(messages())
def test_the_beginning_of_a_stream_has_never_ended_well(case: tuple[Json, list[Json]]) -> None:
    _, events = case
    accumulator = MessageAccumulator()
    for event in events:
        assert not accumulator.message.ended_well
        accumulator.feed(event)
    assert accumulator.message.ended_well


@given(messages(), st.data())
def test_a_stream_that_is_cut_keeps_what_came(case: tuple[Json, list[Json]], data: st.DataObject) -> None:
    message, events = case
    body = stream(events)
    last_brace = body.rindex(b"}")
    first_frame = body.index(b"\n\n")
    cut = from_stream(body[: data.draw(st.integers(first_frame, last_brace))])
    assert not cut.ended_well
    assert cut.error is None
    for block, whole in zip(cut.content, message["content"], strict=False):
        assert block["type"] == whole["type"]
        for name in ("text", "thinking"):
            assert whole.get(name, "").startswith(block.get(name, ""))


@given(messages(), st.integers(0, 10**6))
def test_an_error_inside_a_stream_is_kept_and_is_no_good_end(case: tuple[Json, list[Json]], place: int) -> None:
    _, events = case
    error = {"type": "overloaded_error", "message": "Overloaded"}
    at = 1 + place % len(events)
    accumulated = accumulate([*events[:at], {"type": "error", "error": error}, *events[at:]])
    assert (accumulated.error, accumulated.error_text, accumulated.ended_well) == (error, "Overloaded", False)
    assert from_json(accumulated.to_json()) == accumulated


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["text", "tool_use", "text_delta"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "thinking", "partial_json", "usage", "content", "citations", "error"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["message_start", "content_block_start", "content_block_delta", "message_delta", "error", "ping", "later"]
        )
        | JSON
    },
    optional=dict.fromkeys(("index", "message", "content_block", "delta", "usage", "error"), JSON),
)


@given(st.lists(EVENTS | JSON, max_size=8), st.binary(max_size=30))
def test_nothing_whatever_raises_or_ends_well(events: list[Any], damage: bytes) -> None:
    accumulator = MessageAccumulator()
    for event in events:
        accumulator.feed_json(json.dumps(event).encode())
    accumulator.feed_json(damage)
    message = accumulator.message
    assert not message.ended_well
    assert all(isinstance(block, dict) for block in message.content)
    assert (message.texts("text"), message.usage, message.stop_reason) is not None


def block(index: int | None, kind: str, **fields: Any) -> Json:
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **fields}}


def delta(index: int | None, kind: str, **fields: Any) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def test_blocks_that_all_have_the_number_0_are_all_kept() -> None:
    events = [block(0, "text", text=""), delta(0, "text_delta", text="a")]
    events += [block(0, "text", text=""), delta(0, "text_delta", text="b")]
    assert accumulate(events).texts("text") == ["a", "b"]


def test_deltas_whose_start_was_lost_are_kept() -> None:
    events = [delta(0, "thinking_delta", thinking="a"), delta(1, "text_delta", text="b"), delta(None, "x", y=1)]
    assert accumulate(events).content == [{"type": "thinking", "thinking": "a"}, {"type": "text", "text": "b", "y": 1}]


@pytest.mark.parametrize("written", ['{"command": "l', "[1", "{]"])
def test_the_input_of_a_call_that_is_no_json_is_kept_as_text(written: str) -> None:
    events = [block(0, "tool_use", id="t", name="n", input={}), delta(0, "input_json_delta", partial_json=written)]
    assert accumulate(events).content == [{"type": "tool_use", "id": "t", "name": "n", "input": written}]


def test_a_delta_of_an_unknown_kind_fills_its_block() -> None:
    events = [
        block(0, "compaction", content=None),
        delta(0, "compaction_delta", content="short", encrypted_content="x"),
    ]
    assert accumulate(events).content == [{"type": "compaction", "content": "short", "encrypted_content": "x"}]


def test_halves_of_a_character_in_two_deltas_are_joined() -> None:
    halves = [b'{"type":"text_delta","text":"\\ud83d"}', b'{"type":"text_delta","text":"\\ude00 \\ud83d"}']
    accumulator = MessageAccumulator()
    for half in halves:
        accumulator.feed_json(b'{"type":"content_block_delta","index":0,"delta":%b}' % half)
    assert accumulator.message.texts("text") == ["😀 �"]


def test_json_nested_too_deeply_raises_nothing() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    nearly = "[" * 1_000 + "]" * 1_000
    for written in (deep, nearly):
        events = [block(0, "tool_use", input={}), delta(0, "input_json_delta", partial_json=written)]
        assert len(accumulate(events).content) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[]", b'data: {"choices": []}\n\n', b": only a comment\n\n"])
def test_a_body_that_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"no stream|Expecting"):
        from_bytes(body)


def test_the_body_of_an_error_is_the_error_alone() -> None:
    error = {"type": "api_error", "message": "No."}
    streamed = from_stream(stream([{"type": "error", "error": error}]))
    assert streamed == from_bytes(json.dumps({"type": "error", "error": error, "request_id": "r"}).encode())
    assert (streamed.fields, streamed.error) == ({}, error)
