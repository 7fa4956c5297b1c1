"""What a request of the Messages API becomes for a model of another vendor."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy_core.anthropic_api.request import parse
from proxy_core.translate.call import ChatCall, translate
from proxy_core.translate.quirks import quirks_of
from proxy_core.translate.target_model import TargetModel

PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}


def call(
    messages: list[dict[str, Any]], provider: str = "openai", *, facts: dict[str, Any] | None = None, **fields: Any
) -> ChatCall:
    body = {"model": "claude-sonnet-5-5", "max_tokens": 1000, "messages": messages, **fields}
    return translate(parse(orjson.dumps(body)), TargetModel("gpt-x", provider, quirks_of(provider), **(facts or {})))


def turns(messages: list[dict[str, Any]], provider: str = "openai", **fields: Any) -> list[dict[str, Any]]:
    return list(call(messages, provider, **fields).body["messages"])


def user(*content: dict[str, Any] | str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": c} if isinstance(c, str) else c for c in content]}


def use(id_: str, name: str = "Bash", **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id_, "name": name, "input": given}


def result(id_: str, content: Any = "done", **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id_, "content": content, **fields}


def assistant(*content: dict[str, Any] | str) -> dict[str, Any]:
    return {**user(*content), "role": "assistant"}


def tool(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "description": f"{name}s.", "input_schema": {"$schema": "x", "type": "object"}, **fields}


class TestConversation:
    def test_the_system_prompt_comes_first_without_the_billing_block(self) -> None:
        system = [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2; cc_entrypoint=cli;"},
            {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Be brief."},
        ]
        assert turns([user("hi")], system=system) == [
            {"role": "system", "content": "You are Claude Code.\n\nBe brief."},
            {"role": "user", "content": "hi"},
        ]

    def test_cache_marks_go_to_those_that_use_them(self) -> None:
        system = [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}]
        assert turns([user("hi")], "openrouter", system=system)[0]["content"] == system

    def test_a_system_turn_stays_in_its_place(self) -> None:
        messages = [user("hi"), {"role": "system", "content": "Tools changed."}]
        assert turns(messages)[-1] == {"role": "system", "content": "Tools changed."}
        assert turns(messages, "ollama")[-1] == {
            "role": "user",
            "content": "<system-reminder>\nTools changed.\n</system-reminder>",
        }

    def test_a_tool_loop(self) -> None:
        messages = [
            user("list"),
            assistant({"type": "thinking", "thinking": "Hm.", "signature": ""}, "I look.", use("t1", command="ls")),
            user(result("t1", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), "and then?"),
        ]
        assert turns(messages) == [
            {"role": "user", "content": "list"},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {"id": "t1", "type": "function", "function": {"name": "Bash", "arguments": '{"command":"ls"}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "t1", "content": "a\nb"},
            {"role": "user", "content": "and then?"},
        ]

    def test_results_follow_their_calls_whatever_stands_between(self) -> None:
        messages = [
            assistant(use("t1"), use("t2")),
            {"role": "system", "content": "A reminder."},
            user("look:", result("t2"), result("t1", is_error=True)),
        ]
        assert [(m["role"], m.get("tool_call_id"), m["content"]) for m in turns(messages)] == [
            ("assistant", None, None),
            ("tool", "t2", "done"),
            ("tool", "t1", "Error: done"),
            ("system", None, "A reminder."),
            ("user", None, "look:"),
        ]

    def test_a_call_without_a_result_is_told_as_interrupted(self) -> None:
        made = call([assistant(use("t1")), user("never mind")])
        assert [m["role"] for m in made.body["messages"]] == ["assistant", "tool", "user"]
        assert "interrupted" in made.body["messages"][1]["content"]
        assert any("no result" in warning for warning in made.warnings)

    def test_a_result_without_a_call_is_text(self) -> None:
        made = call([user(result("lost", "42"))])
        assert made.body["messages"] == [{"role": "user", "content": "[Result of an earlier tool call]\n42"}]
        assert made.warnings

    def test_empty_results_say_so(self) -> None:
        nothing: tuple[Any, ...] = ("", [], None)
        for content in nothing:
            assert turns([assistant(use("t1")), user(result("t1", content))])[1]["content"] == "(no output)"

    def test_long_ids_are_shortened_alike_for_call_and_result(self) -> None:
        id_ = "call_" + "x" * 90
        made = turns([assistant(use(id_)), user(result(id_))])
        short = made[0]["tool_calls"][0]["id"]
        assert len(short) <= 40
        assert made[1]["tool_call_id"] == short
        mistral = turns([assistant(use(id_)), user(result(id_))], "mistral")
        assert len(mistral[0]["tool_calls"][0]["id"]) == 9

    def test_reasoning_goes_back_to_those_that_want_it(self) -> None:
        messages = [assistant({"type": "thinking", "thinking": "Hm."}, use("t1")), user(result("t1"))]
        assert turns(messages, "deepseek")[0]["reasoning_content"] == "Hm."
        assert "reasoning_content" not in turns(messages, "openai")[0]

    def test_unknown_blocks_are_left_out_and_said(self) -> None:
        made = call([user({"type": "hologram"}, "hi"), assistant({"type": "server_tool_use"}, "yes")])
        assert [m["content"] for m in made.body["messages"]] == ["hi", "yes"]
        assert len(made.warnings) == 2


class TestPicturesAndDocuments:
    def test_an_image(self) -> None:
        assert turns([user("see", {"type": "image", "source": PNG})])[0]["content"] == [
            {"type": "text", "text": "see"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        ]

    def test_an_image_in_a_result_follows_the_results(self) -> None:
        made = turns(
            [
                assistant(use("t1", "Read"), use("t2")),
                user(result("t1", [{"type": "image", "source": PNG}]), result("t2")),
            ]
        )
        assert [m["role"] for m in made] == ["assistant", "tool", "tool", "user"]
        assert made[1]["content"] == "(shown below)"
        assert made[3]["content"][1]["type"] == "image_url"

    def test_a_model_that_cannot_see_is_told_what_is_missing(self) -> None:
        made = call([user({"type": "image", "source": PNG})], facts={"vision": False})
        assert "cannot see" in made.body["messages"][0]["content"]
        assert any("images" in warning for warning in made.warnings)

    def test_a_pdf_where_it_is_taken_and_where_not(self) -> None:
        document = {"type": "document", "source": PDF, "title": "a.pdf"}
        taken = turns([user(document)])[0]["content"][0]
        assert taken["file"] == {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}
        refused = call([user(document)], "groq")
        assert "PDF" in refused.body["messages"][0]["content"]
        assert any("PDF" in warning for warning in refused.warnings)

    def test_a_text_document_is_text(self) -> None:
        document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "abc"}}
        assert turns([user(document)])[0]["content"] == "abc"


class TestTools:
    def test_a_function_per_tool_without_what_only_anthropic_knows(self) -> None:
        made = call(
            [user("hi")],
            tools=[
                tool("Bash", cache_control={"type": "ephemeral"}, defer_loading=True),
                tool("DeferredToolPlaceholder", defer_loading=True),
                {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
            ],
        )
        assert made.body["tools"] == [
            {
                "type": "function",
                "function": {
                    "name": "Bash",
                    "description": "Bashs.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ]
        assert any("web_search" in warning for warning in made.warnings)

    def test_names_that_are_too_long_or_unfit_come_back(self) -> None:
        long, odd = "mcp__" + "x" * 80, "a.b/c"
        made = call([assistant(use("t1", long)), user(result("t1"))], tools=[tool(long), tool(odd), tool("a_b_c")])
        sent = [t["function"]["name"] for t in made.body["tools"]]
        assert all(len(name) <= 64 for name in sent)
        assert len(set(sent)) == 3
        assert [made.tool_names.get(name, name) for name in sent] == [long, odd, "a_b_c"]
        assert made.body["messages"][0]["tool_calls"][0]["function"]["name"] == sent[0]

    @pytest.mark.parametrize(
        ("choice", "sent"),
        [
            ({"type": "auto"}, "auto"),
            ({"type": "any"}, "required"),
            ({"type": "none"}, "none"),
            ({"type": "tool", "name": "Bash"}, {"type": "function", "function": {"name": "Bash"}}),
            ({"type": "tool", "name": "Gone"}, None),
        ],
    )
    def test_choice(self, choice: dict[str, Any], sent: Any) -> None:
        assert call([user("hi")], tools=[tool("Bash")], tool_choice=choice).body.get("tool_choice") == sent

    def test_one_at_a_time(self) -> None:
        choice = {"type": "auto", "disable_parallel_tool_use": True}
        assert call([user("x")], tools=[tool("B")], tool_choice=choice).body["parallel_tool_calls"] is False

    def test_no_choice_without_tools(self) -> None:
        assert "tool_choice" not in call([user("hi")], tool_choice={"type": "any"}).body

    def test_a_reference_becomes_the_tools_description(self) -> None:
        found = result("t1", [{"type": "tool_reference", "tool_name": "WebFetch"}])
        made = turns([assistant(use("t1", "ToolSearch")), user(found)], tools=[tool("WebFetch", defer_loading=True)])
        assert "WebFetchs." in made[1]["content"]


class TestThinkingAndLimits:
    @pytest.mark.parametrize(
        ("provider", "thinking", "effort", "sent"),
        [
            ("openai", {"type": "adaptive"}, "high", {"reasoning_effort": "high"}),
            ("openai", {"type": "adaptive"}, "max", {"reasoning_effort": "high"}),
            ("openai", {"type": "enabled", "budget_tokens": 2000}, None, {"reasoning_effort": "low"}),
            ("openai", {"type": "disabled"}, "high", {}),
            ("openrouter", {"type": "enabled", "budget_tokens": 2000}, None, {"reasoning": {"max_tokens": 2000}}),
            ("openrouter", {"type": "adaptive"}, "medium", {"reasoning": {"effort": "medium"}}),
            ("deepseek", {"type": "adaptive"}, "high", {"thinking": {"type": "enabled"}}),
            ("deepseek", {"type": "disabled"}, None, {"thinking": {"type": "disabled"}}),
            ("dashscope", {"type": "adaptive"}, "low", {"enable_thinking": True, "thinking_budget": 4096}),
        ],
    )
    def test_each_providers_dial(
        self, provider: str, thinking: dict[str, Any], effort: str | None, sent: dict[str, Any]
    ) -> None:
        config = {"output_config": {"effort": effort}} if effort else {}
        made = call([user("x")], provider, facts={"reasoning": True}, thinking=thinking, **config)
        dials = ("reasoning_effort", "reasoning", "thinking", "enable_thinking", "thinking_budget")
        assert {name: made.body[name] for name in dials if name in made.body} == sent

    def test_a_model_that_does_not_think_is_not_asked_to(self) -> None:
        made = call([user("x")], facts={"reasoning": False}, thinking={"type": "adaptive"})
        assert "reasoning_effort" not in made.body
        assert any("think" in warning for warning in made.warnings)

    def test_limits(self) -> None:
        assert call([user("x")]).body["max_completion_tokens"] == 1000
        made = call([user("x")], "groq", facts={"max_output": 500})
        assert made.body["max_completion_tokens"] == 500
        assert any("max_tokens" in warning for warning in made.warnings)
        assert call([user("x")], "ollama").body["max_tokens"] == 1000

    def test_chance_and_stops(self) -> None:
        fields: dict[str, Any] = {"temperature": 0.2, "top_p": 0.9, "top_k": 5, "stop_sequences": list("abcdef")}
        made = call([user("x")], **fields)
        assert (made.body["temperature"], made.body["top_p"], made.body["stop"]) == (0.2, 0.9, list("abcd"))
        assert len(made.warnings) == 2
        reasoning = call([user("x")], facts={"reasoning": True}, **fields)
        assert not {"temperature", "top_p", "stop"} & set(reasoning.body)

    def test_structured_output(self) -> None:
        schema = {"type": "object", "properties": {"title": {"type": "string"}}}
        config = {"format": {"type": "json_schema", "schema": schema}}
        assert call([user("x")], output_config=config).body["response_format"]["json_schema"]["schema"] == schema
        asked = call([user("x")], "deepseek", output_config=config)
        assert asked.body["response_format"] == {"type": "json_object"}
        assert "title" in asked.body["messages"][-1]["content"]

    def test_streaming_asks_for_usage_where_that_is_known(self) -> None:
        assert call([user("x")], stream=True).body["stream_options"] == {"include_usage": True}
        assert "stream_options" not in call([user("x")], "mistral", stream=True).body
        assert call([user("x")]).body["stream"] is False

    def test_nothing_that_steers_the_call_comes_from_the_body(self) -> None:
        words = ("api_base", "base_url", "api_key", "extra_headers", "extra_body", "litellm_params", "mock_response")
        steering: dict[str, Any] = dict.fromkeys(words, "http://evil.example")
        made = call([user("x")], **steering)
        assert b"evil" not in orjson.dumps(made.body)
