"""aimock, a server of chat completions that is not ours: an independent opinion on what a provider understands."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.request
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support import node, processes

VERSION: Final = node.versions("aimock")[-1]


@dataclass(frozen=True, slots=True)
class Aimock:
    """It runs at ``address``; ``base_url`` is that of its OpenAI API."""

    address: str

    @property
    def base_url(self) -> str:
        """What ``OPENAI_BASE_URL`` takes."""
        return f"{self.address}/v1"

    async def journal(self) -> list[dict[str, Any]]:
        """Every request it got, in order, and what was answered; bodies of more than 64 KB are left out."""
        return await asyncio.to_thread(self._journal)

    def _journal(self) -> list[dict[str, Any]]:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{self.address}/__aimock/journal", timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found


@contextlib.asynccontextmanager
async def running(folder: Path, fixtures: Sequence[dict[str, Any]]) -> AsyncIterator[Aimock]:
    """aimock on a free port, answering what ``fixtures`` say (its own format) and refusing what they do not."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "fixtures.json"
    script.write_text(json.dumps({"fixtures": list(fixtures)}), "utf-8")
    program = node.program("aimock", VERSION, "llmock").resolve()
    command = (node.node(), program, "--port", "0", "--host", "127.0.0.1", "--fixtures", script, "--strict")
    sign = "server listening on "
    async with processes.listening(command, folder, sign, processes.environment(folder)) as line:
        yield Aimock(line.partition(sign)[2].strip())
