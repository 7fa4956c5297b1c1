"""How many tokens a text has, by OpenAI's newest public vocabulary, which LiteLLM's package carries along."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import tiktoken

_VOCABULARY: Final = "o200k_base"


class Tokenizer:
    """Loads its vocabulary on first use: 0.4 s and about 75 MB. To be called from worker threads."""

    def __init__(self) -> None:
        self._encoding: tiktoken.Encoding | None = None
        self._loading = threading.Lock()

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of all the texts together."""
        encoding = self._loaded()
        return sum(len(encoding.encode_ordinary(text)) for text in texts)

    def _loaded(self) -> tiktoken.Encoding:
        with self._loading:
            if self._encoding is None:
                self._encoding = _load()
            return self._encoding


def _load() -> tiktoken.Encoding:
    """The vocabulary from LiteLLM's folder (found without importing it): tiktoken by itself would fetch it."""
    spec = find_spec("litellm")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(folder))
    import tiktoken  # noqa: PLC0415 - most runs of the proxy never count

    return tiktoken.get_encoding(_VOCABULARY)
