"""Entries of the vendors' model lists, in the shapes that their references give."""

from __future__ import annotations

from typing import Any

import pytest

from proxy_core.catalogue.listing import completed, is_for_chat, listed
from proxy_core.catalogue.values import ModelFacts

OPENROUTER = {
    "id": "deepseek/deepseek-v4",
    "context_length": 163_840,
    "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
    "pricing": {"prompt": "0.0000003", "completion": "0.0000012", "input_cache_read": "0.00000003", "request": "0"},
    "top_provider": {"max_completion_tokens": 65_536},
    "supported_parameters": ["tools", "max_tokens"],
}


def test_openrouters_entry_says_most() -> None:
    found = listed("openrouter", OPENROUTER)
    assert (found.name, found.chats) == ("deepseek/deepseek-v4", True)
    assert found.facts == ModelFacts(
        "openrouter/deepseek/deepseek-v4",
        window=163_840,
        max_output=65_536,
        vision=True,
        pdf=False,
        tools=True,
        reasoning=False,
        input_price=3e-7,
        output_price=1.2e-6,
        cache_read_price=3e-8,
    )


@pytest.mark.parametrize(
    ("entry", "chats", "window"),
    [
        ({"id": "x", "type": "chat", "context_length": 8}, True, 8),
        ({"id": "x", "type": "embedding"}, False, None),
        ({"id": "x", "type": "model", "max_input_tokens": 9}, None, 9),
        ({"id": "x", "capabilities": {"completion_chat": False}, "max_context_length": 7}, False, 7),
        ({"id": "x", "context_window": 6, "max_completion_tokens": 3}, None, 6),
        ({"id": "x", "max_model_len": 5}, None, 5),
        ({"id": "x", "meta": {"n_ctx": 4, "n_ctx_train": 99}}, None, 4),
        ({"name": "x", "endpoints": ["embed"]}, False, None),
        ({"name": "models/x", "supportedGenerationMethods": ["generateContent"], "inputTokenLimit": 3}, True, 3),
        ({"id": "x", "architecture": {"output_modalities": ["image"]}}, False, None),
    ],
)
def test_other_vendors_words(entry: dict[str, Any], chats: bool | None, window: int | None) -> None:
    found = listed("p", entry)
    assert (found.name, found.chats, found.facts.window) == ("x", chats, window)


@pytest.mark.parametrize("value", ["-1", "x", "nan", "inf", 0.5, None, "1000"])
def test_a_price_that_is_none_is_unknown_and_not_free(value: object) -> None:
    assert listed("p", {"id": "x", "pricing": {"prompt": value}}).facts.input_price is None


def test_nonsense_in_an_entry_is_passed_over() -> None:
    odd = {"id": "x", "context_length": True, "pricing": [], "architecture": "text", "capabilities": None, "type": 3}
    assert listed("p", odd).facts == ModelFacts("p/x")


def test_what_the_provider_says_goes_before_the_catalogue() -> None:
    catalogue = ModelFacts("p/x", window=10, vision=True, tools=True, input_price=1e-6, responses_only=True)
    live = ModelFacts("p/x", window=20, vision=False)
    assert completed(catalogue, live) == ModelFacts(
        "p/x", window=20, vision=False, tools=True, input_price=1e-6, responses_only=True
    )


@pytest.mark.parametrize(
    ("name", "chats", "tools", "offered"),
    [
        ("gpt-9", None, None, True),
        ("text-embedding-3-small", None, None, False),
        ("whisper-1", None, None, False),
        ("qwen-image-chat", None, True, True),
        ("gpt-9", False, True, False),
        ("gemini-9-tts", True, None, False),
    ],
)
def test_only_what_may_chat_is_offered(name: str, chats: bool | None, tools: bool | None, offered: bool) -> None:
    assert is_for_chat(name, chats, ModelFacts(f"p/{name}", tools=tools)) is offered
