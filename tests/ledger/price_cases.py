"""Answers as providers tell them, with what each cost as a person works it out from the prices beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from proxy_core.anthropic_api.json_text import dumps
from proxy_core.api.recorder import counted
from proxy_core.catalogue.known import Known
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.config.settings import Price, ProviderSettings, Settings
from proxy_core.ledger.request_events import RecordedUsage
from proxy_core.translate.stream import StreamTranslator
from proxy_core.upstream.usage_reading import UsageReading

MONDAY_AT_EIGHT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC).timestamp()
MONDAY_AT_ELEVEN_AT_NIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC).timestamp()
SATURDAY_AT_EIGHT = datetime(2026, 11, 28, 8, 0, tzinfo=UTC).timestamp()

LISTED: Mapping[str, Mapping[str, Any]] = {
    "gpt-4.1": {
        "litellm_provider": "openai",
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 8e-06,
        "cache_read_input_token_cost": 5e-07,
        "input_cost_per_token_batches": 1e-06,
        "input_cost_per_token_priority": 3.5e-06,
        "search_context_cost_per_query": {"search_context_size_medium": 0.025},
    },
    "gemini/gemini-2.5-pro": {
        "litellm_provider": "gemini",
        "input_cost_per_token": 1.25e-06,
        "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "input_cost_per_token_above_200k_tokens_priority": 4.5e-06,
        "output_cost_per_token": 1e-05,
        "output_cost_per_token_above_200k_tokens": 1.5e-05,
        "cache_read_input_token_cost": 1.25e-07,
        "cache_read_input_token_cost_above_200k_tokens": 2.5e-07,
    },
    "claude-sonnet-4-5": {
        "litellm_provider": "anthropic",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
        "cache_read_input_token_cost": 3e-07,
        "cache_creation_input_token_cost": 3.75e-06,
        "cache_creation_input_token_cost_above_1hr": 6e-06,
        "search_context_cost_per_query": {"search_context_size_medium": 0.01},
    },
    "claude-opus-5-5": {
        "litellm_provider": "anthropic",
        "input_cost_per_token": 4e-06,
        "output_cost_per_token": 2e-05,
        "cache_read_input_token_cost": 2e-07,
        "cache_creation_input_token_cost": 5e-06,
        "provider_specific_entry": {"us": 1.1, "fast": 2.0},
    },
    "claude-haiku-5-5": {
        "litellm_provider": "anthropic",
        "input_cost_per_token": 1e-07,
        "output_cost_per_token": 5e-07,
        "cache_read_input_token_cost": 1e-08,
        "cache_creation_input_token_cost": 1.25e-07,
        "cache_creation_input_token_cost_above_1hr": 2e-07,
        "input_cost_per_token_above_100k_tokens": 5e-07,
        "output_cost_per_token_above_100k_tokens": 2.5e-06,
        "cache_read_input_token_cost_above_100k_tokens": 5e-08,
        "cache_creation_input_token_cost_above_100k_tokens": 6.25e-07,
        "cache_creation_input_token_cost_above_1hr_above_100k_tokens": 1e-06,
    },
    "dashscope/qwen-plus": {
        "litellm_provider": "dashscope",
        "input_cost_per_token": 4e-07,
        "output_cost_per_token": 1.2e-06,
        "output_cost_per_reasoning_token": 4e-06,
    },
    "dashscope/qwen3-max": {
        "litellm_provider": "dashscope",
        "tiered_pricing": [
            {"input_cost_per_token": 1.2e-06, "output_cost_per_token": 6e-06, "range": [0, 32000.0]},
            {"input_cost_per_token": 2.4e-06, "output_cost_per_token": 1.2e-05, "range": [32000.0, 128000.0]},
            {"input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05, "range": [128000.0, 252000.0]},
        ],
    },
    "deepseek/deepseek-v4-flash": {
        "litellm_provider": "deepseek",
        "input_cost_per_token": 3e-07,
        "output_cost_per_token": 1.2e-06,
        "cache_read_input_token_cost": 6e-09,
        "off_peak_pricing": {
            "input_cost_per_token": 1.5e-07,
            "output_cost_per_token": 6e-07,
            "cache_read_input_token_cost": 3e-09,
            "windows": [
                {"hours_utc": ["00:00-01:00", "04:00-06:00", "10:00-00:00"], "weekdays": [1, 2, 3, 4, 5]},
                {"hours_utc": "00:00-00:00", "weekdays": [6, 7]},
            ],
        },
    },
    "xai/grok-4": {
        "litellm_provider": "xai",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
    },
    "gemini/gemini-preview": {
        "litellm_provider": "gemini",
        "input_cost_per_token": 0.0,
        "output_cost_per_token": 0.0,
    },
}
"""As LiteLLM's list has them, copied so that the sums below stay what they are."""

KNOWN = Known(
    {"my-box": ProviderSettings(base_url="http://127.0.0.1:1/v1", custom=True)},
    ModelCatalogue(lambda: [(name, {"mode": "chat", **entry}) for name, entry in LISTED.items()]),
)
SETTINGS = Settings(prices={"my-box/m": Price(input=3.0, output=9.0, cache_read=0.3), "my-box/gift": Price()})


def chat(usage: dict[str, Any]) -> tuple[RecordedUsage | None, float | None]:
    """What is heard of a chat completion that ends with this ``usage``."""
    translator = StreamTranslator("msg_1", "claude-sonnet-5-5")
    translator.feed({"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]})
    translator.feed({"choices": [], "usage": usage})
    translator.finish(declared_end=True)
    return counted(translator), translator.cost


def messages(start: dict[str, Any], end: dict[str, Any]) -> tuple[RecordedUsage | None, float | None]:
    """What is heard of an Anthropic stream that begins and ends with these counts."""
    reading = UsageReading()
    for event in (
        {"type": "message_start", "message": {"usage": start}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": end},
        {"type": "message_stop"},
    ):
        reading.feed(b"event: " + str(event["type"]).encode() + b"\ndata: " + dumps(event) + b"\n\n")
    return reading.usage, reading.cost


def prompt(prompt: int, completion: int, *, cached: int = 0, reasoning: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
        **more,
    }


@dataclass(frozen=True)
class Case:
    model: str
    heard: tuple[RecordedUsage | None, float | None]
    usd: float
    at: float = MONDAY_AT_EIGHT
    estimated: bool = True


CASES = {
    # 2,000 x $2 + 10,000 x $0.50 + 500 x $8 per million
    "OpenAI, most of it cached": Case("openai/gpt-4.1", chat(prompt(12_000, 500, cached=10_000)), 0.013),
    # 5,000 x $1.25 + 3,000 x $0.125 + 1,500 x $10; the 1,200 of reasoning are among the 1,500
    "Gemini, with reasoning": Case(
        "gemini/gemini-2.5-pro", chat(prompt(8_000, 1_500, cached=3_000, reasoning=1_200)), 0.021625
    ),
    # over 200,000 all of it costs more: 150,000 x $2.50 + 100,000 x $0.25 + 2,000 x $15
    "Gemini, a long input": Case("gemini/gemini-2.5-pro", chat(prompt(250_000, 2_000, cached=100_000)), 0.43),
    # 200,000 is not over it: 200,000 x $1.25 + 1,000 x $10
    "Gemini, a long input but just": Case("gemini/gemini-2.5-pro", chat(prompt(200_000, 1_000)), 0.26),
    # 12 x $3 + 45,000 x $0.30 + 3,000 x $3.75 (five minutes) + 2,000 x $6 (an hour) + 800 x $15 + 2 searches x $0.01
    "Anthropic, a cache written for both times, and searches": Case(
        "anthropic/claude-sonnet-4-5",
        messages(
            {
                "input_tokens": 12,
                "cache_read_input_tokens": 45_000,
                "cache_creation_input_tokens": 5_000,
                "cache_creation": {"ephemeral_5m_input_tokens": 3_000, "ephemeral_1h_input_tokens": 2_000},
                "output_tokens": 1,
            },
            {"output_tokens": 800, "server_tool_use": {"web_search_requests": 2}},
        ),
        0.068786,
    ),
    # (1,000 x $4 + 10,000 x $0.20 + 500 x $20) x 2 x 1.1
    "Anthropic, in fast mode and in the USA": Case(
        "anthropic/claude-opus-5-5",
        messages(
            {"input_tokens": 1_000, "cache_read_input_tokens": 10_000, "speed": "fast", "inference_geo": "us"},
            {"output_tokens": 500, "speed": "fast"},
        ),
        0.0352,
    ),
    # an hour's writing where the list has no price for it is twice the input: 1,000 x $8 + 500 x $20
    "Anthropic, an hour without a price": Case(
        "anthropic/claude-opus-5-5",
        messages(
            {"cache_creation_input_tokens": 1_000, "cache_creation": {"ephemeral_1h_input_tokens": 1_000}},
            {"output_tokens": 500, "speed": "standard", "inference_geo": "global"},
        ),
        0.018,
    ),
    # the same told by LiteLLM: 3,000 x $3 + 4,000 x $0.30 + 2,000 x $3.75 + 1,000 x $6 + 100 x $15
    "Anthropic through LiteLLM, a cache written for both times": Case(
        "anthropic/claude-sonnet-4-5",
        chat(
            {
                "prompt_tokens": 10_000,
                "completion_tokens": 100,
                "total_tokens": 10_100,
                "prompt_tokens_details": {
                    "cached_tokens": 4_000,
                    "cache_creation_tokens": 3_000,
                    "cache_creation_token_details": {
                        "ephemeral_5m_input_tokens": 2_000,
                        "ephemeral_1h_input_tokens": 1_000,
                    },
                },
            }
        ),
        0.0252,
    ),
    # 120,000 in all are over 100,000: 1,000 x $0.50 + 110,000 x $0.05 + 5,000 x $0.625 + 4,000 x $1 + 2,000 x $2.50
    "Anthropic, a long input that is mostly cached": Case(
        "anthropic/claude-haiku-5-5",
        messages(
            {
                "input_tokens": 1_000,
                "cache_read_input_tokens": 110_000,
                "cache_creation_input_tokens": 9_000,
                "cache_creation": {"ephemeral_5m_input_tokens": 5_000, "ephemeral_1h_input_tokens": 4_000},
                "output_tokens": 2,
            },
            {"output_tokens": 2_000},
        ),
        0.018125,
    ),
    # its own figure, whatever the tokens
    "OpenRouter": Case(
        "openrouter/anthropic/claude-sonnet-4.5", chat(prompt(9_000, 90, cost=0.0123)), 0.0123, estimated=False
    ),
    # the user's own key there: the gateway's fee and the maker's bill
    "OpenRouter, with a key of one's own": Case(
        "openrouter/openai/gpt-4.1",
        chat(prompt(9_000, 90, cost=0.0005, is_byok=True, cost_details={"upstream_inference_cost": 0.02})),
        0.0205,
        estimated=False,
    ),
    "OpenRouter, free": Case("openrouter/some/model:free", chat(prompt(9_000, 90, cost=0)), 0.0, estimated=False),
    # 4,000 x $0.30 + 20,000 x $0.006 + 1,000 x $1.20
    "DeepSeek, mostly from its cache": Case(
        "deepseek/deepseek-v4-flash",
        chat({**prompt(24_000, 1_000), "prompt_cache_hit_tokens": 20_000, "prompt_cache_miss_tokens": 4_000}),
        0.00252,
    ),
    # the half, at the end of the week
    "DeepSeek, in quiet hours": Case(
        "deepseek/deepseek-v4-flash",
        chat({**prompt(24_000, 1_000), "prompt_cache_hit_tokens": 20_000}),
        0.00126,
        at=SATURDAY_AT_EIGHT,
    ),
    # 40,000 x $2.40 + 1,000 x $12
    "DashScope, the second of three tiers": Case("dashscope/qwen3-max", chat(prompt(40_000, 1_000)), 0.108),
    # 10,000 x $0.40 + 1,000 x $1.20 + 2,000 of reasoning x $4
    "DashScope, where reasoning is dearer": Case(
        "dashscope/qwen-plus", chat(prompt(10_000, 3_000, reasoning=2_000)), 0.0132
    ),
    # ten thousand million ticks are a dollar
    "xAI": Case("xai/grok-4", chat(prompt(32, 9, cost_in_usd_ticks=37_756_000)), 0.0037756, estimated=False),
    # an older answer of xAI's without its figure: 94 of reasoning beside 9; 32 x $3 + 103 x $15
    "xAI, reasoning beside the completion": Case(
        "xai/grok-4", chat({**prompt(32, 9, reasoning=94), "total_tokens": 135}), 0.001641
    ),
    "Perplexity": Case("perplexity/sonar", chat(prompt(9, 90, cost={"total_cost": 0.00512})), 0.00512, estimated=False),
    # 7,000 x $3 + 3,000 x $0.30 + 1,000 x $9
    "a price of the user's own": Case("my-box/m", chat(prompt(10_000, 1_000, cached=3_000)), 0.0309),
    "what the user says is free": Case("my-box/gift", chat(prompt(10_000, 1_000)), 0.0),
    "a local model": Case("ollama/qwen3:8b", chat(prompt(10_000, 1_000)), 0.0),
    "the demo model": Case("demo/fast", chat(prompt(10_000, 1_000)), 0.0),
}
