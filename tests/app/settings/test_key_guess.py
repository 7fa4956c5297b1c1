"""Whose key it looks like. The keys are made up."""

from __future__ import annotations

import pytest

from app.state.key_detection import detect_provider
from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.config.secret import Secret


@pytest.mark.parametrize(
    ("key", "provider"),
    [
        ("sk-ant-api03-abc", "anthropic"),
        ("sk-or-v1-abc", "openrouter"),
        ("sk-proj-abc", "openai"),
        ("sk-" + "A1" * 24, "openai"),
        ("sk-" + "0a" * 16, "deepseek"),
        ("AIzaSyabc", "gemini"),
        ("gsk_abc", "groq"),
        ("xai-abc", "xai"),
        ("  nvapi-abc\n", "nvidia_nim"),
        ("hf_abc", "huggingface"),
        ("sk-whose", ""),
        ("whose", ""),
        ("", ""),
    ],
)
def test_a_key_is_told_by_its_beginning(key: str, provider: str) -> None:
    assert detect_provider(Secret(key)) == provider
    assert not provider or provider in PROVIDERS
