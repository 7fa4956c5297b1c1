"""Understudy in front of an OpenAI-compatible server, as a user would start it, and watched for what it gives away."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from tests.support import processes
from tests.support.processes import Serving

KEY: Final = "sk-planted-9b1d63f0c2a84e7795d6"
TOKEN: Final = "us-planted-51f0b7e2d93c46a8"

ENGINES: Final[Mapping[str, tuple[str, ...]]] = {"direct": (), "litellm": ("--engine", "openai=litellm")}
"""How ``understudy serve`` is told to reach OpenAI."""

ROLE_IDS: Final[Mapping[str, str]] = {
    "ANTHROPIC_MODEL": "understudy/big",
    "ANTHROPIC_DEFAULT_OPUS_MODEL": "understudy/big",
    "ANTHROPIC_DEFAULT_SONNET_MODEL": "understudy/big",
    "ANTHROPIC_DEFAULT_FABLE_MODEL": "understudy/big",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "understudy/small",
}
"""The names under which Claude Code asks for models, so that no Claude name is left in any request."""


@contextlib.asynccontextmanager
async def serving_openai(
    base_url: str, folder: Path, engine: str = "direct", variables: Mapping[str, str] | None = None
) -> AsyncIterator[Serving]:
    """``understudy serve`` with OPENAI_BASE_URL at ``base_url``.

    At the end neither the provider's key nor the local token may stand in anything it printed or wrote.
    """
    environ = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": KEY, **(variables or {})}
    home = folder / "understudy"
    async with processes.serving(home, *ENGINES[engine], variables=environ, token=TOKEN) as understudy:
        yield understudy
    for secret in (KEY, TOKEN):
        assert secret not in understudy.printed
        assert not [name for name, content in understudy.files().items() if secret.encode() in content]
