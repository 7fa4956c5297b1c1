"""What of a call a model has to read: the texts to count tokens in, and a fixed weight for the rest."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from proxy_core.anthropic_api.json_text import dumps
from proxy_core.translate.call import ChatCall
from proxy_core.translate.measure import Measure, ToolForm, measure_of
from proxy_core.translate.picture_rules import picture_tokens
from proxy_core.translate.picture_size import Size, picture_size
from proxy_core.translate.tool_namespace import namespace

_PER_MESSAGE: Final = 4
"""Tokens of the marks around a message, its role among them (OpenAI's cookbook, *How to count tokens*)."""

_PER_CALL: Final = 3
_BEFORE_THE_ANSWER: Final = 3
_TOOLS_IN_SYSTEM: Final = -3
"""Tools are written into the first system message where there is one, for a blank line more and a message less."""

_HEAD: Final = 256 * 1024
"""Characters of a picture's base64 that are looked at: a photo's thumbnail may stand before its size."""

_PAGE: Final = re.compile(rb"/Type\s*/Page\b")
_PAGES: Final = re.compile(rb"/Count\s+(\d{1,5})\b")
_PAGE_BYTES: Final = 80 * 1024
"""Of a PDF that hides its pages in compressed objects."""


@dataclass(frozen=True, slots=True)
class Weight:
    """``texts`` are to be counted by ``measure.vocabulary``; ``tokens`` come on top."""

    texts: tuple[str, ...]
    tokens: int
    measure: Measure

    def total(self, counted: int) -> int:
        """All tokens, where ``texts`` have ``counted``."""
        return self.tokens + ceil(counted * self.measure.factor)


def weigh(call: ChatCall) -> Weight:
    """The weight of a call's messages and tools for the model it names."""
    measure = measure_of(call.body["model"])
    texts: list[str] = []
    tokens = _BEFORE_THE_ANSWER
    for message in call.body["messages"]:
        tokens += _PER_MESSAGE + _message(message, texts, measure)
    if tools := call.body.get("tools"):
        tokens += measure.preface + _tools(tools, call.body["messages"], texts, measure)
    return Weight(tuple(texts), tokens, measure)


def _message(message: Mapping[str, Any], texts: list[str], measure: Measure) -> int:
    tokens = 0
    content = message.get("content")
    if isinstance(content, str):
        texts.append(content)
    for part in content if isinstance(content, list) else ():
        tokens += _part(part, texts, measure)
    if isinstance(reasoning := message.get("reasoning_content"), str):
        texts.append(reasoning)
    for tool_call in message.get("tool_calls") or ():
        tokens += _PER_CALL
        texts += [tool_call["function"]["name"], tool_call["function"]["arguments"]]
    return tokens


def _tools(
    tools: Sequence[Mapping[str, Any]], messages: Sequence[Mapping[str, Any]], texts: list[str], measure: Measure
) -> int:
    functions = [tool["function"] for tool in tools if "function" in tool]
    match measure.tools:
        case ToolForm.NAMESPACE:
            texts.append(namespace(functions))
            return _TOOLS_IN_SYSTEM if any(message["role"] == "system" for message in messages) else 0
        case ToolForm.JSON:
            texts.append("\n".join(dumps(function).decode() for function in functions))
            return _PER_MESSAGE * len(functions)


def _part(part: Mapping[str, Any], texts: list[str], measure: Measure) -> int:
    match part.get("type"):
        case "text":
            texts.append(part["text"])
            return 0
        case "file":
            return _pages(_bytes(part["file"]["file_data"])) * measure.page
        case _:
            return picture_tokens(measure.pictures, _size(part))


def _size(part: Mapping[str, Any]) -> Size | None:
    picture = part.get("image_url")
    url = picture.get("url") if isinstance(picture, Mapping) else picture
    return picture_size(_bytes(url, _HEAD)) if isinstance(url, str) else None


def _pages(pdf: bytes) -> int:
    """How many pages a PDF has, as far as that can be seen without reading it properly."""
    counts = [int(number) for number in _PAGES.findall(pdf)]
    return max(len(_PAGE.findall(pdf)), max(counts, default=0)) or ceil(len(pdf) / _PAGE_BYTES)


def _bytes(url: str, most: int | None = None) -> bytes:
    """What a ``data:`` address holds, of ``most`` characters (a multiple of four) of it; nothing of any other."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return b""
    try:
        return binascii.a2b_base64(data if most is None else data[:most])
    except (binascii.Error, ValueError):  # not base64: whoever gets the call will say so
        return b""
