"""A request of the Messages API as a chat-completions call, with a warning for all that the model cannot take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from proxy_core.anthropic_api.json_text import dumps
from proxy_core.anthropic_api.request import MessagesRequest
from proxy_core.translate.quirks import Dial
from proxy_core.translate.search import Search, can_search, options, search_of
from proxy_core.translate.target_model import TargetModel
from proxy_core.translate.thinking import dial
from proxy_core.translate.tools import Toolbox, tool_choice, toolbox
from proxy_core.translate.turns import Turns
from proxy_core.translate.warnings import Warnings


@dataclass(frozen=True, slots=True)
class ChatCall:
    """``body`` is the JSON body of the call; ``tool_names`` maps functions back to tools where their names differ.

    ``search`` is set when the call is nothing but a web search.
    """

    body: dict[str, Any]
    tool_names: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    search: Search | None = None


def translate(request: MessagesRequest, model: TargetModel) -> ChatCall:
    """The call that asks ``model`` what ``request`` asks.

    Sources: OpenAI's chat-completions reference; what differs from it per provider is in ``quirks``.
    """
    warnings = Warnings()
    if (query := search_of(request)) is not None:
        request = replace(request, tools=(), tool_choice=None)
    box = _toolbox(request, model, warnings)
    body: dict[str, Any] = {"model": model.name, "messages": Turns(request, model, box, warnings).messages()}
    body |= _tools(request, model, box, warnings)
    body |= _sampling(request, model, warnings)
    body |= dial(request.thinking, model, warnings)
    _format(request, model, body, warnings)
    body["stream"] = request.stream
    if request.stream and model.quirks.usage_option:
        body["stream_options"] = {"include_usage": True}
    if query is None:
        return ChatCall(body, box.original, warnings.all())
    body |= {"stream": False, **options(model.quirks.searching)}
    body.pop("stream_options", None)
    return ChatCall(body, box.original, warnings.all(), Search(query, can_search(model)))


def _toolbox(request: MessagesRequest, model: TargetModel, warnings: Warnings) -> Toolbox:
    if request.tools and model.tools is False:
        warnings.add(f"{model.name} cannot use tools: they were left out.")
        return toolbox((), warnings)
    return toolbox(request.tools, warnings, plain_schemas=model.quirks.plain_schemas)


def _tools(request: MessagesRequest, model: TargetModel, box: Toolbox, warnings: Warnings) -> dict[str, Any]:
    if not box.functions:
        return {}
    fields: dict[str, Any] = {"tools": list(box.functions)}
    if (choice := tool_choice(request.tool_choice, box, warnings)) is not None:
        fields["tool_choice"] = choice
    if request.tool_choice and request.tool_choice.get("disable_parallel_tool_use") is True:
        if model.quirks.parallel_option:
            fields["parallel_tool_calls"] = False
        else:
            warnings.add("The provider cannot be kept to one tool call at a time.")
    return fields


def _sampling(request: MessagesRequest, model: TargetModel, warnings: Warnings) -> dict[str, Any]:
    """Limits and chance. Reasoning models that turn by effort refuse temperature, ``top_p`` and stop sequences."""
    fields: dict[str, Any] = {}
    limit = request.max_tokens
    if limit is not None and model.max_output is not None and limit > model.max_output:
        warnings.add(f"max_tokens {limit} is more than {model.name} can give; {model.max_output} was sent.")
        limit = model.max_output
    if limit is not None:
        fields[model.quirks.max_tokens_field] = limit
    fixed = bool(model.reasoning) and model.quirks.dial is Dial.EFFORT
    for name, value in (("temperature", request.temperature), ("top_p", request.top_p)):
        if value is None:
            continue
        if fixed:
            warnings.add(f"{model.name} takes no {name}: it was left out.")
        else:
            fields[name] = value
    if request.top_k is not None:
        warnings.add("Chat completions have no top_k: it was left out.")
    stops = () if fixed else request.stop_sequences[: model.quirks.stop_limit]
    if len(stops) < len(request.stop_sequences):
        warnings.add(f"Only {len(stops)} of {len(request.stop_sequences)} stop sequences could be sent.")
    if stops:
        fields["stop"] = list(stops)
    return fields


def _format(request: MessagesRequest, model: TargetModel, body: dict[str, Any], warnings: Warnings) -> None:
    """Structured output: by schema where the provider can be held to one, else by asking for it in words."""
    schema = request.format.get("schema") if request.format else None
    if schema is None:
        return
    if model.quirks.schema:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        return
    warnings.add("The provider cannot be held to a JSON schema; the model was asked for it in words.")
    body["response_format"] = {"type": "json_object"}
    words = f"Answer with one JSON object that follows this schema, and nothing else:\n{dumps(schema).decode()}"
    body["messages"].append({"role": "user", "content": words})
