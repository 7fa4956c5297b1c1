"""A web search: asked of those that can, refused honestly for those that cannot, always in Anthropic's blocks."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy_core.anthropic_api.accumulator import accumulate
from proxy_core.anthropic_api.events import event_json
from proxy_core.anthropic_api.request import parse
from proxy_core.anthropic_api.sse import encode
from proxy_core.translate.call import ChatCall, translate
from proxy_core.translate.quirks import quirks_of
from proxy_core.translate.search import SearchTranslator
from proxy_core.translate.target_model import TargetModel
from tests.anthropic_grammar import read

TOOL = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
ASKED = {
    "model": "claude-x",
    "max_tokens": 100,
    "stream": True,
    "tools": [TOOL],
    "tool_choice": {"type": "auto"},
    "messages": [{"role": "user", "content": "Perform a web search for the query: tallest tree"}],
}


def call(provider: str, **facts: Any) -> ChatCall:
    return translate(parse(orjson.dumps(ASKED)), TargetModel("x", provider, quirks_of(provider), **facts))


def answered(chat: ChatCall, *chunks: dict[str, Any]) -> dict[str, Any]:
    assert chat.search is not None
    translator = SearchTranslator("msg_1", "claude-x", chat.search, "p/x")
    events = translator.start()
    for chunk in chunks:
        translator.feed(chunk)
    events += translator.advance() + translator.finish(declared_end=True)
    reading = read(encode(events))
    assert reading.complete
    message = dict(accumulate(map(event_json, events)).fields)
    assert [block["type"] for block in message["content"]] == [block.kind for block in reading.blocks]
    return message


@pytest.mark.parametrize(
    ("provider", "web_search", "possible", "fields"),
    [
        ("openrouter", None, True, {"plugins": [{"id": "web"}]}),
        ("openai", True, True, {"web_search_options": {}}),
        ("openai", None, False, {}),
        ("gemini", True, True, {"web_search_options": {}}),
        ("perplexity", None, True, {}),
        ("ollama", None, False, {}),
        ("groq", True, False, {}),
    ],
)
def test_who_is_asked_and_how(provider: str, web_search: bool | None, possible: bool, fields: dict[str, Any]) -> None:
    chat = call(provider, web_search=web_search)
    assert chat.search is not None
    assert (chat.search.possible, chat.search.query) == (possible, "tallest tree")
    assert fields.items() <= chat.body.items()
    assert chat.body["stream"] is False
    assert not {"tools", "tool_choice", "stream_options"} & set(chat.body)


def test_what_was_found_stands_before_the_text() -> None:
    text = "Hyperion is the tallest."
    cited = {"url": "https://a.example", "title": "Trees", "start_index": 0, "end_index": 8}
    annotations = [
        {"type": "url_citation", "url_citation": cited},
        {"type": "url_citation", "url": "https://b.example"},
    ]
    delta = {"content": text, "annotations": annotations}
    usage = {"prompt_tokens": 9, "completion_tokens": 5}
    message = answered(call("openrouter"), {"choices": [{"delta": delta, "finish_reason": "stop"}], "usage": usage})
    use, result, said = message["content"]
    assert (use["name"], use["input"]) == ("web_search", {"query": "tallest tree"})
    assert result["tool_use_id"] == use["id"]
    assert [(page["url"], page["title"]) for page in result["content"]] == [
        ("https://a.example", "Trees"),
        ("https://b.example", "https://b.example"),
    ]
    assert said["text"] == text
    assert said["citations"][0]["cited_text"] == "Hyperion"
    assert message["usage"]["server_tool_use"] == {"web_search_requests": 1}
    assert message["usage"]["input_tokens"] == 9


def test_links_beside_the_choices() -> None:
    chunk = {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}], "citations": ["https://c.example"]}
    assert answered(call("perplexity"), chunk)["content"][1]["content"][0]["url"] == "https://c.example"


def test_where_nobody_can_search_the_refusal_has_the_shape_of_a_result() -> None:
    message = answered(call("ollama"))
    assert message["content"][1]["content"] == {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    assert "cannot search" in message["content"][2]["text"]
    assert message["usage"]["server_tool_use"] == {"web_search_requests": 0}


def test_a_search_beside_other_tools_is_no_search_turn() -> None:
    tools = [TOOL, {"name": "Bash", "input_schema": {"type": "object"}}]
    chat = translate(parse(orjson.dumps({**ASKED, "tools": tools})), TargetModel("x", "openai", quirks_of("openai")))
    assert chat.search is None
    assert any("web_search" in warning for warning in chat.warnings)
