"""Reasoning that local models write into their text, between ``<think>`` and ``</think>``, told apart from it."""

from __future__ import annotations

from typing import Final

from proxy_core.translate.deltas import Delta, Text, Thinking

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


class ThinkTags:
    """Reads text piece by piece. Only a tag at the very beginning of the answer opens: later ones are talked about."""

    def __init__(self) -> None:
        self._held = ""
        self._place = "start"

    def feed(self, text: str) -> list[Delta]:
        """The text with its reasoning apart; what may be half a tag is held back."""
        if self._place == "text":
            return [Text(text)]
        self._held += text
        if self._place == "start":
            opening = self._held.lstrip()
            if _OPEN.startswith(opening) and len(opening) < len(_OPEN):
                return []
            if not opening.startswith(_OPEN):
                self._place = "text"
                return self._release()
            self._place, self._held = "thinking", opening[len(_OPEN) :].lstrip("\n")
        return self._think()

    def close(self) -> list[Delta]:
        """The answer is over: what is held is what it seems to be."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [Thinking(held) if self._place == "thinking" else Text(held)]

    def _think(self) -> list[Delta]:
        thinking, tag, rest = self._held.partition(_CLOSE)
        if tag:
            self._place, self._held = "text", rest.lstrip("\n")
            return ([Thinking(thinking)] if thinking else []) + self._release()
        keep = next((n for n in range(len(_CLOSE) - 1, 0, -1) if self._held.endswith(_CLOSE[:n])), 0)
        ready, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return [Thinking(ready)] if ready else []

    def _release(self) -> list[Delta]:
        held, self._held = self._held, ""
        return [Text(held)] if held else []
