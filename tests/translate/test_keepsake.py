"""What a provider must see again comes back to it, whole, through a client that only knows Anthropic's blocks."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.anthropic_api.request import parse
from proxy_core.anthropic_api.sse import encode
from proxy_core.translate.call import translate
from proxy_core.translate.keepsake import Keepsakes, kept
from proxy_core.translate.quirks import quirks_of
from proxy_core.translate.stream import StreamTranslator
from proxy_core.translate.target_model import TargetModel
from tests.anthropic_grammar import Reading, read


def answer(provider: str, *deltas: dict[str, Any]) -> Reading:
    translator = StreamTranslator("msg_1", "m", provider=provider)
    events = translator.start()
    for delta in deltas:
        translator.feed({"choices": [{"delta": delta}]})
        events += translator.advance()
    translator.feed({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    return read(encode(events + translator.finish(declared_end=True)))


def back(reading: Reading, provider: str) -> dict[str, Any]:
    """The assistant's message that ``provider`` gets when the client sends the answer back."""
    content = [
        {"type": "thinking", "thinking": block.text, "signature": block.signature}
        if block.kind == "thinking"
        else {"type": "text", "text": block.text}
        for block in reading.blocks
    ]
    body = {"model": "m", "messages": [{"role": "assistant", "content": content}, {"role": "user", "content": "go on"}]}
    call = translate(parse(orjson.dumps(body)), TargetModel("x", provider, quirks_of(provider)))
    message: dict[str, Any] = call.body["messages"][0]
    return message


FIRST = {"type": "reasoning.text", "text": "Let me", "index": 0, "format": "f"}
PIECES: tuple[dict[str, Any], ...] = (
    {"reasoning": "Let me", "reasoning_details": [FIRST]},
    {"reasoning": " see.", "reasoning_details": [{"type": "reasoning.text", "text": " see.", "index": 0}]},
    {"reasoning_details": [{"type": "reasoning.text", "index": 0, "signature": "sig"}]},
    {"reasoning_details": [{"type": "reasoning.encrypted", "data": "xyz", "index": 1, "id": "r1"}]},
    {"content": "Done."},
)


def test_openrouter_gets_its_details_back_joined() -> None:
    reading = answer("openrouter", *PIECES)
    assert reading.thinking == "Let me see."
    assert back(reading, "openrouter")["reasoning_details"] == [
        {"type": "reasoning.text", "text": "Let me see.", "index": 0, "format": "f", "signature": "sig"},
        {"type": "reasoning.encrypted", "data": "xyz", "index": 1, "id": "r1"},
    ]


def test_no_other_provider_gets_them() -> None:
    message = back(answer("openrouter", *PIECES), "openai")
    assert message == {"role": "assistant", "content": "Done."}


def test_what_comes_after_the_text_is_kept_as_well() -> None:
    items = [{"type": "reasoning", "id": "rs_1", "encrypted_content": "abc", "summary": []}]
    reading = answer("openai", {"content": "Done."}, {"content": "", "reasoning_items": items})
    assert [block.kind for block in reading.blocks] == ["text", "thinking"]
    assert back(reading, "openai")["reasoning_items"] == items


def test_thinking_blocks_of_litellm() -> None:
    first = {"reasoning_content": "Hm", "thinking_blocks": [{"type": "thinking", "thinking": "Hm"}]}
    last = {"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s"}]}
    reading = answer("vertex_ai", first, last, {"content": "x"})
    assert back(reading, "vertex_ai")["thinking_blocks"] == [{"type": "thinking", "thinking": "Hm", "signature": "s"}]


@given(st.text() | st.binary().map(repr) | st.just("understudy1.") | st.text().map("understudy1.".__add__))
def test_a_signature_of_another_make_is_nothing(signature: str) -> None:
    assert kept(signature, "openrouter") == {}


def test_a_signature_brings_back_only_what_is_kept() -> None:
    keepsakes = Keepsakes()
    keepsakes.add("api_base", [{"x": 1}])
    keepsakes.add("reasoning_details", [{"type": "t"}])
    assert kept(keepsakes.signature("p"), "p") == {"reasoning_details": [{"type": "t"}]}
    assert kept(keepsakes.signature("p"), "q") == {}
