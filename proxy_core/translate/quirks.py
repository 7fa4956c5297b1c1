"""In what each provider's chat completions differ from OpenAI's, as data: a row says what differs, nothing else.

Sources: the providers' API references, and LiteLLM's ``llms/<provider>`` folders, where their deviations are collected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final


class Dial(Enum):
    """How a provider is told to think."""

    NONE = auto()
    EFFORT = auto()
    """``reasoning_effort``: OpenAI, xAI, Groq, Gemini through LiteLLM."""
    REASONING_OBJECT = auto()
    """``reasoning: {effort}`` or ``{max_tokens}``: OpenRouter."""
    THINKING_TYPE = auto()
    """``thinking: {type: enabled | disabled}``: DeepSeek, Z.ai, Moonshot."""
    ENABLE_THINKING = auto()
    """``enable_thinking`` and ``thinking_budget``: DashScope (Qwen)."""
    ANTHROPIC = auto()
    """``thinking: {type, budget_tokens}``, as LiteLLM takes it for Claude on other clouds."""
    EFFORT_OR_BUDGET = auto()
    """``reasoning_effort``, or Anthropic's budget where one was given: Gemini through LiteLLM."""


class Searching(Enum):
    """How a provider is asked to search the web."""

    NONE = auto()
    OPTIONS = auto()
    """``web_search_options``: OpenAI's search, and what LiteLLM makes of it for Gemini, Claude and others."""
    PLUGIN = auto()
    """``plugins: [{id: web}]``: OpenRouter, for every model."""
    BUILT_IN = auto()
    """It searches by itself: Perplexity."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """What a provider's API wants. The defaults suit an unknown OpenAI-compatible server.

    ``system_anywhere``: a ``system`` message may stand after the first one. ``usage_option``: it knows
    ``stream_options``. ``parallel_option``: it knows ``parallel_tool_calls``. ``reasoning_back``: it wants the
    reasoning of earlier turns back as ``reasoning_content``. ``pdf``: it takes ``file`` parts. ``stop_limit``: how
    many stop sequences it takes. ``call_id_limit``: the longest id of a tool call, in characters. ``cache_control``:
    it honours Anthropic's cache marks. ``schema``: it can be held to a JSON schema. ``think_tags``: reasoning may
    stand in the text. ``plain_schemas``: tools' schemas are better without references and the like. ``searching``:
    how it is asked to search the web.
    """

    dial: Dial = Dial.NONE
    max_tokens_field: str = "max_tokens"
    system_anywhere: bool = False
    usage_option: bool = True
    reasoning_back: bool = False
    pdf: bool = False
    stop_limit: int = 4
    call_id_limit: int = 64
    cache_control: bool = False
    schema: bool = True
    parallel_option: bool = False
    think_tags: bool = False
    plain_schemas: bool = True
    searching: Searching = Searching.NONE


LOCAL: Final = Quirks(stop_limit=16, think_tags=True)

_TABLE: Final[Mapping[str, Quirks]] = MappingProxyType(
    {
        "openai": Quirks(
            dial=Dial.EFFORT,
            max_tokens_field="max_completion_tokens",
            system_anywhere=True,
            pdf=True,
            call_id_limit=40,
            parallel_option=True,
            plain_schemas=False,
            searching=Searching.OPTIONS,
        ),
        "azure": Quirks(
            dial=Dial.EFFORT, max_tokens_field="max_completion_tokens", system_anywhere=True, plain_schemas=False
        ),
        "openrouter": Quirks(
            dial=Dial.REASONING_OBJECT,
            system_anywhere=True,
            pdf=True,
            cache_control=True,
            parallel_option=True,
            plain_schemas=False,
            searching=Searching.PLUGIN,
        ),
        "deepseek": Quirks(
            dial=Dial.THINKING_TYPE, system_anywhere=True, stop_limit=16, reasoning_back=True, schema=False
        ),
        "groq": Quirks(dial=Dial.EFFORT, system_anywhere=True, max_tokens_field="max_completion_tokens"),
        "mistral": Quirks(usage_option=False, call_id_limit=9, parallel_option=True),
        "xai": Quirks(dial=Dial.EFFORT, system_anywhere=True),
        "together_ai": Quirks(think_tags=True),
        "fireworks_ai": Quirks(dial=Dial.EFFORT, think_tags=True),
        "moonshot": Quirks(dial=Dial.THINKING_TYPE, system_anywhere=True, reasoning_back=True),
        "zai": Quirks(dial=Dial.THINKING_TYPE, reasoning_back=True, stop_limit=1, schema=False),
        "dashscope": Quirks(dial=Dial.ENABLE_THINKING),
        "cerebras": Quirks(dial=Dial.EFFORT, max_tokens_field="max_completion_tokens"),
        "perplexity": Quirks(think_tags=True, searching=Searching.BUILT_IN),
        "litellm_proxy": Quirks(dial=Dial.EFFORT, system_anywhere=True, pdf=True),
        "gemini": Quirks(
            dial=Dial.EFFORT_OR_BUDGET,
            system_anywhere=True,
            pdf=True,
            stop_limit=5,
            call_id_limit=100_000,
            searching=Searching.OPTIONS,
        ),
        "vertex_ai": Quirks(
            dial=Dial.EFFORT_OR_BUDGET,
            system_anywhere=True,
            pdf=True,
            stop_limit=5,
            call_id_limit=100_000,
            searching=Searching.OPTIONS,
        ),
        "bedrock": Quirks(dial=Dial.ANTHROPIC, system_anywhere=True, pdf=True, cache_control=True),
        "ollama": LOCAL,
        "lm_studio": LOCAL,
        "hosted_vllm": LOCAL,
        "vllm": LOCAL,
        "llamafile": LOCAL,
        "llama_cpp": LOCAL,
        "demo": Quirks(dial=Dial.EFFORT, system_anywhere=True, pdf=True, stop_limit=16, reasoning_back=True),
    }
)


def quirks_of(provider: str) -> Quirks:
    """The provider's row, or the defaults for one without."""
    return _TABLE.get(provider, Quirks(think_tags=True))
