"""The words by which providers say that a request is too big for a model, read into numbers.

Each wording is one row. The rows come from the providers' documentation and from answers quoted in public issues;
where a provider gives no numbers the row has none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final


@dataclass(frozen=True, slots=True)
class InputTooLong:
    """The input does not fit the window. In tokens; None where the provider did not say."""

    tokens: int | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class SumTooLong:
    """The input would fit the window, but not together with the output that was asked for. In tokens."""

    tokens: int
    asked: int
    window: int


@dataclass(frozen=True, slots=True)
class OutputTooHigh:
    """More output was asked for than the model gives. In tokens; ``asked`` is None where it was not repeated."""

    limit: int
    asked: int | None = None


TooBig = InputTooLong | SumTooLong | OutputTooHigh

_NAME: Final = re.compile(r"<(\w+)>")


@cache
def _rows(wordings: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """``<name>`` in a wording stands for a number of that name. Compiled when the first provider complains."""
    return tuple(re.compile(_NAME.sub(_named_number, wording), re.IGNORECASE | re.DOTALL) for wording in wordings)


def _named_number(name: re.Match[str]) -> str:
    return rf"[`'(\[]*(?P<{name[1]}>\d[\d,_]{{0,20}})[`')\]]*"


_OUTPUT: Final = (
    r"max_(?:completion_)?tokens:? is too large: <asked>\. this model supports at most <limit>",  # OpenAI
    r"max_tokens: <asked> > <limit>, which is the maximum allowed number of output tokens",  # Anthropic
    r"valid range of max_tokens is \[\d+, ?<limit>",  # DeepSeek
    r"range of max_tokens should be \[\d+, ?<limit>",  # DashScope
    r"`?max_(?:completion_)?tokens`? must be less than or equal to <limit>",  # Groq
    # Gemini, Vertex
    r"maxoutputtokens value of <asked> but the supported range is from 1 \(inclusive\) to <above> \(exclusive\)",
    r"max_output_tokens.{0,80}from 1 \(inclusive\) to <above> \(exclusive\)",
    r"maximum tokens you requested exceeds the model limit of <limit>",  # Bedrock
    r"max tokens must be less than or equal to <limit>",  # Cohere
)

_SUM: Final = (
    r"exceed context limit: <tokens> \+ <asked> > <window>",  # Anthropic
    # OpenAI, DeepSeek, vLLM
    (
        r"maximum context length is <window> tokens.{0,60}requested <total> tokens \(<tokens> in the "
        r"(?:messages|prompt), <asked> in the completion"
    ),
    r"maximum context length is <window> tokens.{0,60}requested <total> tokens \(<tokens> in your prompt; <asked> for",
    (
        r"maximum context length is <window> tokens.{0,60}requested about <total> tokens \(<tokens> of text input"
        r".{0,80}?<asked> in the output"
    ),  # OpenRouter
    r"is too large: <asked>\. this model's maximum context length is <window> tokens and your request has <tokens> ",
    (
        r"maximum context length is <window> tokens.{0,40}requested <asked> output tokens and your prompt contains "
        r"(?:at least )?<tokens> input"
    ),  # vLLM
    (
        r"maximum context length of <window> tokens\. you requested a total of <total> tokens: <tokens> tokens from "
        r"the input messages and <asked> tokens for the completion"
    ),  # SGLang
    r"must be <= <window>\. given: <tokens> `inputs` tokens and <asked> `max_new_tokens`",  # Hugging Face
)

_INPUT: Final = (
    r"prompt is too long: <tokens> tokens > <window> maximum",  # Anthropic
    r"prompt is too long: <tokens>, model maximum context length: <window>",  # Fireworks
    # OpenAI
    r"maximum context length is <window> tokens.{0,60}?(?:resulted in|requested|request has) (?:about )?<tokens>",
    r"maximum prompt length is <window> but the request contains <tokens>",  # xAI
    r"input token count <tokens> exceeds the maximum number of tokens allowed:? <window>",  # Gemini
    r"input token count exceeds the maximum number of tokens allowed:? <window>",
    r"request <tokens> tokens\) exceeds the available context size \(<window> tokens",  # llama.cpp
    r"\"n_prompt_tokens\": ?<tokens>.{0,40}\"n_ctx\": ?<window>",
    r"prompt contains <tokens> tokens.{0,40}too large for model with <window> maximum context length",  # Mistral
    r"current length is <tokens> while limit is <window>",  # Cerebras
    r"prompt token count of <tokens> exceeds the limit of <window>",  # GitHub
    r"exceeded model token limit: <window> \(requested: <tokens>",  # Moonshot
    r"input <tokens> tokens\) is longer than the model's context length <window>",  # Together
    r"input length <tokens> exceeds the maximum allowed input length of <window>",
    r"input length <tokens> exceeds model's maximum context length <window>",
    r"max input tokens: <window>, request input token count: <tokens>",  # Bedrock, Nova
    r"total number of tokens in the prompt cannot exceed <window> - received <tokens>",  # Cohere
    # LM Studio
    r"keep the first <tokens> tokens when context the overflows.{0,80}context length of only <window> tokens",
    r"range of input length should be \[\d+, ?<window>",  # DashScope
    r"maximum context length (?:is|of) <window>",
    r"context_length_exceeded|contextwindowexceedederror|exceed_context_size|model_context_window_exceeded",
    r"exceeds? the (?:available )?context (?:size|window|length)",
    r"prompt (?:is )?too long|input is too long|request is too long",
    r"reduce the length of the (?:messages|prompt|input)",  # Groq
    r"context (?:length|window|size) (?:has been )?exceed",
    r"input length exceeds (?:the )?(?:maximum )?context length",  # Ollama
    r"greater than the context length|maximum context length|too many input tokens",
    r"prompt exceeds max length|tokens in request more than max tokens allowed",  # Z.ai
)


def too_big(text: str) -> TooBig | None:
    """What ``text`` says about size, or None when it says nothing about it."""
    for row in _rows(_OUTPUT):
        if found := row.search(text):
            numbers = _numbers(found)
            return OutputTooHigh(numbers.get("limit", numbers.get("above", 1) - 1), numbers.get("asked"))
    for row in _rows(_SUM):
        if found := row.search(text):
            numbers = _numbers(found)
            if numbers["tokens"] >= numbers["window"]:
                return InputTooLong(numbers["tokens"], numbers["window"])
            return SumTooLong(numbers["tokens"], numbers["asked"], numbers["window"])
    for row in _rows(_INPUT):
        if found := row.search(text):
            numbers = _numbers(found)
            return InputTooLong(numbers.get("tokens"), numbers.get("window"))
    return None


def _numbers(found: re.Match[str]) -> dict[str, int]:
    return {name: int(re.sub(r"\D", "", digits)) for name, digits in found.groupdict().items() if digits}
