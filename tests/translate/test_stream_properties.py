"""Whatever comes in, however it is cut: the grammar holds, nothing is lost or moved, an end is good or an error."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.anthropic_api.accumulator import accumulate
from proxy_core.anthropic_api.events import Event, event_json
from proxy_core.anthropic_api.json_text import loads
from proxy_core.anthropic_api.sse import FrameSplitter, encode
from proxy_core.errors import StreamBroken, UnderstudyError
from proxy_core.translate.stream import StreamTranslator
from tests.anthropic_grammar import Reading, read
from tests.support.random_streams import Script, script

seeds = st.integers(min_value=0, max_value=2**64).map(random.Random)


def translated(
    chunks: list[dict[str, Any]], batches: list[int] | None = None, *, declared_end: bool = True
) -> list[Event]:
    """The events of some chunks; ``batches`` are the places where a read ended."""
    translator = StreamTranslator("msg_1", "claude-x")
    events = translator.start()
    ends = set(range(1, len(chunks) + 1) if batches is None else batches)
    try:
        for number, chunk in enumerate(chunks, 1):
            translator.feed(chunk)
            if number in ends:
                events += translator.advance()
        return events + translator.advance() + translator.finish(declared_end=declared_end)
    except UnderstudyError as error:
        return events + translator.fail(error)


def found(reading: Reading) -> list[tuple[str, str, Any]]:
    return [(block.kind, block.text or block.name, dict(block.input)) for block in reading.blocks]


def check(told: Script, reading: Reading) -> None:
    assert reading.complete
    assert reading.text == told.text
    assert reading.thinking == told.thinking
    assert [(call.id, call.name, dict(call.input)) for call in reading.tools] == [
        (call.id, call.name, call.input) for call in told.calls
    ]
    expected = "tool_use" if told.calls else {"stop": "end_turn", "length": "max_tokens"}[told.stop]
    assert reading.stop_reason == expected
    if told.usage:
        assert (reading.usage["input_tokens"], reading.usage["output_tokens"]) == told.usage
    assert all(a.kind != b.kind for a, b in pairwise(reading.blocks) if a.kind == "text" and not told.calls)


@given(seeds)
def test_nothing_is_lost_and_the_grammar_holds(rng: random.Random) -> None:
    told = script(rng)
    check(told, read(encode(translated(told.chunks))))


@given(seeds)
def test_it_does_not_matter_what_one_read_brings(rng: random.Random) -> None:
    told = script(rng)
    batches = [number for number in range(1, len(told.chunks)) if rng.random() < 0.5]
    one_by_one, together = read(encode(translated(told.chunks))), read(encode(translated(told.chunks, batches)))
    check(told, together)
    assert found(one_by_one) == found(together)


@given(seeds)
def test_it_does_not_matter_how_the_bytes_are_cut(rng: random.Random) -> None:
    told = script(rng)
    end = rng.choice(["\n", "\r\n", "\r"])
    wire = "".join(f"data: {json.dumps(chunk, ensure_ascii=rng.random() < 0.5)}{end}{end}" for chunk in told.chunks)
    data = wire.encode()
    splitter = FrameSplitter()
    payloads: list[bytes] = []
    while data:
        size = rng.choice([1, 2, 3, 50, len(data)])
        payloads += splitter.feed(data[:size])
        data = data[size:]
    payloads += splitter.close()
    assert [loads(payload) for payload in payloads] == told.chunks


@given(seeds)
def test_the_answer_not_streamed_is_the_stream_collected(rng: random.Random) -> None:
    told = script(rng)
    events = translated(told.chunks)
    message, reading = accumulate(map(event_json, events)).fields, read(encode(events))
    assert message["stop_reason"] == reading.stop_reason
    assert message["usage"] == reading.usage
    assert [
        (block["type"], block.get("text") or block.get("thinking") or block.get("name") or "", block.get("input", {}))
        for block in message["content"]
    ] == found(reading)


@given(seeds)
def test_a_cut_is_never_a_good_end(rng: random.Random) -> None:
    told = script(rng)
    finish = next(n for n, chunk in enumerate(told.chunks) if chunk["choices"] and chunk["choices"][0]["finish_reason"])
    kept = told.chunks[: rng.randint(0, finish)]
    reading = read(encode(translated(kept, declared_end=False)))
    assert not reading.complete
    assert reading.error is not None
    assert told.text.startswith(reading.text)
    assert told.thinking.startswith(reading.thinking)


FIELDS = st.sampled_from(
    [
        "choices",
        "delta",
        "content",
        "tool_calls",
        "function",
        "arguments",
        "name",
        "id",
        "index",
        "finish_reason",
        "usage",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=12,
)
CALLS: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "index": st.integers(0, 2) | st.none(),
            "id": st.sampled_from(["a", "b", "", None]),
            "function": st.fixed_dictionaries(
                {},
                optional={
                    "name": st.sampled_from(["x", "y", "", None]),
                    "arguments": st.sampled_from(["{}", "{", "}", '{"a":1}', '"', "", None, "\ud83d", {}, {"a": []}]),
                },
            ),
        },
    ),
    max_size=3,
)
DELTAS = st.fixed_dictionaries(
    {}, optional={"content": st.text() | JSON, "reasoning_content": st.text() | JSON, "tool_calls": CALLS | JSON}
)
CHUNKS = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(
            st.fixed_dictionaries(
                {"delta": DELTAS | JSON},
                optional={"finish_reason": st.sampled_from(["stop", "length", "tool_calls", "error", None]) | JSON},
            ),
            max_size=2,
        )
        | JSON,
        "usage": JSON,
    },
)


@given(st.lists(CHUNKS, max_size=8), st.booleans())
def test_nonsense_ends_in_a_good_end_or_an_error(chunks: list[dict[str, Any]], declared_end: bool) -> None:
    reading = read(encode(translated(chunks, declared_end=declared_end)))
    assert reading.complete != (reading.error is not None)


def test_a_call_that_went_out_whole_is_closed_whatever_came_behind_it() -> None:
    pieces = [{"name": "x", "arguments": '{"a":1}'}, {"name": "", "arguments": "\ud83d"}]
    chunks = [{"choices": [{"delta": {"tool_calls": [{"function": piece}]}}]} for piece in pieces]
    reading = read(encode(translated(chunks, declared_end=False)))
    assert reading.error is not None
    assert [dict(call.input) for call in reading.tools] == [{"a": 1}]


def test_an_error_after_the_end_is_a_fault_of_ours() -> None:
    translator = StreamTranslator("msg_1", "m")
    translator.feed({"choices": [{"index": 0, "delta": {"content": "Hi"}}]})
    translator.finish(declared_end=True)
    with pytest.raises(UnderstudyError):
        translator.fail(StreamBroken("late"))


def test_text_that_utf8_cannot_carry_is_mended_across_chunks() -> None:
    chunks = [
        orjson.loads("{}") | {"choices": [{"delta": {"content": text}}]}
        for text in ("a\ud83d", "\ude00b\udead", "c\ud83d")
    ]
    reading = read(encode(translated(chunks)))
    assert reading.text == "a\U0001f600b\ufffdc\ufffd"


def called(*arguments: str, declared_end: bool = True) -> Reading:
    """The answer whose only call has these pieces of arguments."""
    pieces = [{"id": "a", "function": {"name": "x", "arguments": piece}} for piece in arguments]
    chunks: list[dict[str, Any]] = [{"choices": [{"delta": {"tool_calls": [piece]}}]} for piece in pieces]
    return read(encode(translated(chunks, declared_end=declared_end)))


def test_a_null_inside_arguments_is_kept_and_one_alone_is_no_arguments() -> None:
    assert dict(called('{"a": ', "null", "}").tools[0].input) == {"a": None}
    assert dict(called("null").tools[0].input) == {}


def test_half_a_character_behind_an_empty_object_makes_no_whole_call() -> None:
    assert not called("{}", "\ud83d").complete
