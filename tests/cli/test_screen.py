"""An answer on the terminal: wrapped between words as it comes, and nothing of it lost."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from app.cli.answer_printer import AnswerPrinter, Wrap


@given(st.text(alphabet="ab é\n", max_size=80), st.data(), st.integers(min_value=1, max_value=12))
def test_however_it_is_cut_the_words_are_the_same_and_the_lines_fit(text: str, data: st.DataObject, width: int) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(min_value=0, max_value=len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    wrap = Wrap(width)
    written = "".join([*map(wrap.feed, pieces), wrap.rest()])
    assert written.split() == text.split()
    assert written == Wrap(width).whole(text)
    longest = max(map(len, text.split()), default=0)
    assert all(len(line) <= max(width, longest) for line in written.split("\n"))


def test_a_word_is_held_back_until_it_is_whole() -> None:
    wrap = Wrap(10)
    assert [wrap.feed(piece) for piece in ("one impor", "tant", " word")] == ["one", "", "\nimportant"]
    assert wrap.rest() == "\nword"


def test_into_a_pipe_nothing_is_broken_or_coloured() -> None:
    file = io.StringIO()
    screen = AnswerPrinter(Console(file=file, width=20))
    long = "a line that is longer than twenty columns"
    for event in (
        {"type": "message_start", "message": {}},
        {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": long}},
        {"type": "content_block_stop"},
        {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "Read", "input": {}}},
        {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": '{"file":"[red]x"}'}},
        {"type": "content_block_stop"},
        {"type": "error", "error": {"type": "api_error", "message": "cut off"}},
    ):
        screen.event(event)
    screen.result("one\ntwo")
    assert file.getvalue() == f'{long}\n\n[Read] {{"file":"[red]x"}}\nerror: cut off\n  one\n  two\n\n'
