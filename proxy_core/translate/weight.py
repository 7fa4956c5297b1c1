"""What of a call a model has to read: the texts to count tokens in, and a fixed weight for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxy_core.translate.call import ChatCall
from proxy_core.wire.json_text import dumps

_PER_MESSAGE: Final = 4
"""Tokens of the marks around a message (OpenAI's cookbook, *How to count tokens*)."""

_PER_PICTURE: Final = 1_100
"""Tokens of a picture of about a megapixel, between what the large vendors charge."""

_PER_PDF_BYTE: Final = 1 / 40
"""Tokens per byte of a PDF: about 2,000 a page of 80 kB."""


@dataclass(frozen=True, slots=True)
class Weight:
    """``texts`` are to be tokenised; ``tokens`` come on top."""

    texts: tuple[str, ...]
    tokens: int


def weigh(call: ChatCall) -> Weight:
    """The weight of a call's messages and tools."""
    texts: list[str] = []
    tokens = 0
    for message in call.body["messages"]:
        tokens += _PER_MESSAGE
        content = message.get("content")
        if isinstance(content, str):
            texts.append(content)
        for part in content if isinstance(content, list) else ():
            tokens += _part(part, texts)
        for tool_call in message.get("tool_calls", ()):
            texts += [tool_call["function"]["name"], tool_call["function"]["arguments"]]
    for tool in call.body.get("tools", ()):
        tokens += _PER_MESSAGE
        texts.append(dumps(tool["function"]).decode())
    return Weight(tuple(texts), tokens)


def _part(part: Mapping[str, Any], texts: list[str]) -> int:
    match part["type"]:
        case "text":
            texts.append(part["text"])
            return 0
        case "file":
            return int(len(part["file"]["file_data"]) * 0.75 * _PER_PDF_BYTE)
        case _:
            return _PER_PICTURE
