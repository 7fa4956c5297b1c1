"""What was left out or changed for a model, each thing said once."""

from __future__ import annotations


class Warnings:
    """Collects sentences in the order they came up."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}

    def add(self, sentence: str) -> None:
        """Note a sentence; the second time it changes nothing."""
        self._sentences.setdefault(sentence)

    def all(self) -> tuple[str, ...]:
        """What was noted."""
        return tuple(self._sentences)
