"""The demo model: the same play every night, at the pace that was asked for, for every kind of request there is."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.errors import ModelUnknown
from proxy_core.upstream.demo import PACES, Demo
from proxy_core.upstream.demo_script import example
from proxy_core.upstream.port import Chunk, UpstreamCall
from tests.upstream.calls import drained


class Clock:
    """Counts what was slept, and sleeps not at all."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def tool(name: str, **properties: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": properties}}}


BASH = tool("Bash", command={"type": "string"})
USER = {
    "role": "user",
    "content": "<system-reminder>secret plan</system-reminder>\nlist the files of this project please",
}


def call(*messages: Any, model: str = "instant", stream: bool = True, **body: Any) -> UpstreamCall:
    said = list(messages) or [{"role": "system", "content": "You are Claude Code"}, USER]
    return UpstreamCall("demo", model, {"model": model, "messages": said, "stream": stream, **body})


async def played(request: UpstreamCall) -> dict[str, Any]:
    """The message that the chunks add up to, and how it ended."""
    chunks, error = await drained(await Demo(sleep=Clock().sleep).open(request))
    assert error is None
    return joined(chunks)


def joined(chunks: list[Chunk]) -> dict[str, Any]:
    message: dict[str, Any] = {"content": "", "reasoning_content": "", "finish": None, "calls": {}, "usage": None}
    for chunk in chunks:
        message["usage"] = chunk.get("usage") or message["usage"]
        for choice in chunk["choices"]:
            message["finish"] = choice["finish_reason"] or message["finish"]
            for name in ("content", "reasoning_content"):
                message[name] += choice["delta"].get(name, "")
            for part in choice["delta"].get("tool_calls", ()):
                entry = message["calls"].setdefault(part["index"], {"id": "", "name": "", "arguments": ""})
                entry["id"] = part.get("id", entry["id"])
                entry["name"] = part["function"].get("name", entry["name"])
                entry["arguments"] += part["function"]["arguments"]
    return message


class TestAPrompt:
    async def test_is_answered_with_thinking_and_text_that_quotes_it(self) -> None:
        message = await played(call())
        assert message["reasoning_content"]
        assert "demo model" in message["content"]
        assert "“list the files of this project please”" in message["content"]
        assert "secret plan" not in message["content"]
        assert message["finish"] == "stop"

    async def test_is_answered_the_same_way_every_time(self) -> None:
        first, second = [await drained(await Demo().open(call(tools=[BASH]))) for _ in range(2)]
        assert first == second

    async def test_not_streamed_says_the_same_in_one_chunk(self) -> None:
        streamed, whole = await played(call(tools=[BASH])), await played(call(tools=[BASH], stream=False))
        chunks, _ = await drained(await Demo().open(call(stream=False)))
        assert streamed == whole
        assert len(chunks) == 1

    async def test_counts_what_was_said_and_calls_it_an_estimate(self) -> None:
        usage = (await played(call()))["usage"]
        assert usage["estimated"] is True
        assert usage["prompt_tokens"] > 20
        assert usage["completion_tokens"] > usage["completion_tokens_details"]["reasoning_tokens"] > 10
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]

    async def test_stops_at_the_limit_it_was_given(self) -> None:
        message = await played(call(tools=[BASH], max_tokens=5))
        assert (message["finish"], message["calls"]) == ("length", {})
        assert len(message["reasoning_content"].split()) == 5

    async def test_that_is_no_text_is_answered_all_the_same(self) -> None:
        picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}
        assert (await played(call(picture)))["finish"] == "stop"


class TestATool:
    async def test_is_called_once_with_arguments_in_pieces(self) -> None:
        chunks, _ = await drained(await Demo().open(call(tools=[tool("Edit"), BASH])))
        message = joined(chunks)
        (made,) = message["calls"].values()
        assert (made["id"], made["name"], message["finish"]) == ("call_demo_1", "Bash", "tool_calls")
        assert json.loads(made["arguments"])["command"].startswith("echo ")
        assert sum("tool_calls" in choice["delta"] for chunk in chunks for choice in chunk["choices"]) > 3

    async def test_is_left_alone_when_it_could_do_harm_or_is_forbidden(self) -> None:
        assert (await played(call(tools=[tool("Write"), tool("Edit")])))["calls"] == {}
        assert (await played(call(tools=[BASH], tool_choice="none")))["calls"] == {}

    async def test_is_called_when_the_request_insists(self) -> None:
        pick = tool("pick", color={"enum": ["red", "blue"]}, count={"type": "integer", "minimum": 3})
        for choice in ("required", {"type": "function", "function": {"name": "pick"}}):
            (made,) = (await played(call(tools=[pick], tool_choice=choice)))["calls"].values()
            assert json.loads(made["arguments"]) == {"color": "red", "count": 3}

    @pytest.mark.parametrize("trailing", [[], [{"role": "system", "content": "the time has changed"}]])
    async def test_result_is_quoted_and_closes_the_round(self, trailing: list[Any]) -> None:
        asked = {"role": "assistant", "tool_calls": [{"id": "call_demo_1"}], "content": ""}
        result = {"role": "tool", "tool_call_id": "call_demo_1", "content": "\nUnderstudy is on stage.\nmore"}
        message = await played(call(USER, asked, result, *trailing, tools=[BASH]))
        assert "“Understudy is on stage.”" in message["content"]
        assert (message["calls"], message["finish"]) == ({}, "stop")

    async def test_of_a_second_round_has_an_id_of_its_own(self) -> None:
        asked = {"role": "assistant", "tool_calls": [{"id": "call_demo_1"}], "content": ""}
        result = {"role": "tool", "tool_call_id": "call_demo_1", "content": "ok"}
        said = {"role": "assistant", "content": "The tool answered"}
        (made,) = (await played(call(USER, asked, result, said, USER, tools=[BASH])))["calls"].values()
        assert made["id"] == "call_demo_2"


class TestSideRequests:
    async def test_a_title_is_json_of_the_schema(self) -> None:
        schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
        wanted = {"type": "json_schema", "json_schema": {"name": "title", "schema": schema}}
        message = await played(call(response_format=wanted, tools=[]))
        assert json.loads(message["content"]) == {"title": "list the files of this project please"}
        assert (message["reasoning_content"], message["finish"]) == ("", "stop")

    async def test_a_compaction_is_text_with_a_summary(self) -> None:
        wish = {"role": "user", "content": "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools."}
        message = await played(call(USER, {"role": "assistant", "content": "ok"}, wish, tools=[BASH]))
        assert message["content"].startswith("<analysis>")
        assert (
            "<summary>\n1. The user wrote: “list the files of this project please”.\n</summary>" in message["content"]
        )
        assert message["calls"] == {}

    async def test_a_verdict_stops_before_its_stop_word(self) -> None:
        assert (await played(call(stop=["</block>"], stream=False)))["content"] == "<block>no"


class TestPace:
    @pytest.mark.parametrize("model", ["understudy", "slow", "fast"])
    async def test_one_word_at_a_time(self, model: str) -> None:
        clock = Clock()
        stream = await Demo(sleep=clock.sleep).open(call(model=model))
        batches = [batch async for batch in stream]
        assert {len(batch) for batch in batches} == {1}
        assert set(clock.slept) == {1 / (PACES[model] or 1)}
        assert stream.declared_end

    async def test_instant_is_one_batch_without_sleep(self) -> None:
        clock = Clock()
        stream = await Demo(sleep=clock.sleep).open(call())
        assert len([batch async for batch in stream]) == 1
        assert clock.slept == []

    async def test_closing_ends_it(self) -> None:
        stream = await Demo(sleep=Clock().sleep).open(call(model="slow"))
        assert await anext(stream)
        await stream.aclose()
        assert [batch async for batch in stream] == []
        assert not stream.declared_end

    async def test_cancelling_ends_it(self) -> None:
        stream = await Demo().open(call(model="slow"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await anext(stream)

    async def test_a_model_that_is_none(self) -> None:
        with pytest.raises(ModelUnknown, match="understudy, slow, fast, instant"):
            await Demo().open(call(model="opus"))


SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "number", "boolean", "null"])})
    | st.fixed_dictionaries({"enum": st.lists(st.integers(), min_size=1)})
    | st.fixed_dictionaries({"const": st.text()}),
    lambda inner: (
        st.fixed_dictionaries({"type": st.just("array"), "items": inner, "minItems": st.integers(0, 2)})
        | st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(st.text(), inner)})
        | st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1)})
    ),
    max_leaves=8,
)


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """A judge of its own for the few words of JSON schema used here."""
    if "const" in schema:
        return bool(value == schema["const"])
    if "enum" in schema:
        return value in schema["enum"]
    if "anyOf" in schema:
        return any(accepts(each, value) for each in schema["anyOf"])
    kinds: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}
    match schema["type"]:
        case "array":
            items = all(accepts(schema["items"], each) for each in value)
            return isinstance(value, list) and len(value) >= schema["minItems"] and items
        case "object":
            return value.keys() == schema["properties"].keys() and all(
                accepts(each, value[name]) for name, each in schema["properties"].items()
            )
        case kind:
            return isinstance(value, kinds[kind])


@given(SCHEMAS, st.text(max_size=20))
def test_an_example_is_what_its_schema_accepts(schema: dict[str, Any], words: str) -> None:
    assert accepts(schema, example(schema, words))


def test_an_example_of_references_and_bounds() -> None:
    schema = {
        "$defs": {"name": {"type": "string", "minLength": 8, "maxLength": 8}, "loop": {"$ref": "#/$defs/loop"}},
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/name"}, "b": {"type": ["string", "null"]}, "c": {"$ref": "#/$defs/loop"}},
    }
    assert example(schema, "hello") == {"a": "hello...", "b": "hello", "c": None}
