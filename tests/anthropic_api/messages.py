"""Random messages of the Messages API, each with the events of its stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
INPUTS = st.dictionaries(WORDS, VALUES, max_size=3)
COUNTS = st.integers(0, 10**6)
SEARCHED: Json = {"type": "web_search_result", "url": "https://example.com", "title": "t", "encrypted_content": "x"}


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    """A text, cut anywhere."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Json, Json, list[Json]]:
    """A content block, its start and its deltas."""
    match draw(st.sampled_from(["text", "thinking", "tool_use", "server_tool_use", "whole"])):
        case "text":
            return draw(text_blocks())
        case "thinking":
            text = draw(WORDS)
            start: Json = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in draw(pieces(text))]
            signature = [{"type": "signature_delta", "signature": "sig"}]
            return {**start, "thinking": text, "signature": "sig"}, start, deltas + signature
        case "tool_use" | "server_tool_use" as kind:
            arguments = draw(INPUTS)
            name = "web_search" if kind == "server_tool_use" else draw(WORDS)
            start = {"type": kind, "id": f"toolu_{draw(COUNTS)}", "name": name, "input": {}}
            written = json.dumps(arguments, ensure_ascii=draw(st.booleans()))
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in draw(pieces(written))]
            return {**start, "input": arguments}, start, deltas
        case _:
            block: Json = draw(
                st.sampled_from(
                    [
                        {"type": "redacted_thinking", "data": "opaque"},
                        {"type": "web_search_tool_result", "tool_use_id": "s", "content": [SEARCHED]},
                        {"type": "hologram", "depth": {"of": 3}},
                    ]
                )
            )
            return block, block, []


@st.composite
def text_blocks(draw: st.DrawFn) -> tuple[Json, Json, list[Json]]:
    """A text, some with sources."""
    text = draw(WORDS)
    deltas: list[Json] = [{"type": "text_delta", "text": piece} for piece in draw(pieces(text))]
    start: Json = {"type": "text", "text": ""}
    if draw(st.booleans()):
        return {**start, "text": text}, start, deltas
    page = {"type": "page_location", "cited_text": "c", "document_index": 0, "start_page_number": 1}
    citations = [{**page, "document_title": None, "end_page_number": end} for end in draw(st.lists(COUNTS, max_size=2))]
    deltas += [{"type": "citations_delta", "citation": citation} for citation in citations]
    start = {**start, "citations": []}
    return {**start, "text": text, "citations": citations}, start, deltas


@st.composite
def messages(draw: st.DrawFn) -> tuple[Json, list[Json]]:
    """A message that ended well, and the events of its stream."""
    drawn = draw(st.lists(blocks(), max_size=4))
    start_usage = {
        "input_tokens": draw(COUNTS),
        "output_tokens": 1,
        "cache_read_input_tokens": draw(COUNTS),
        "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
        "service_tier": "standard",
    }
    end_usage: Json = draw(
        st.fixed_dictionaries(
            {"output_tokens": COUNTS},
            optional={
                "input_tokens": COUNTS | st.none(),
                "cache_read_input_tokens": COUNTS | st.none(),
                "server_tool_use": st.just({"web_search_requests": 2, "web_fetch_requests": 0}),
            },
        )
    )
    reason = draw(st.sampled_from(["end_turn", "stop_sequence", "max_tokens", "refusal"]))
    delta = {"stop_reason": reason, "stop_sequence": "END" if reason == "stop_sequence" else None}
    opening: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": []}
    opening |= {"stop_reason": None, "stop_sequence": None, "usage": start_usage}
    events: list[Json] = [{"type": "message_start", "message": opening}]
    for index, (_, start, deltas) in enumerate(drawn):
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        for part in deltas:
            events.append({"type": "content_block_delta", "index": index, "delta": part})
            events += [{"type": "ping"}] * draw(st.booleans())
        events.append({"type": "content_block_stop", "index": index})
    events += [{"type": "message_delta", "delta": delta, "usage": end_usage}, {"type": "message_stop"}]
    usage = {**start_usage, **{name: count for name, count in end_usage.items() if count is not None}}
    return {**opening, **delta, "content": [block for block, _, _ in drawn], "usage": usage}, events


def stream(events: Iterable[Mapping[str, Any]], *, ensure_ascii: bool = False, end: str = "\n") -> bytes:
    """The frames of some events."""
    frames = (f"event: {e['type']}{end}data: {json.dumps(e, ensure_ascii=ensure_ascii)}{end}{end}" for e in events)
    return "".join(frames).encode()
