"""What LiteLLM does with a provider that has no key here: it asks that provider without one, or nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from proxy_core.catalogue import litellm_data
from proxy_core.config.secret import Secret
from proxy_core.errors import BaseUrlMissing
from proxy_core.upstream.litellm_engine import LiteLLM
from proxy_core.upstream.port import UpstreamCall
from tests.support.chat_server import chat_server, text_stream
from tests.upstream.calls import chunks_of, text_of

KEYS = {
    "OPENAI_API_KEY": "sk-openai-0123456789",
    "ANTHROPIC_API_KEY": "sk-ant-0123456789",
    "GEMINI_API_KEY": "gemini-0123456789",
    "OPENROUTER_API_KEY": "sk-or-0123456789",
    "DEEPSEEK_API_KEY": "sk-deepseek-0123456789",
    "MISTRAL_API_KEY": "mistral-0123456789",
    "AZURE_API_KEY": "azure-0123456789",
}
OWNERS = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "anthropic_text": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "azure": "AZURE_API_KEY",
}
OPENAI = frozenset({"api.openai.com", "openai.example"})


ALL = [id_ for id_ in litellm_data.other_providers() if id_ != "openai"]
SOME = [*dict.fromkeys([*OWNERS, "xinference", "ai21", "custom_openai", "groq", "perplexity", "fireworks_ai"])][1:]


@pytest.mark.parametrize(
    ("ids", "at_least"), [(SOME, 8), pytest.param(ALL, 60, marks=pytest.mark.full)], ids=["some", "all"]
)
def test_no_provider_gets_anothers_key_and_none_is_openai_in_disguise(
    ids: list[str], at_least: int, tmp_path: Path
) -> None:
    """GIVEN keys of some WHEN each is named without one of its own THEN nobody sees a key that is not theirs."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.upstream.litellm_asked"],
        input="\n".join(ids),
        env={
            "PATH": "",
            "HOME": str(tmp_path),
            "KEYS_TO_WATCH": json.dumps(KEYS),
            "OPENAI_BASE_URL": "https://openai.example/v1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **KEYS,
        },
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [id_ for id_, *_ in told] == ids, done.stderr
    wrong = [
        (id_, host, keys)
        for id_, left, _ in told
        for host, keys in left
        if host in OPENAI or set(keys) - {OWNERS.get(id_)}
    ]
    assert wrong == []
    assert sum(bool(left) for _, left, _ in told) >= at_least  # else nobody was asked, and nothing was seen
    refused = {id_ for id_, _, error in told if error == "BaseUrlMissing"}
    assert {"xinference", "ai21", "custom_openai"} <= refused


@pytest.mark.parametrize("provider", ["acme", "xinference", "custom_openai"])
async def test_one_without_an_address_is_refused_and_with_one_it_is_asked_there(provider: str) -> None:
    engine = LiteLLM()
    try:
        async with chat_server(text_stream("ok")) as server:
            body = {"messages": [{"role": "user", "content": "hi"}], "stream": True}
            call = UpstreamCall(provider, "x", body, api_key=Secret("k-0123456789"), provider_name="Acme")
            with pytest.raises(BaseUrlMissing, match="Acme has no base URL"):
                await engine.open(call)
            there = UpstreamCall(provider, "x", body, base_url=server.base_url, api_key=Secret("k-0123456789"))
            assert text_of(await chunks_of(engine, there)) == "ok"
            assert [asked.headers["authorization"] for asked in server.requests] == ["Bearer k-0123456789"]
    finally:
        await engine.aclose()
