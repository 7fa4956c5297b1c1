"""The judge is judged: good streams are read for what they say, and each rule, broken once, is caught at its frame."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.anthropic_grammar import GrammarFault, read

Frame = dict[str, Any]

MESSAGE: Frame = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 0, "output_tokens": 0},
}


def start(**changed: Any) -> Frame:
    return {"type": "message_start", "message": {**MESSAGE, **changed}}


def opened(index: int, **block: Any) -> Frame:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, **body: Any) -> Frame:
    return {"type": "content_block_delta", "index": index, "delta": body}


def closed(index: int) -> Frame:
    return {"type": "content_block_stop", "index": index}


def ended(reason: str | None = "tool_use", sequence: str | None = None, usage: Any = None) -> Frame:
    body = {"stop_reason": reason, "stop_sequence": sequence}
    return {"type": "message_delta", "delta": body, "usage": usage or {"input_tokens": 7, "output_tokens": 5}}


STOP: Frame = {"type": "message_stop"}
PING: Frame = {"type": "ping"}
ERROR: Frame = {"type": "error", "error": {"type": "api_error", "message": "The provider hung up."}}
TEXT = [opened(0, type="text", text=""), delta(0, type="text_delta", text="Hé"), closed(0)]
GOOD: list[Frame] = [
    start(),
    opened(0, type="thinking", thinking="", signature=""),
    delta(0, type="thinking_delta", thinking="hm"),
    delta(0, type="signature_delta", signature="sig"),
    closed(0),
    PING,
    opened(1, type="text", text=""),
    delta(1, type="text_delta", text="Hé"),
    delta(1, type="text_delta", text="llo"),
    closed(1),
    opened(2, type="tool_use", id="toolu_1", name="Bash", input={}),
    delta(2, type="input_json_delta", partial_json='{"command": '),
    delta(2, type="input_json_delta", partial_json='"ls"}'),
    closed(2),
    opened(3, type="tool_use", id="toolu_2", name="Now", input={}),
    closed(3),
    ended(),
    STOP,
]


def sse(frames: list[Frame]) -> bytes:
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (frame["type"].encode(), json.dumps(frame).encode()) for frame in frames
    )


def test_a_good_stream_is_read_for_what_it_says() -> None:
    reading = read(sse(GOOD))
    assert [block.kind for block in reading.blocks] == ["thinking", "text", "tool_use", "tool_use"]
    assert (reading.thinking, reading.blocks[0].signature, reading.text) == ("hm", "sig", "Héllo")
    assert [(tool.id, tool.name, tool.input) for tool in reading.tools] == [
        ("toolu_1", "Bash", {"command": "ls"}),
        ("toolu_2", "Now", {}),
    ]
    assert reading.usage == {"input_tokens": 7, "output_tokens": 5}
    assert (reading.id, reading.model, reading.stop_reason, reading.complete) == ("msg_1", "m", "tool_use", True)
    assert (reading.error, reading.pings, reading.cut_call) == (None, 1, None)


def test_an_error_is_an_end_of_its_own() -> None:
    reading = read(sse([start(), *TEXT, ERROR]))
    assert (reading.complete, reading.text, reading.stop_reason) == (False, "Hé", None)
    assert reading.error == {"type": "api_error", "message": "The provider hung up."}


def test_an_error_may_come_before_anything_else() -> None:
    assert read(sse([ERROR])).blocks == ()


def test_an_error_may_leave_a_cut_call_open() -> None:
    call = [
        opened(0, type="tool_use", id="t", name="Bash", input={}),
        delta(0, type="input_json_delta", partial_json='{"a'),
    ]
    reading = read(sse([start(), *call, ERROR]))
    assert reading.tools == ()
    assert reading.cut_call is not None
    assert (reading.cut_call.name, reading.cut_call.arguments) == ("Bash", '{"a')


@pytest.mark.parametrize("reason", ["end_turn", "max_tokens", "refusal", "pause_turn", "model_context_window_exceeded"])
def test_every_reason_of_an_end_without_a_call(reason: str) -> None:
    assert read(sse([start(), *TEXT, ended(reason), STOP])).stop_reason == reason


def test_a_stop_sequence_is_named() -> None:
    assert read(sse([start(), *TEXT, ended("stop_sequence", "\n\n"), STOP])).stop_sequence == "\n\n"


def test_the_count_of_a_cut_answer_may_come_with_a_call() -> None:
    assert read(sse([*GOOD[:-2], ended("max_tokens"), STOP])).stop_reason == "max_tokens"


def replaced(number: int, *frames: Frame) -> Callable[[], list[Frame]]:
    return lambda: [*GOOD[:number], *frames, *GOOD[number + 1 :]]


def inserted(number: int, *frames: Frame) -> Callable[[], list[Frame]]:
    return lambda: [*GOOD[:number], *frames, *GOOD[number:]]


def stream(*frames: Frame) -> Callable[[], list[Frame]]:
    return lambda: list(frames)


def without(number: int) -> Callable[[], list[Frame]]:
    return lambda: [*GOOD[:number], *GOOD[number + 1 :]]


BROKEN: dict[str, tuple[Callable[[], list[Frame]], int]] = {
    "no message_start": (without(0), 0),
    "message_start without a message": (replaced(0, {"type": "message_start"}), 0),
    "message_start twice": (inserted(1, start()), 1),
    "message_start without id": (replaced(0, start(id="")), 0),
    "message_start without model": (replaced(0, start(model=None)), 0),
    "message_start of another type": (replaced(0, start(type="msg")), 0),
    "message_start of another role": (replaced(0, start(role="user")), 0),
    "message_start with content": (replaced(0, start(content=[{"type": "text", "text": "x"}])), 0),
    "message_start with a stop reason": (replaced(0, start(stop_reason="end_turn")), 0),
    "message_start without usage": (replaced(0, start(usage=None)), 0),
    "message_start with half a usage": (replaced(0, start(usage={"input_tokens": 1})), 0),
    "message_start with a count that is none": (replaced(0, start(usage={"input_tokens": "1", "output_tokens": 0})), 0),
    "message_start with a negative count": (replaced(0, start(usage={"input_tokens": -1, "output_tokens": 0})), 0),
    "an index that skips": (stream(start(), opened(1, type="text", text="")), 1),
    "an index twice": (inserted(6, opened(0, type="text", text="")), 6),
    "an index that is no number": (stream(start(), {**opened(0, type="text", text=""), "index": False}), 1),
    "a delta of another index": (replaced(7, delta(0, type="text_delta", text="x")), 7),
    "a stop of another index": (replaced(9, closed(0)), 9),
    "two open blocks": (inserted(8, opened(1, type="text", text="")), 8),
    "a delta without a block": (stream(start(), delta(0, type="text_delta", text="x")), 1),
    "a stop without a block": (stream(start(), closed(0)), 1),
    "a block never closed": (without(9), 9),
    "a block open at the end": (stream(start(), *TEXT[:2], ended("end_turn"), STOP), 3),
    "a block without a type": (stream(start(), opened(0, text="")), 1),
    "text in the start": (replaced(6, opened(1, type="text", text="Hé")), 6),
    "no text in the start": (replaced(6, opened(1, type="text")), 6),
    "thinking in the start": (replaced(1, opened(0, type="thinking", thinking="h")), 1),
    "a signature in the start": (replaced(1, opened(0, type="thinking", thinking="", signature="s")), 1),
    "input in the start": (replaced(10, opened(2, type="tool_use", id="t", name="B", input={"a": 1})), 10),
    "no input in the start": (replaced(10, opened(2, type="tool_use", id="t", name="B")), 10),
    "a call without an id": (replaced(10, opened(2, type="tool_use", id="", name="B", input={})), 10),
    "a call without a name": (replaced(10, opened(2, type="tool_use", id="t", input={})), 10),
    "an id twice": (replaced(14, opened(3, type="tool_use", id="toolu_1", name="B", input={})), 14),
    "text in a thinking block": (replaced(2, delta(0, type="text_delta", text="x")), 2),
    "thinking in a text block": (replaced(7, delta(1, type="thinking_delta", thinking="x")), 7),
    "a signature in a text block": (replaced(7, delta(1, type="signature_delta", signature="x")), 7),
    "text in a call": (replaced(11, delta(2, type="text_delta", text="x")), 11),
    "thinking after its signature": (inserted(4, delta(0, type="thinking_delta", thinking="x")), 4),
    "a delta without its payload": (replaced(7, delta(1, type="text_delta")), 7),
    "a delta without a body": (replaced(7, {"type": "content_block_delta", "index": 1}), 7),
    "half a surrogate pair": (replaced(7, delta(1, type="text_delta", text="\ud83d")), 7),
    "arguments that are cut": (without(12), 12),
    "arguments that are no object": (replaced(12, delta(2, type="input_json_delta", partial_json="[1]")), 13),
    "arguments that no JSON has": (replaced(11, delta(2, type="input_json_delta", partial_json='{"a": NaN, "b":')), 13),
    "message_delta twice": (inserted(17, ended()), 17),
    "message_delta without a reason": (replaced(16, ended(None)), 16),
    "message_delta with a reason of no known name": (replaced(16, ended("stop")), 16),
    "message_delta without a body": (replaced(16, {k: v for k, v in ended().items() if k != "delta"}), 16),
    "message_delta without usage": (replaced(16, {k: v for k, v in ended().items() if k != "usage"}), 16),
    "message_delta without output_tokens": (replaced(16, ended(usage={"input_tokens": 1})), 16),
    "message_delta without stop_sequence": (replaced(16, {**ended(), "delta": {"stop_reason": "tool_use"}}), 16),
    "a stop sequence that is not named": (stream(start(), *TEXT, ended("stop_sequence"), STOP), 4),
    "a stop sequence that did not end it": (stream(start(), *TEXT, ended("end_turn", "x"), STOP), 4),
    "tool_use without a call": (stream(start(), *TEXT, ended("tool_use"), STOP), 4),
    "end_turn after a call": (replaced(16, ended("end_turn")), 16),
    "a block after message_delta": (inserted(17, opened(4, type="text", text="")), 17),
    "message_stop without message_delta": (without(16), 16),
    "no message_stop": (without(17), 17),
    "nothing at all": (stream(), 0),
    "only a ping": (stream(PING), 1),
    "something after the end": (inserted(18, PING), 18),
    "something after an error": (stream(start(), ERROR, PING), 2),
    "an error while text is open": (stream(start(), *TEXT[:2], ERROR), 3),
    "an error while thinking is open": (stream(start(), *GOOD[1:3], ERROR), 3),
    "an error while a finished call is open": (inserted(13, ERROR), 13),
    "an error after message_delta": (replaced(17, ERROR), 17),
    "an error without a message": (stream(start(), {"type": "error", "error": {"type": "api_error"}}), 1),
    "an event of no known name": (inserted(5, {"type": "content_block_pause"}), 5),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule_broken_once_is_caught_at_its_frame(name: str) -> None:
    frames, number = BROKEN[name]
    with pytest.raises(GrammarFault) as fault:
        read(sse(frames()))
    assert fault.value.frame == number, fault.value.what


WHOLE = sse(GOOD)
FRAMING: dict[str, tuple[bytes, str]] = {
    "cut in a frame": (WHOLE[:-1], "cut in the middle"),
    "cut after the last good frame": (WHOLE + b"event: ping", "cut in the middle"),
    "no event line": (WHOLE.replace(b"event: ping\n", b""), "1 lines"),
    "no data line": (WHOLE.replace(b'data: {"type": "ping"}\n', b""), "1 lines"),
    "two data lines": (WHOLE.replace(b'data: {"type": "ping"}\n', b'data: {"type":\ndata: "ping"}\n'), "3 lines"),
    "an event line without a space": (WHOLE.replace(b"event: ping", b"event:ping"), "not an event line"),
    "a data line without a space": (
        WHOLE.replace(b'data: {"type": "ping"}', b'data:{"type": "ping"}'),
        "not an event line",
    ),
    "another name than the type": (
        WHOLE.replace(b"event: ping", b"event: pong"),
        "event 'pong' with data of type 'ping'",
    ),
    "CRLF": (WHOLE.replace(b"\n", b"\r\n"), "cut in the middle"),
    "a carriage return": (WHOLE.replace(b"event: ping\n", b"event: ping\r\n"), "carriage return"),
    "a comment": (WHOLE.replace(b"event: ping\n", b": still here\n\nevent: ping\n"), "1 lines"),
    "an empty frame": (WHOLE.replace(b"event: ping\n", b"\n\nevent: ping\n"), "1 lines"),
    "bad JSON": (WHOLE.replace(b'{"type": "ping"}', b'{"type": "ping"'), "not UTF-8 JSON"),
    "NaN": (WHOLE.replace(b'{"type": "ping"}', b'{"type": "ping", "at": NaN}'), "not UTF-8 JSON"),
    "not an object": (WHOLE.replace(b'{"type": "ping"}', b'["ping"]'), "not an object"),
    "not UTF-8": (WHOLE.replace(b'{"type": "ping"}', b'{"type": "ping", "at": "\xff"}'), "not UTF-8 JSON"),
    "the other API's end": (WHOLE + b"data: [DONE]\n\n", "1 lines"),
}


@pytest.mark.parametrize("name", FRAMING)
def test_each_fault_of_framing_is_caught(name: str) -> None:
    stream, what = FRAMING[name]
    with pytest.raises(GrammarFault, match=what):
        read(stream)
