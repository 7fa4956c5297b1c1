"""The model's name in the raw bytes of a request, changed without touching any other byte."""

from __future__ import annotations

import re
from typing import Final

from proxy_core.anthropic_api.json_text import dumps, loads

_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
_COLON: Final = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*")


def with_model(body: bytes, model: str) -> bytes:
    """``body`` with the top-level ``model`` set to this name; bytes without such a string come back as they are.

    ``body`` is JSON that has been parsed before. A key given twice is changed twice: which one counts is the reader's
    affair.
    """
    written = dumps(model)
    parts: list[bytes] = []
    end = 0
    for start, stop in model_spans(body):
        parts += [body[end:start], written]
        end = stop
    return b"".join([*parts, body[end:]]) if parts else body


def model_spans(body: bytes) -> list[tuple[int, int]]:
    """Where the string values of the top-level key ``model`` begin and end, their quotes included."""
    spans: list[tuple[int, int]] = []
    depth = 0
    at = 0
    while (token := _TOKEN.search(body, at)) is not None:
        at = token.end()
        first = token[0][:1]
        if first in b"{[":
            depth += 1
        elif first in b"}]":
            depth -= 1
        elif depth == 1 and (colon := _COLON.match(body, at)) is not None:
            at = colon.end()
            if _is_model(token[0]) and (value := _TOKEN.match(body, at)) is not None and value[0][:1] == b'"':
                spans.append(value.span())
                at = value.end()
                if not _may_come_again(body, at):
                    break
    return spans if body.lstrip()[:1] == b"{" else []


def _is_model(key: bytes) -> bool:
    if b"\\" not in key:
        return key == b'"model"'
    try:
        return bool(loads(key) == "model")
    except ValueError:
        return False


def _may_come_again(body: bytes, start: int) -> bool:
    r"""Spares the scan of a long conversation: the letters of the word are all ``\u006…`` when they are escaped."""
    return body.find(b'"model"', start) >= 0 or body.find(b"\\u006", start) >= 0
