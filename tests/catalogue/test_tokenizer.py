"""Counting in threads: each text once, whoever asks for it and however many at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from proxy_core.catalogue.tokenizer import Tokenizer


class Encoding:
    """An encoding that counts characters and waits to be let go."""

    name = "characters"

    def __init__(self) -> None:
        self.encoded: list[str] = []
        self.gate = threading.Event()

    def encode_ordinary(self, text: str) -> list[int]:
        self.encoded.append(text)
        self.gate.wait(60)
        if text.startswith("!"):
            raise ValueError
        return [0] * len(text)


@pytest.fixture
def encoding(monkeypatch: pytest.MonkeyPatch) -> Encoding:
    made = Encoding()
    monkeypatch.setattr("proxy_core.catalogue.tokenizer._load", lambda _: made)
    return made


def test_a_text_that_many_ask_for_is_counted_once(encoding: Encoding) -> None:
    tokenizer, text = Tokenizer(), "a" * 1_000
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(tokenizer.count, [text]) for _ in range(8)]
        encoding.gate.set()
        assert [each.result() for each in asked] == [1_000] * 8
    assert tokenizer.count([text, "b" * 600]) == 1_600
    assert encoding.encoded == [text, "b" * 600]


def test_what_failed_is_tried_again_and_nobody_waits_for_ever(encoding: Encoding) -> None:
    encoding.gate.set()
    tokenizer, text = Tokenizer(), "!" * 1_000
    for _ in range(2):
        with pytest.raises(ValueError):
            tokenizer.count([text])
    assert len(encoding.encoded) == 2


def test_what_is_remembered_has_an_end(encoding: Encoding, monkeypatch: pytest.MonkeyPatch) -> None:
    encoding.gate.set()
    monkeypatch.setattr("proxy_core.catalogue.tokenizer._REMEMBERED", 2)
    tokenizer = Tokenizer()
    tokenizer.count([name * 600 for name in "abc"])
    tokenizer.count(["c" * 600])
    assert len(encoding.encoded) == 3
    tokenizer.count(["a" * 600])
    assert len(encoding.encoded) == 4


def test_the_vocabularies_are_there_without_a_network() -> None:
    tokenizer = Tokenizer()
    assert tokenizer.count(["hello world"], "o200k_base") == 2
    assert tokenizer.count(["hello world"], "cl100k_base") == 2
    assert tokenizer.count(["\ud800" * 600]) > 0
