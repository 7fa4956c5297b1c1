"""Token counts against those that vendors' APIs are published to have given, and what goes into them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from app.services.model_probe.test_image import png
from proxy_core.catalogue.tokenizer import Tokenizer
from proxy_core.translate.call import ChatCall
from proxy_core.translate.measure import NEWER, OLDER, measure_of
from proxy_core.translate.tool_namespace import namespace
from proxy_core.translate.weight import weigh

TOKENIZER = Tokenizer()
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
RECIPE = {
    "type": "object",
    "required": ["ingredients", "instructions", "time_to_cook"],
    "properties": {
        "ingredients": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "unit", "amount"],
                "properties": {
                    "name": {"type": "string"},
                    "unit": {"enum": ["grams", "ml", "cups", "pieces", "teaspoons"], "type": "string"},
                    "amount": {"type": "number"},
                },
            },
        },
        "instructions": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Steps to prepare the recipe (no numbering)",
        },
        "time_to_cook": {"type": "number", "description": "Total time to prepare the recipe in minutes"},
    },
}
WEATHER = {
    "type": "object",
    "properties": {
        "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
        "unit": {
            "type": "string",
            "description": "The unit of temperature to return",
            "enum": ["celsius", "fahrenheit"],
        },
    },
    "required": ["location"],
}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def system(text: str) -> dict[str, Any]:
    return {"role": "system", "content": text}


def tool(name: str, parameters: dict[str, Any], description: str = "") -> dict[str, Any]:
    return {"name": name, "parameters": parameters, **({"description": description} if description else {})}


def count(model: str, messages: list[dict[str, Any]], *functions: dict[str, Any]) -> int:
    body: dict[str, Any] = {"model": model, "messages": messages}
    if functions:
        body["tools"] = [{"type": "function", "function": function} for function in functions]
    weight = weigh(ChatCall(body))
    return weight.total(TOKENIZER.count(weight.texts, weight.measure.vocabulary))


@pytest.mark.parametrize(
    ("model", "messages", "functions", "tokens"),
    [
        # What OpenAI's API answered for these, as openai-chat-tokens records it.
        ("gpt-3.5-turbo", [user("hello")], [], 8),
        ("gpt-3.5-turbo", [user("hello world")], [], 9),
        (
            "gpt-3.5-turbo",
            [
                system("# Important: you're the best robot"),
                user("hello robot"),
                {"role": "assistant", "content": "hello world"},
            ],
            [],
            27,
        ),
        ("gpt-3.5-turbo", [user("hello")], [tool("foo", NOTHING)], 31),
        ("gpt-3.5-turbo", [user("hello")], [tool("foo", NOTHING, "Do a foo")], 36),
        ("gpt-3.5-turbo", [user("hello")], [tool("get_recipe", RECIPE)], 106),
        ("gpt-3.5-turbo", [system("Hello"), user("Hi there")], [tool("do_stuff", NOTHING)], 35),
        # And as OpenAI's cookbook does, "How to count tokens with tiktoken".
        *(
            (
                model,
                [
                    system("You are a helpful assistant that can answer to questions about the weather."),
                    user("What's the weather like in Pittsburgh?"),
                ],
                [tool("get_current_weather", WEATHER, "Get the current weather in a given location")],
                tokens,
            )
            for model, tokens in (("gpt-4", 105), ("gpt-4o", 101), ("gpt-4o-mini", 101))
        ),
    ],
)
def test_openais_own_counts(model: str, messages: list[Any], functions: list[Any], tokens: int) -> None:
    assert count(model, messages, *functions) == tokens


def test_tools_are_read_as_typescript() -> None:
    schema = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "Where"},
            "depth": {"type": ["integer", "null"]},
            "mode": {"anyOf": [{"const": 1}, {"enum": ["a", 2]}]},
            "nested": {"type": "object", "properties": {"x": {"type": "boolean", "description": "not shown so deep"}}},
        },
        "required": ["path"],
    }
    assert namespace([tool("find", schema, "Finds."), tool("stop", {})]) == (
        "namespace functions {\n"
        "\n"
        "// Finds.\n"
        "type find = (_: {\n"
        "// Where\n"
        "path: string,\n"
        "depth?: number | null,\n"
        'mode?: any | "a" | 2,\n'
        "nested?: {\n"
        "  x?: boolean,\n"
        "},\n"
        "}) => any;\n"
        "\n"
        "type stop = () => any;\n"
        "\n"
        "} // namespace functions"
    )


@pytest.mark.parametrize(
    "odd", [None, [], "x", {"properties": []}, {"properties": {"a": 3}}, {"properties": {"a": {}}}]
)
def test_a_schema_that_is_none_breaks_nothing(odd: Any) -> None:
    assert count("gpt-4.1", [user("hi")], {"name": "f", "parameters": odd}) > 0
    assert count("qwen3", [user("hi")], {"name": "f", "parameters": odd}) > 0


def test_a_picture_weighs_by_its_size_and_not_by_its_bytes() -> None:
    data = base64.b64encode(png("blue")).decode()
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    with_picture = {"role": "user", "content": [{"type": "text", "text": "hello"}, picture]}
    for model, tokens in (("gpt-4o", 255), ("gpt-5-mini", 5), ("gemini-2.5-pro", 258), ("nobody", 6)):
        assert count(model, [with_picture]) - count(model, [user("hello")]) == tokens, model


@pytest.mark.parametrize("url", ["https://example.com/a.png", "data:image/png;base64,%%%", "data:image/png,x", "", 3])
def test_a_picture_that_cannot_be_looked_at_weighs_as_a_usual_one(url: Any) -> None:
    message = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}
    assert count("gpt-4o", [message]) == 3 + 4 + 765


@pytest.mark.parametrize(
    ("pdf", "pages"),
    [
        (b"%PDF-1.4 << /Type /Pages /Count 3 >> <</Type/Page>> <</Type /Page >>", 3),
        (b"%PDF-1.4 <</Type/Page>> <</Type /Page/Parent 1 0 R>>", 2),
        (b"%PDF-1.7 " + b"x" * 200_000, 3),
    ],
)
def test_a_pdf_weighs_by_its_pages(pdf: bytes, pages: int) -> None:
    url = f"data:application/pdf;base64,{base64.b64encode(pdf).decode()}"
    part = {"type": "file", "file": {"filename": "a.pdf", "file_data": url}}
    assert count("gemini-2.5-pro", [{"role": "user", "content": [part]}]) == 3 + 4 + pages * 258


def test_calls_and_reasoning_are_counted() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "Bash", "arguments": '{"command": "ls -la /tmp"}'}}
    said = {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "I shall look."}
    bare = {"role": "assistant", "content": None}
    assert count("gpt-4.1", [said]) - count("gpt-4.1", [bare]) > 12


@pytest.mark.parametrize(
    ("model", "vocabulary", "factor"),
    [
        ("gpt-4-turbo", OLDER, 1.0),
        ("gpt-4.1", NEWER, 1.0),
        ("gpt-6-sol", NEWER, 1.0),
        ("responses/o3-pro", NEWER, 1.0),
        ("meta-llama/Llama-3.3-70B", OLDER, 1.0),
        ("anthropic/claude-sonnet-4-5", NEWER, 1.2),
        ("anthropic.claude-3-5-sonnet", NEWER, 1.2),
        ("anthropic/claude-opus-4.8", NEWER, 1.5),
        ("us.anthropic.claude-opus-5-5-v1:0", NEWER, 1.5),
        ("never-heard-of", NEWER, 1.0),
    ],
)
def test_each_family_has_its_measure(model: str, vocabulary: str, factor: float) -> None:
    found = measure_of(model)
    assert (found.vocabulary, found.factor) == (vocabulary, factor)
