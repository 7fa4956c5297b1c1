"""Token counts of texts by OpenAI's public vocabularies, which LiteLLM's package contains."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import tiktoken

USUAL: Final = "o200k_base"

_SHORT: Final = 512
"""Characters up to which counting a text again is cheaper than its digest and a lookup."""

_REMEMBERED: Final = 4_096
"""Texts whose counts are cached: 200 bytes each, without their words."""


class Tokenizer:
    """Counts tokens in worker threads. A vocabulary is loaded with its first use: 0.4 s and about 75 MB.

    A client sends its system prompt, tools and conversation again and again, in many concurrent requests: a text is
    counted once, and other requests for it wait for that result.
    """

    def __init__(self) -> None:
        self._vocabularies: dict[str, tiktoken.Encoding] = {}
        self._loading = threading.Lock()
        self._counts: OrderedDict[bytes, Future[int]] = OrderedDict()
        self._changing = threading.Lock()

    def count(self, texts: Sequence[str], vocabulary: str = USUAL) -> int:
        """Return the tokens of all texts together, by the vocabulary that tiktoken knows under this name. Blocks."""
        encoding = self._loaded(vocabulary)
        return sum(self._count(encoding, text) for text in texts)

    def _count(self, encoding: tiktoken.Encoding, text: str) -> int:
        if len(text) <= _SHORT:
            return len(encoding.encode_ordinary(text))
        name = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=encoding.name.encode()).digest()
        with self._changing:
            known = self._counts.get(name)
            if known is None:
                mine: Future[int] = Future()
                self._counts[name] = mine
                if len(self._counts) > _REMEMBERED:
                    self._counts.popitem(last=False)
            else:
                self._counts.move_to_end(name)
        if known is not None:
            return known.result()
        try:
            mine.set_result(len(encoding.encode_ordinary(text)))
        except BaseException as fault:
            with self._changing:
                self._counts.pop(name, None)
            mine.set_exception(fault)
            raise
        return mine.result()

    def _loaded(self, vocabulary: str) -> tiktoken.Encoding:
        with self._loading:
            if vocabulary not in self._vocabularies:
                self._vocabularies[vocabulary] = _load(vocabulary)
            return self._vocabularies[vocabulary]


def _load(vocabulary: str) -> tiktoken.Encoding:
    """Return the vocabulary from LiteLLM's folder (located without importing it); tiktoken itself would download it."""
    spec = find_spec("litellm")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(folder))
    import tiktoken  # noqa: PLC0415 - most runs of the proxy never count

    return tiktoken.get_encoding(vocabulary)
