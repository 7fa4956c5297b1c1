"""Recorded and documented upstream chunks beside the exact frames that they become.

``<case>.chunks.jsonl`` holds a chunk a line, ``<case>.sse`` the frames; ``<case>.think…`` reads think tags. Rewrite the
frames with ``--update-golden`` and review them like code.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy_core.anthropic_api.json_text import loads
from proxy_core.anthropic_api.sse import encode
from proxy_core.errors import UnderstudyError
from proxy_core.translate.stream import StreamTranslator
from tests.anthropic_grammar import Reading, read

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name.removesuffix(".chunks.jsonl") for path in GOLDEN.glob("*.chunks.jsonl"))


def stream_of(case: str) -> bytes:
    translator = StreamTranslator("msg_golden", "claude-sonnet-5-5", think_tags=case.endswith(".think"))
    events = translator.start()
    try:
        for line in (GOLDEN / f"{case}.chunks.jsonl").read_bytes().split(b"\n"):
            if line:
                translator.feed(loads(line))
                events += translator.advance()
        events += translator.finish(declared_end=True)
    except UnderstudyError as error:
        events += translator.fail(error, "req_golden")
    return encode(events)


@pytest.mark.parametrize("case", CASES)
def test_frames(case: str, update_golden: bool) -> None:
    golden, stream = GOLDEN / f"{case}.sse", stream_of(case)
    read(stream)
    if update_golden:
        golden.write_bytes(stream)
    assert stream == golden.read_bytes()


def reading(case: str) -> Reading:
    return read(stream_of(case))


def test_interleaved_calls_wait_their_turn_without_losing_a_byte() -> None:
    assert [(call.id, dict(call.input)) for call in reading("interleaved-tools").tools] == [
        ("a", {"file_path": "/x"}),
        ("b", {"pattern": "y"}),
    ]


def test_calls_without_ids_get_ids_of_their_own() -> None:
    first, second = reading("ids-missing").tools
    assert first.id != second.id
    assert first.id.startswith("toolu_golden_")


@pytest.mark.parametrize("case", ["arguments-cut-at-the-limit", "arguments-not-json"])
def test_a_call_that_was_cut_is_no_good_end_and_is_not_closed(case: str) -> None:
    cut = reading(case)
    assert not cut.complete
    assert cut.cut_call is not None
    assert cut.cut_call.name == "Write"


def test_cached_tokens_are_counted_once() -> None:
    usage = reading("openai-cached-usage").usage
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (736, 11264)
    usage = reading("openrouter-cache-write").usage
    assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]) == (
        500,
        3000,
        1500,
    )


@pytest.mark.parametrize("case", ["groq-usage", "moonshot-usage-in-choice", "usage-before-the-finish", "usage-twice"])
def test_usage_is_found_wherever_it_hides(case: str) -> None:
    usage = reading(case).usage
    assert usage["output_tokens"] > 0
    assert usage["input_tokens"] > 0


def test_reasoning_between_tags_is_thinking_and_later_tags_are_text() -> None:
    local = reading("ollama-think-tags.think")
    assert (local.thinking, local.text) == ("One two", "Three <think> four")
