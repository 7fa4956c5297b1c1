"""What a provider must see again of its reasoning, carried by the client in a thinking block's ``signature``.

Anthropic's clients send thinking blocks back as they came, signature included. Other vendors have marks of their
own: OpenRouter's ``reasoning_details``, LiteLLM's ``thinking_blocks`` (Gemini, Claude elsewhere) and its
``reasoning_items`` (OpenAI's encrypted reasoning). They travel in the signature, with the provider they belong to,
since no other can read them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Final

from proxy_core.anthropic_api.json_text import dumps, loads

FIELDS: Final = ("reasoning_details", "thinking_blocks", "reasoning_items")
"""The fields of a message that are kept, and the only ones that a signature can bring back."""

_MARK: Final = "understudy1."
_TEXTS: Final = ("text", "summary", "thinking", "data")

Items = list[dict[str, Any]]


class Keepsakes:
    """Collects the pieces of one stretch of reasoning."""

    def __init__(self) -> None:
        self._fields: dict[str, Items] = {}

    def add(self, field: str, pieces: Iterable[Mapping[str, Any]]) -> None:
        """Add pieces as they stream: a piece of the item before it is joined to it, text to text."""
        items = self._fields.setdefault(field, [])
        for piece in pieces:
            if items and _continues(items[-1], piece):
                _join(items[-1], piece)
            else:
                items.append(dict(piece))

    def signature(self, provider: str) -> str:
        """All of it as a signature; empty when there is nothing to keep."""
        if not self._fields:
            return ""
        return _MARK + base64.b64encode(dumps([provider, self._fields])).decode()


def kept(signature: object, provider: str) -> dict[str, Items]:
    """The message fields that a signature holds for ``provider``; nothing for any other, or for one of another make."""
    if not isinstance(signature, str) or not signature.startswith(_MARK):
        return {}
    try:
        owner, fields = loads(base64.b64decode(signature[len(_MARK) :], validate=True))
    except (binascii.Error, ValueError, TypeError):
        return {}
    if owner != provider or not isinstance(fields, dict):
        return {}
    return {
        name: [item for item in items if isinstance(item, dict)]
        for name, items in fields.items()
        if name in FIELDS and isinstance(items, list)
    }


def _continues(item: Mapping[str, Any], piece: Mapping[str, Any]) -> bool:
    """Whether a piece belongs to the item before it: the same kind and place, and that item has no signature yet."""
    if item.get("type") != piece.get("type") or item.get("index") != piece.get("index"):
        return False
    if item.get("id") and piece.get("id") and item["id"] != piece["id"]:
        return False
    whole = item.get("signature") or item.get("encrypted_content")
    return not whole and any(isinstance(piece.get(name), str) for name in (*_TEXTS, "signature"))


def _join(item: dict[str, Any], piece: Mapping[str, Any]) -> None:
    for name, value in piece.items():
        if name in _TEXTS and isinstance(value, str) and isinstance(item.get(name), str):
            item[name] += value
        elif value is not None:
            item[name] = value
