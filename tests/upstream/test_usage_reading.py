"""The reader beside a relayed answer learns what the journal wants and never gets in the way."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.anthropic_api import sse
from proxy_core.ledger.request_events import RecordedUsage
from proxy_core.upstream.usage_reading import WHOLE_LIMIT, UsageReading, decoded
from tests.support.anthropic_server import USAGE, encoded, event, message_bytes

STREAM = message_bytes("Say ", '{"error": "message_delta"} ', "🌍", stop_reason="tool_use")


def read(data: bytes, piece: int, content_type: str = "text/event-stream", encoding: str = "") -> UsageReading:
    reading = UsageReading(content_type, encoding)
    for start in range(0, len(data), piece):
        reading.feed(data[start : start + piece])
    reading.close()
    return reading


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "deflate"])
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_a_stream_however_it_is_cut_and_encoded(encoding: str, piece: int) -> None:
    reading = read(encoded(STREAM, encoding), piece, "text/event-stream; charset=utf-8", encoding)
    assert reading.usage == RecordedUsage(input=25, output=12, cache_read=7, cache_write=3)
    assert (reading.stop_reason, reading.error) == ("tool_use", "")


def test_a_stream_in_two_members_of_gzip() -> None:
    reading = read(gzip.compress(STREAM[:200]) + gzip.compress(STREAM[200:]), 50, encoding="gzip")
    assert (reading.usage, reading.is_cut) == (RecordedUsage(input=25, output=12, cache_read=7, cache_write=3), False)


def test_few_bytes_that_unpack_to_very_many_are_not_read() -> None:
    bomb = gzip.compress(bytes(40_000_000))
    reading = read(bomb + STREAM, len(bomb), encoding="gzip")
    assert (reading.usage, reading.is_cut) == (None, False)
    assert len(decoded(bomb, "gzip")) == WHOLE_LIMIT


@pytest.mark.parametrize("ends", [b"\r\n", b"\r"])
@pytest.mark.parametrize("piece", [1, 13, 100_000])
def test_a_stream_with_other_line_ends(ends: bytes, piece: int) -> None:
    reading = read(STREAM.replace(b"\n", ends), piece)
    assert (reading.usage, reading.is_cut) == (RecordedUsage(input=25, output=12, cache_read=7, cache_write=3), False)


def test_what_is_told_behind_a_very_long_event_is_heard() -> None:
    long = event("content_block_delta", delta={"type": "text_delta", "text": "x" * 3_000_000})
    reading = read(long + STREAM, 65_536)
    assert (reading.usage, reading.is_cut) == (RecordedUsage(input=25, output=12, cache_read=7, cache_write=3), False)


def test_later_numbers_replace_earlier_ones() -> None:
    usage = {"input_tokens": 30, "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}
    data = STREAM + event("message_delta", delta={"stop_reason": "end_turn"}, usage=usage)
    assert read(data, 100).usage == RecordedUsage(input=30, output=9, cache_read=7, cache_write=3, reasoning=4)


def test_a_whole_message() -> None:
    body = {"type": "message", "stop_reason": "end_turn", "usage": {**USAGE, "output_tokens": 5}}
    reading = read(encoded(json.dumps(body).encode(), "gzip"), 10, "application/json", "gzip")
    assert reading.usage == RecordedUsage(input=25, output=5, cache_read=7, cache_write=3)
    assert reading.stop_reason == "end_turn"


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
def test_an_error(content_type: str) -> None:
    fields = {"error": {"type": "overloaded_error", "message": "Overloaded"}}
    data = event("error", **fields) if "event" in content_type else json.dumps({"type": "error", **fields}).encode()
    reading = read(data, 10, content_type)
    assert (reading.error_type, reading.error, reading.usage) == ("overloaded_error", "Overloaded", None)


@pytest.mark.parametrize(("encoding", "data"), [("br", STREAM), ("gzip", STREAM), ("", b"data: {message_start\n\n")])
def test_what_it_cannot_read_it_does_not_know(encoding: str, data: bytes) -> None:
    assert read(data, 50, encoding=encoding).usage is None


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([STREAM, b'data: {"type":"message_delta","usage":7}\n\n'])),
    st.sampled_from(["application/json", "text/event-stream", ""]),
    st.sampled_from(["", "gzip", "deflate", "br", "nonsense"]),
)
def test_never_raises(parts: list[bytes], content_type: str, encoding: str) -> None:
    reading = UsageReading(content_type, encoding)
    for part in parts:
        reading.feed(part)
    reading.close()
    assert reading.usage is None or reading.usage.whole_input >= 0


def test_an_event_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "FRAME_LIMIT", 3_000_000)
    reading = read(b"data: " + b"x" * 4_000_000, 1_500_000)
    assert (reading.usage, reading.is_cut) == (None, False)
