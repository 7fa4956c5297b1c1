"""Bodies as turns: what Claude Code sends and what comes back, whole or damaged."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversation.edits import LONGEST, edit
from app.conversation.reading import conversation, laid_out, spoken
from app.conversation.turns import (
    Call,
    DiffMark,
    Edit,
    Failure,
    Picture,
    Speaker,
    Thought,
    Tool,
    ToolResult,
    Turn,
    Unknown,
    Words,
)
from app.windows.watch.spans import FIRST_SHOWN, LONGEST_LINE, Look, conversation_sheet, text_sheet
from tests.app.watch import scenes


def test_a_request_reads_as_system_tools_and_turns() -> None:
    turns = conversation(scenes.request_body(1), scenes.answer_body("Done now."))
    speakers = [turn.speaker for turn in turns]
    assert speakers == [
        Speaker.SYSTEM,
        Speaker.TOOLS,
        Speaker.USER,
        Speaker.ASSISTANT,
        Speaker.USER,
        Speaker.ASSISTANT,
        Speaker.USER,
        Speaker.ANSWER,
    ]
    assert turns[1].pieces[0] == Tool("Bash", "Bash does its work.")
    thought, words, call = turns[3].pieces
    assert thought == Thought("The route is missing; the test says so.")
    assert words == Words("Let me run the tests.")
    assert call == Call("Bash", "toolu_0", "pytest -k health_0")
    assert turns[4].pieces == (ToolResult("Bash", "toolu_0", False, (Words("2 passed in 0.41s"),)),)
    failed, picture = turns[6].pieces
    assert failed == ToolResult("Edit", "toolu_e", True, (Words("File has not been read yet."),))
    assert isinstance(picture, Picture)
    assert picture.media_type == "image/png"
    assert turns[7].pieces == (Words("Done now. "),)


def test_an_edit_reads_as_the_lines_it_changes() -> None:
    told = edit("Edit", "id", {"file_path": "/a.py", "old_string": "a\nb\nc\n", "new_string": "a\nB\nc\n"})
    assert told == Edit(
        "Edit", "id", "/a.py", ((DiffMark.SAME, "a"), (DiffMark.GONE, "b"), (DiffMark.NEW, "B"), (DiffMark.SAME, "c"))
    )
    assert edit("Write", "id", {"file_path": "/a", "content": "x\n"}) == Edit(
        "Write", "id", "/a", ((DiffMark.NEW, "x"),)
    )
    several = edit("MultiEdit", "id", {"file_path": "/a", "edits": [{"old_string": "a", "new_string": "b"}] * 2})
    assert several is not None
    assert [mark for mark, _ in several.lines] == [DiffMark.GONE, DiffMark.NEW] * 2
    assert edit("Bash", "id", {"command": "ls"}) is None


@given(old=st.text("ab\n", max_size=40), new=st.text("ab\n", max_size=40))
def test_an_edit_loses_no_line(old: str, new: str) -> None:
    told = edit("Edit", "id", {"file_path": "/a", "old_string": old, "new_string": new})
    assert told is not None

    def lines(text: str) -> list[str]:
        return text.removesuffix("\n").split("\n") if text else []

    assert [line for mark, line in told.lines if mark is not DiffMark.NEW] == lines(old)
    assert [line for mark, line in told.lines if mark is not DiffMark.GONE] == lines(new)


def test_a_long_edit_is_not_compared_line_by_line() -> None:
    told = edit("Edit", "id", {"old_string": "a\n" * (LONGEST + 1), "new_string": "a\n"})
    assert told is not None
    assert [mark for mark, _ in told.lines] == [DiffMark.GONE] * (LONGEST + 1) + [DiffMark.NEW]


def test_a_streamed_answer_with_calls_is_put_together() -> None:
    events = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "Bash"}},
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": '{"command":'},
        },
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '"ls"}'}},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Too busy."}},
    ]
    body = b"".join(b"event: x\ndata: " + orjson.dumps(event) + b"\n\n" for event in events)
    (turn,) = conversation(b"", body)
    assert turn == Turn(
        Speaker.ANSWER, (Thought("Hm."), Call("Bash", "t", "ls"), Failure("overloaded_error", "Too busy."))
    )


def test_an_answer_that_was_not_streamed_reads_the_same() -> None:
    body = orjson.dumps({"type": "message", "content": [{"type": "text", "text": "Yes."}]})
    assert conversation(b"", body) == (Turn(Speaker.ANSWER, (Words("Yes."),)),)
    error = orjson.dumps({"type": "error", "error": {"type": "api_error", "message": "No."}})
    assert conversation(b"", error) == (Turn(Speaker.ANSWER, (Failure("api_error", "No."),)),)
    assert spoken(b"", body) == "Yes."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"messages": 3}',
        b'{"messages": [3, {"content": 4}]}',
        b"\xff\xfe",
        b'{"system": [1]}',
    ],
)
def test_damaged_requests_give_no_turns_and_no_error(body: bytes) -> None:
    assert conversation(body) == ()


def test_an_unknown_block_says_its_type() -> None:
    body = orjson.dumps({"messages": [{"role": "user", "content": [{"type": "hologram"}]}]})
    assert conversation(body) == (Turn(Speaker.USER, (Unknown("hologram"),)),)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "content", "messages", "role", "input", "name", "id", "source", "system", "tools"]
            ),
            inner | st.sampled_from(["text", "tool_use", "tool_result", "image", "thinking", "assistant"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(request=json_values, answer=json_values)
def test_no_body_whatever_stops_the_reader(request: object, answer: object) -> None:
    for body in (orjson.dumps(answer), b"data: " + orjson.dumps(answer) + b"\n\n"):
        turns = conversation(orjson.dumps(request), body)
        assert conversation_sheet(turns) == conversation_sheet(turns)


def test_json_is_laid_out_and_anything_else_left_as_it_is() -> None:
    assert laid_out(b'{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert laid_out(b"event: x\n") == "event: x\n"


def test_a_long_text_is_shown_in_part_and_its_lines_are_broken() -> None:
    sheet = text_sheet("x" * (FIRST_SHOWN * 2))
    assert sheet.whole is not None
    assert sum(len(span.text) for span in sheet.first) == FIRST_SHOWN
    assert max(map(len, sheet.whole[0].text.split("\n"))) <= LONGEST_LINE
    assert sheet.whole[0].text.replace("\n", "") == "x" * (FIRST_SHOWN * 2)


def test_a_long_conversation_shows_its_end_first() -> None:
    turns = conversation(scenes.request_body(900), scenes.answer_body("The very end."))
    sheet = conversation_sheet(turns)
    shown = "".join(span.text for span in sheet.first)
    assert "The very end." in shown
    assert "earlier turns are left out here" in shown
    assert len(shown) < FIRST_SHOWN * 1.5
    assert sheet.first[sheet.start].text == "Answer\n"
    assert sheet.whole is not None
    assert "You are Claude Code" in "".join(span.text for span in sheet.whole)


def test_changes_and_failures_have_looks_of_their_own() -> None:
    sheet = conversation_sheet(conversation(scenes.request_body(1), b""))
    looks = {span.look for span in sheet.first}
    assert {Look.NEW, Look.BAD, Look.THOUGHT, Look.SPEAKER, Look.NAME, Look.MONO} <= looks
