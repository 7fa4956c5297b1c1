"""A request of the Messages API, read tolerantly: what is needed is checked, what is unknown is kept and passed over.

Sources: Anthropic's API reference, and what Claude Code sends (a ``system`` role inside ``messages``, blocks and fields
that no documentation names). Content blocks stay the JSON objects they came as; :func:`blocks` gives them in one form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proxy_core.anthropic_api.json_text import loads
from proxy_core.errors import InvalidRequest

Block = Mapping[str, Any]
"""A content block, or a tool: a JSON object with a ``type`` (mostly)."""

_MODEL_FIRST: Final = re.compile(rb'\s*\{\s*"model"\s*:\s*"([\w.:@/-]{1,200})"')

ROLES: Final = frozenset({"user", "assistant", "system"})


@dataclass(frozen=True, slots=True)
class MessageParam:
    """One turn. ``role`` is one of :data:`ROLES`."""

    role: str
    content: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class ThinkingConfig:
    """What the request says about thinking.

    ``type`` is ``enabled``, ``adaptive``, ``disabled`` or empty (nothing said); ``budget`` in tokens, for ``enabled``;
    ``effort`` is ``output_config.effort`` (``low`` … ``max``) or empty.
    """

    type: str = ""
    budget: int | None = None
    effort: str = ""

    @property
    def is_on(self) -> bool:
        """Whether the model is asked to think."""
        return self.type in {"enabled", "adaptive"}


@dataclass(frozen=True, slots=True)
class MessagesRequest:
    """The request. ``max_tokens`` is None where none is given (``count_tokens``); ``format`` is ``output_config``'s."""

    model: str
    messages: tuple[MessageParam, ...]
    system: tuple[Block, ...] = ()
    tools: tuple[Block, ...] = ()
    tool_choice: Mapping[str, Any] | None = None
    max_tokens: int | None = None
    stream: bool = False
    thinking: ThinkingConfig = ThinkingConfig()
    stop_sequences: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    format: Mapping[str, Any] | None = None
    user_id: str = ""


def parse(body: bytes) -> MessagesRequest:
    """Read a request's body. Raises :class:`InvalidRequest` with the place of the fault, never with its content."""
    try:
        fields = loads(body)
    except ValueError:
        raise InvalidRequest("The request body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise InvalidRequest("The request body must be a JSON object.")
    config = _object(fields, "output_config") or {}
    return MessagesRequest(
        model=_model(fields),
        messages=_messages(fields),
        system=blocks(fields.get("system"), "system"),
        tools=_tools(fields),
        tool_choice=_object(fields, "tool_choice"),
        max_tokens=_max_tokens(fields),
        stream=fields.get("stream") is True,
        thinking=_thinking(_object(fields, "thinking") or {}, config),
        stop_sequences=_stop_sequences(fields),
        temperature=_number(fields, "temperature"),
        top_p=_number(fields, "top_p"),
        top_k=_integer(fields, "top_k"),
        format=_object(config, "format"),
        user_id=_text((_object(fields, "metadata") or {}).get("user_id")),
    )


def model_at_the_head(body: bytes) -> str:
    """The model's name where a body begins with it, as Claude Code's do; empty for any other, and for a strange name.

    Costs next to nothing, and looks at nothing else: the rest may not even be JSON.
    """
    found = _MODEL_FIRST.match(body)
    return found[1].decode() if found else ""


def blocks(content: object, place: str) -> tuple[Block, ...]:
    """Content in its one form: a string is a text block, null is nothing. Raises :class:`InvalidRequest`."""
    if content is None or content == "":
        return ()
    if isinstance(content, str):
        return ({"type": "text", "text": content},)
    if isinstance(content, Mapping):
        return (content,)
    if isinstance(content, list):
        for number, block in enumerate(content):
            if not isinstance(block, dict | str):
                raise InvalidRequest(f"{place}.{number}: Input should be an object")
        return tuple({"type": "text", "text": block} if isinstance(block, str) else block for block in content)
    raise InvalidRequest(f"{place}: Input should be a string or a list of content blocks")


def _model(fields: Mapping[str, Any]) -> str:
    model = fields.get("model")
    if not isinstance(model, str) or not model.strip():
        raise InvalidRequest("model: Field required")
    return model.strip()


def _messages(fields: Mapping[str, Any]) -> tuple[MessageParam, ...]:
    messages = fields.get("messages")
    if not isinstance(messages, list):
        raise InvalidRequest("messages: Input should be a list")
    if not messages:
        raise InvalidRequest("messages: at least one message is required")
    return tuple(_message(message, f"messages.{number}") for number, message in enumerate(messages))


def _message(message: object, place: str) -> MessageParam:
    if not isinstance(message, dict):
        raise InvalidRequest(f"{place}: Input should be an object")
    role = message.get("role")
    if not isinstance(role, str):
        raise InvalidRequest(f"{place}.role: Field required")
    return MessageParam(role if role in ROLES else "user", blocks(message.get("content"), f"{place}.content"))


def _tools(fields: Mapping[str, Any]) -> tuple[Block, ...]:
    tools = fields.get("tools")
    if tools is None:
        return ()
    if not isinstance(tools, list):
        raise InvalidRequest("tools: Input should be a list")
    for number, tool in enumerate(tools):
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
            raise InvalidRequest(f"tools.{number}.name: Field required")
    return tuple(tools)


def _max_tokens(fields: Mapping[str, Any]) -> int | None:
    limit = _integer(fields, "max_tokens")
    if limit is not None and limit < 1:
        raise InvalidRequest("max_tokens: Input should be greater than or equal to 1")
    return limit


def _thinking(thinking: Mapping[str, Any], config: Mapping[str, Any]) -> ThinkingConfig:
    budget = thinking.get("budget_tokens")
    return ThinkingConfig(
        type=_text(thinking.get("type")),
        budget=budget if isinstance(budget, int) and not isinstance(budget, bool) else None,
        effort=_text(config.get("effort")),
    )


def _stop_sequences(fields: Mapping[str, Any]) -> tuple[str, ...]:
    sequences: object = fields.get("stop_sequences")
    if sequences is None:
        return ()
    if not isinstance(sequences, Sequence) or isinstance(sequences, str):
        raise InvalidRequest("stop_sequences: Input should be a list of strings")
    return tuple(sequence for sequence in sequences if isinstance(sequence, str) and sequence)


def _object(fields: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, dict):
        raise InvalidRequest(f"{name}: Input should be an object")
    return value


def _number(fields: Mapping[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequest(f"{name}: Input should be a valid number")
    return value


def _integer(fields: Mapping[str, Any], name: str) -> int | None:
    value = _number(fields, name)
    if value is None:
        return None
    if value != int(value):
        raise InvalidRequest(f"{name}: Input should be a valid integer")
    return int(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
