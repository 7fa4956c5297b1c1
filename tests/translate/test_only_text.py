"""The short way for chunks that bring nothing but text says what the long way says, and is never taken for others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.translate.chunk_reader import ChunkReader
from proxy_core.translate.deltas import Text

EMPTY: st.SearchStrategy[Any] = st.sampled_from([None, "", [], {}, 0])
CALL = [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]
SOMETHING = st.text(max_size=3) | st.just(CALL) | st.just([{"type": "text", "text": "t"}])

FIELDS = ("content", "reasoning_content", "reasoning", "refusal", "tool_calls", "reasoning_details", "annotations")
DELTAS = st.dictionaries(st.sampled_from([*FIELDS, "role", "unheard_of"]), EMPTY | SOMETHING, max_size=4)
USAGE = st.just({"prompt_tokens": 3, "completion_tokens": 4})
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "index": st.sampled_from([0, 0, 0, 1, None]),
        "delta": DELTAS | st.none(),
        "message": DELTAS,
        "finish_reason": st.sampled_from([None, None, "stop", ""]),
        "usage": USAGE | EMPTY,
    },
)
CHUNKS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=3),
        "choices": st.lists(CHOICES, min_size=1, max_size=1) | st.lists(CHOICES, max_size=2) | st.none(),
        "usage": EMPTY | USAGE,
        "x_groq": EMPTY | st.fixed_dictionaries({"usage": USAGE}),
        "citations": EMPTY | st.just(["https://a.example"]),
        "search_results": EMPTY | st.just([{"url": "https://b.example"}]),
    },
)


@given(CHUNKS)
def test_it_is_what_reading_the_chunk_gives(chunk: dict[str, Any]) -> None:
    if text := ChunkReader().only_text(chunk):
        assert ChunkReader().read(chunk) == [Text(text)]


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}], "usage": None},
        {"choices": [{"delta": {"role": "assistant", "content": "x", "reasoning": None, "reasoning_details": []}}]},
    ],
)
def test_it_is_taken_for_the_usual_chunk(chunk: dict[str, Any]) -> None:
    assert ChunkReader().only_text(chunk) == "x"


def test_it_is_not_taken_where_tags_are_looked_for() -> None:
    assert ChunkReader(think_tags=True).only_text({"choices": [{"delta": {"content": "x"}}]}) == ""
