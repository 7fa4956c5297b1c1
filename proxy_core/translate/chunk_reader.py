"""One upstream chunk into deltas: every place where a provider may put text, reasoning, a call, a stop or a price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from proxy_core.anthropic_api.amounts import usd
from proxy_core.anthropic_api.json_text import dumps
from proxy_core.errors import StreamBroken
from proxy_core.translate.deltas import Delta, Keepsake, Link, Stop, Text, Thinking, ToolPart, Usage
from proxy_core.translate.keepsake import FIELDS as KEEPSAKES
from proxy_core.translate.think_tags import ThinkTags

_FIELDS: Final = {
    name: place
    for place, name in enumerate(
        (
            "reasoning_content",
            "reasoning",
            "reasoning_text",
            "thinking",
            *KEEPSAKES,
            "content",
            "annotations",
            "refusal",
            "provider_specific_fields",
            "tool_calls",
            "function_call",
        )
    )
}
"""The fields of a delta that are read, in the order in which models produce what is in them."""


class ChunkReader:
    """Reads the chunks of one answer, in order. ``think_tags``: reasoning may stand in the text, in tags.

    ``has_message`` says whether there was a message in any of them, be it an empty one.
    """

    def __init__(self, *, think_tags: bool = False) -> None:
        self._tags = ThinkTags() if think_tags else None
        self.has_message = False

    def only_text(self, chunk: Mapping[str, Any]) -> str:
        """The text of a chunk that brings nothing else, as most do; empty for one that has to be read."""
        choices = chunk.get("choices")
        if self._tags is not None or not isinstance(choices, list) or len(choices) != 1 or _has_something_beside(chunk):
            return ""
        choice = choices[0]
        if not isinstance(choice, dict) or choice.get("index") or choice.get("finish_reason") or "usage" in choice:
            return ""
        delta = choice.get("delta")
        if not isinstance(delta, dict) or (len(delta) > 1 and _has_something_besides_text(delta)):
            return ""
        text = delta.get("content")
        return text if isinstance(text, str) else ""

    def read(self, chunk: Mapping[str, Any]) -> list[Delta]:
        """All that the chunk brings, reasoning before text before calls before the stop, as models produce them.

        Raises :class:`StreamBroken` for text or calls that are none.
        """
        deltas: list[Delta] = []
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if isinstance(choice, dict) and not choice.get("index"):
            delta = choice.get("delta") or choice.get("message") or choice.get("delta")
            if isinstance(delta, dict):
                self.has_message = True
                self._read_delta(delta, deltas)
            elif delta:
                raise _unreadable()
            reason = choice.get("finish_reason")
            if isinstance(reason, str) and reason:
                sequence = choice.get("stop_reason")  # vLLM: the stop string that was met, or a token id
                deltas.append(Stop(reason, sequence if isinstance(sequence, str) else None))
        if _has_something_beside(chunk) or (isinstance(choice, dict) and "usage" in choice):
            deltas += _links_beside(chunk)
            if (usage := _usage(chunk, choice)) is not None:
                deltas.append(usage)
        return deltas

    def close(self) -> list[Delta]:
        """What was held back because it might have become a tag."""
        return self._tags.close() if self._tags else []

    def _read_delta(self, delta: Mapping[str, Any], deltas: list[Delta]) -> None:
        """Most chunks have one field with something in it; where there are more, their order is that of ``_FIELDS``."""
        names = [name for name, value in delta.items() if value and name in _FIELDS]
        content = delta.get("content")
        if not (content or content is None or isinstance(content, str | list)):
            raise _unreadable()
        if len(names) > 1:
            names.sort(key=_FIELDS.__getitem__)
        reasoned = False
        for name in names:
            value = delta[name]
            match name:
                case "content":
                    self._read_content(value, deltas)
                case "tool_calls":
                    deltas += _tool_parts(value)
                case "function_call" if "tool_calls" not in names:
                    deltas += _tool_parts([{"index": 0, "function": value}])
                case "annotations":
                    deltas += [link for each in _listed(value) if (link := _link(each)) is not None]
                case "refusal" if isinstance(value, str):
                    deltas.append(Text(value))
                case "provider_specific_fields" if "refusal" not in names:  # where LiteLLM puts it
                    if isinstance(refusal := _inner(delta, name).get("refusal"), str):
                        deltas.append(Text(refusal))
                case "reasoning_details" | "thinking_blocks" | "reasoning_items":
                    deltas += _keepsake(name, value)
                case "reasoning_content" | "reasoning" | "reasoning_text" | "thinking" if (
                    isinstance(value, str) and not reasoned
                ):
                    reasoned = True  # gateways send the same reasoning under two names
                    deltas.append(Thinking(value))

    def _read_content(self, content: object, deltas: list[Delta]) -> None:
        if isinstance(content, str):
            self._read_text(content, deltas)
        elif isinstance(content, list):
            self._read_parts(content, deltas)
        elif isinstance(content, Mapping) and _text_of(content.get("text")):
            self._read_parts([content], deltas)  # a part that is not in a list
        else:
            raise _unreadable()

    def _read_text(self, text: str, deltas: list[Delta]) -> None:
        if self._tags is None:
            deltas.append(Text(text))
        else:
            deltas += self._tags.feed(text)

    def _read_parts(self, parts: list[Any], deltas: list[Delta]) -> None:
        """Content as a list of parts: Mistral's reasoning models, and gateways."""
        for part in parts:
            if isinstance(part, str):
                self._read_text(part, deltas)
            elif isinstance(part, Mapping):
                match part.get("type"):
                    case "thinking" | "reasoning":
                        deltas.append(
                            Thinking(_text_of(part.get("thinking") or part.get("text") or part.get("content")))
                        )
                    case _:
                        if text := _text_of(part.get("text")):
                            self._read_text(text, deltas)
            elif part is not None:
                raise _unreadable()


def _has_something_beside(chunk: Mapping[str, Any]) -> bool:
    """Whether a chunk brings what is read beside its choices. Most chunks have at most an empty ``usage`` there."""
    return bool(chunk.get("usage") or chunk.get("x_groq") or chunk.get("search_results") or chunk.get("citations"))


def _has_something_besides_text(delta: Mapping[str, Any]) -> bool:
    return any(value and name in _FIELDS and name != "content" for name, value in delta.items())


def _keepsake(field: str, value: object) -> list[Delta]:
    pieces = tuple(piece for piece in _listed(value) if isinstance(piece, Mapping))
    return [Keepsake(field, pieces)] if pieces else []


def _links_beside(chunk: Mapping[str, Any]) -> list[Delta]:
    """Links beside the choices: Perplexity's ``search_results``, and the bare ``citations`` of it and xAI."""
    beside = _listed(chunk.get("search_results") or chunk.get("citations"))
    return [link for each in beside if (link := _link(each)) is not None]


def _link(annotation: object) -> Link | None:
    """A link from an annotation, nested (chat completions) or flat (the Responses API), or from a bare URL."""
    if isinstance(annotation, str):
        return Link(annotation)
    if not isinstance(annotation, Mapping):
        return None
    inner = annotation.get("url_citation")
    cited = inner if isinstance(inner, Mapping) else annotation
    url = cited.get("url")
    if not isinstance(url, str) or not url:
        return None
    start, end = cited.get("start_index"), cited.get("end_index")
    return Link(
        url,
        title=_text_of(cited.get("title")),
        start=start if isinstance(start, int) else 0,
        end=end if isinstance(end, int) else 0,
    )


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _unreadable() -> StreamBroken:
    return StreamBroken("The provider's answer cannot be read: it is not in the form of chat completions.")


def _tool_parts(calls: object) -> list[Delta]:
    """The pieces of calls; those with nothing in them are placeholders (Snowflake), and no calls."""
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise _unreadable()
    parts = [_tool_part(call) for call in calls]
    return [part for part in parts if part.id or part.name or part.arguments]


def _tool_part(call: Mapping[str, Any]) -> ToolPart:
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    index = call.get("index")
    arguments = function.get("arguments")
    if isinstance(arguments, Mapping | list):  # Ollama's own form
        arguments = dumps(arguments).decode()
    id_, name = call.get("id"), function.get("name")
    return ToolPart(
        index=index if isinstance(index, int) else None,
        id=id_ if isinstance(id_, str) else "",
        name=name if isinstance(name, str) else "",
        arguments=arguments if isinstance(arguments, str) else "",
    )


def _text_of(value: object) -> str:
    """The text of a part that is a string, or a list of parts with texts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_text_of(part.get("text")) if isinstance(part, Mapping) else _text_of(part) for part in value)
    return ""


def _usage(chunk: Mapping[str, Any], choice: object) -> Usage | None:
    """Token counts, from each place a provider hides them."""
    usage = chunk.get("usage")
    if not isinstance(usage, Mapping) and isinstance(choice, Mapping):
        usage = choice.get("usage")  # Moonshot
    if not isinstance(usage, Mapping) and isinstance(groq := chunk.get("x_groq"), Mapping):
        usage = groq.get("usage")
    if not isinstance(usage, Mapping):
        return None
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if prompt == completion == 0:
        return None
    details = usage.get("prompt_tokens_details")
    read = _count(details, "cached_tokens")
    write = _count(details, "cache_write_tokens", "cache_creation_tokens")
    reasoning = _count(usage.get("completion_tokens_details"), "reasoning_tokens")
    if reasoning and _count(usage, "total_tokens") == prompt + completion + reasoning:
        completion += reasoning  # xAI counts it beside the completion, all others as a part of it
    return Usage(
        prompt=prompt,
        completion=completion,
        cache_read=read or _count(usage, "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"),
        cache_write=write or _count(usage, "cache_creation_input_tokens"),
        reasoning=reasoning,
        cache_write_hour=_count(_inner(details, "cache_creation_token_details"), "ephemeral_1h_input_tokens"),
        cost=_cost(usage),
    )


_TICKS: Final = 10_000_000_000
"""xAI's parts of a dollar."""

_MOST_TOKENS: Final = 10**12
"""The ledger's limit; also, infinity is no integer."""


def _cost(usage: Mapping[str, Any]) -> float | None:
    """USD, where the provider says it: xAI in ticks; Perplexity as ``total_cost``; OpenRouter in credits.

    With a key of the user's own OpenRouter takes a fee alone, and the maker's bill stands beside it.
    """
    ticks, told = usage.get("cost_in_usd_ticks"), usage.get("cost")
    if (told_in_ticks := usd(ticks, parts=_TICKS)) is not None:
        return told_in_ticks
    total = usd(told.get("total_cost") if isinstance(told, Mapping) else told)
    told = _inner(usage, "cost_details").get("upstream_inference_cost") if usage.get("is_byok") is True else None
    made = 0.0 if told is None else usd(told)
    return None if total is None or made is None else total + made


def _inner(value: object, name: str) -> Mapping[str, Any]:
    inner = value.get(name) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _count(counts: object, *names: str) -> int:
    """The first of the named numbers that is there."""
    if isinstance(counts, Mapping):
        for name in names:
            value = counts.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
                return int(min(value, _MOST_TOKENS))
    return 0
