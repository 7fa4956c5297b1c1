"""Whose key a pasted text looks like, told from how the providers' keys begin."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy_core.config.secret import Secret

_BEGINNINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sk-ant-": "anthropic",
        "sk-or-": "openrouter",
        "sk-proj-": "openai",
        "sk-svcacct-": "openai",
        "sk-admin-": "openai",
        "AIza": "gemini",
        "gsk_": "groq",
        "xai-": "xai",
        "nvapi-": "nvidia_nim",
        "pplx-": "perplexity",
        "csk-": "cerebras",
        "fw_": "fireworks_ai",
        "tgp_": "together_ai",
        "vck_": "vercel_ai_gateway",
        "github_pat_": "github",
        "ghp_": "github",
        "hf_": "huggingface",
    }
)
"""As the providers' own documentation shows their keys."""

_SHARED: Final = "sk-"
"""Begins the older keys of OpenAI and those of DeepSeek, Moonshot and others: their length tells some apart."""

_DEEPSEEK_LENGTH: Final = len(_SHARED) + 32
"""Characters of a DeepSeek key: the prefix that it shares with OpenAI's older keys, and 32 hexadecimal digits."""

_OPENAI_LENGTH: Final = len(_SHARED) + 48
"""Characters of OpenAI's older keys; newer ones have prefixes of their own."""


def detect_provider(key: Secret) -> str:
    """The id of the provider whose keys look like this one; empty where that cannot be told."""
    text = key.reveal().strip()
    for beginning, provider in _BEGINNINGS.items():
        if text.startswith(beginning):
            return provider
    if not text.startswith(_SHARED):
        return ""
    if len(text) == _DEEPSEEK_LENGTH and all(letter in "0123456789abcdef" for letter in text[len(_SHARED) :]):
        return "deepseek"
    return "openai" if len(text) == _OPENAI_LENGTH else ""
