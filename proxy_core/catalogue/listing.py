"""One entry of a provider's model list, in any of the vendors' formats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from proxy_core.catalogue.values import ModelFacts

Entry = Mapping[str, Any]

_WINDOW: Final = (
    "context_length",
    "context_window",
    "loaded_context_length",
    "max_context_length",
    "max_model_len",
    "inputTokenLimit",
    "max_input_tokens",
)
"""OpenRouter and Together, Groq, LM Studio, Mistral, vLLM, Gemini, Anthropic."""

_MAX_OUTPUT: Final = ("max_completion_tokens", "max_output_length", "outputTokenLimit", "max_output_tokens")

_CHAT_TYPES: Final = frozenset({"chat", "language", "code", "llm", "vlm"})

_NO_CHAT: Final = re.compile(
    r"embed|whisper|tts|dall-e|moderation|image|transcri|realtime|rerank|sora|veo-|lyria|speech|audio|babbage|davinci"
    r"|ocr|guard|diffusion|flux|instruct-0914|live-|\baqa\b",
    re.IGNORECASE,
)
"""Names of models that are not for chat, where no other field tells."""

_TOLD: Final = tuple(field.name for field in fields(ModelFacts) if field.default is None)
"""The facts that an entry may contain."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A listed model. ``chats`` is None if the entry does not tell; ``facts`` holds only what the entry contains."""

    name: str
    chats: bool | None
    facts: ModelFacts


def listed(provider: str, entry: Entry) -> Listed:
    """Return one entry of ``provider``'s list; its name is under ``id``, or under ``name`` without an id.

    Sources: the API references of OpenRouter, Together, Mistral, Groq, Fireworks, Gemini, Cohere, Anthropic and vLLM.
    """
    name = str(entry.get("id") or entry["name"]).removeprefix("models/")
    shape, can, price = _inner(entry, "architecture"), _inner(entry, "capabilities"), _inner(entry, "pricing")
    takes, parameters = shape.get("input_modalities"), entry.get("supported_parameters")
    facts = ModelFacts(
        id=f"{provider}/{name}",
        window=_number(entry, *_WINDOW) or _number(_inner(entry, "meta"), "n_ctx"),
        max_output=_number(_inner(entry, "top_provider"), "max_completion_tokens") or _number(entry, *_MAX_OUTPUT),
        vision=_has(takes, "image", can.get("vision"), entry.get("supports_image_input")),
        pdf=_has(takes, "file"),
        tools=_has(parameters, "tools", can.get("function_calling"), entry.get("supports_tools")),
        reasoning=_has(parameters, "reasoning"),
        input_price=_price(price, "prompt"),
        output_price=_price(price, "completion"),
        cache_read_price=_price(price, "input_cache_read"),
        cache_write_price=_price(price, "input_cache_write"),
    )
    return Listed(name, _chats(entry, shape, can), facts)


def is_for_chat(name: str, chats: bool | None, catalogue: ModelFacts) -> bool:
    """Return whether a model may be offered: by the list's own field, by its tools, else by its name.

    The price list files music and speech models under chat, so its mode is not enough.
    """
    return chats is not False and (catalogue.tools is True or not _NO_CHAT.search(name))


def completed(catalogue: ModelFacts, live: ModelFacts) -> ModelFacts:
    """Return the catalogue's facts, replaced by the provider's own where it gives them."""
    said = {name: getattr(live, name) for name in _TOLD}
    return replace(catalogue, **{name: value for name, value in said.items() if value is not None})


def _chats(entry: Entry, shape: Entry, can: Entry) -> bool | None:
    if isinstance(kind := entry.get("type"), str) and kind != "model":
        return kind.lower() in _CHAT_TYPES
    for offered, wanted in (
        (shape.get("output_modalities"), "text"),
        (entry.get("supportedGenerationMethods"), "generateContent"),
        (entry.get("endpoints"), "chat"),
    ):
        if isinstance(offered, list):
            return wanted in offered
    for flag in (can.get("completion_chat"), entry.get("supports_chat")):
        if isinstance(flag, bool):
            return flag
    return None


def _inner(entry: Entry, name: str) -> Entry:
    value = entry.get(name)
    return value if isinstance(value, Mapping) else {}


def _number(entry: Entry, *names: str) -> int | None:
    for name in names:
        value = entry.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return int(value)
    return None


def _has(offered: object, wanted: str, *flags: object) -> bool | None:
    if isinstance(offered, list):
        return wanted in offered
    return next((flag for flag in flags if isinstance(flag, bool)), None)


def _price(prices: Entry, name: str) -> float | None:
    """Return USD per token, which OpenRouter writes as text; it writes -1 for a price that varies."""
    value = prices.get(name)
    if not isinstance(value, str):
        return None
    try:
        price = float(value)
    except ValueError:
        return None
    return price if 0 <= price < 1 else None
