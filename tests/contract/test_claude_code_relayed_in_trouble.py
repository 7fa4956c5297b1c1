"""The real Claude Code, old and new, where a provider behind the relay fails: it does as it does with Anthropic itself.

The same troubles as in ``test_claude_code_in_trouble.py``, in Anthropic's own words, which pass through unchanged.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from proxy_core.config import paths
from tests.contract.plays import ALLOWED, LET_IN
from tests.contract.serving_openai import KEY, TOKEN
from tests.support import claude_code, processes
from tests.support.anthropic_server import anthropic_server, error, event, message_bytes, streamed, tool_use_bytes
from tests.support.chat_server import Body, ChatServer, Cut, Head, Request, Script, Step, whole
from tests.support.claude_code import Run

pytestmark = [
    pytest.mark.claude_code,
    pytest.mark.slow,
    pytest.mark.parametrize("version", claude_code.NEW_FIRST),
    pytest.mark.asyncio(loop_scope="module"),
]

MODEL = "claude-elsewhere-1"
HALF = message_bytes("Half of ", "it.")[: message_bytes("Half of ", "it.").index(b"event: content_block_stop")]
"""A stream that ends inside its first block."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relayed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, ChatServer]]:
    """Understudy's address, and the provider behind its relay."""
    folder = tmp_path_factory.mktemp("relayed")
    home = folder / "understudy"
    async with anthropic_server(streamed(message_bytes("Nothing was staged."))) as provider:
        file = paths.find({"UNDERSTUDY_HOME": str(home)}).settings_file
        file.parent.mkdir(parents=True)
        file.write_text(f'version = 1\n[providers.anthropic]\nbase_url = "{provider.address}"\n', "utf-8")
        models = dict.fromkeys(("BIG_MODEL", "SMALL_MODEL", "THINKER_MODEL"), f"anthropic/{MODEL}")
        environ = {"ANTHROPIC_API_KEY": KEY, **models}
        async with processes.serving(home, variables=environ, token=TOKEN) as understudy:
            yield understudy.address, provider
        for secret in (KEY, TOKEN):
            assert secret not in understudy.printed


async def asked(
    version: str, relayed: tuple[str, ChatServer], folder: Path, prompt: str, scripts: Sequence[Script]
) -> tuple[Run, list[Request]]:
    """Claude Code's run against a provider that answers by ``scripts``, and what the provider was asked."""
    address, provider = relayed
    provider.scripts[:] = scripts
    provider.requests.clear()
    run = await claude_code.run(
        version, prompt, base_url=address, folder=folder, variables=LET_IN, arguments=ALLOWED, seconds=240
    )
    requests = list(provider.requests)
    assert run.asked_outside == ()
    for request in requests:
        assert request.json["model"] == MODEL
        assert request.headers["x-api-key"] == KEY
        assert TOKEN not in json.dumps(dict(request.headers)) + request.body.decode()
    return run, requests


def says(text: str) -> list[Step]:
    return streamed(message_bytes(text))


def words(request: Request) -> str:
    return json.dumps(request.json["messages"])


async def test_an_overflow_makes_it_compact_and_go_on(
    version: str, relayed: tuple[str, ChatServer], tmp_path: Path
) -> None:
    def is_compaction(request: Request) -> bool:
        return "CRITICAL: Respond with TEXT ONLY" in words(request)

    def provider(request: Request) -> list[Step]:
        results = words(request).count('"tool_result"')
        if is_compaction(request):
            return says("<analysis>It ran echo.</analysis><summary>Echo was run five times.</summary>")
        if "Echo was run five times" in words(request):
            return says("Compacted, and on we go.")
        if results < 5:
            command = {"command": f"echo turn-{results}", "description": "say something"}
            turn = tool_use_bytes("Bash", command, f"toolu_{results}")
            return streamed(turn.replace(b'"msg_1"', b'"msg_turn_%d"' % results))  # it tells turns apart by their ids
        return error(400, "invalid_request_error", "prompt is too long: 214000 tokens > 200000 maximum")

    run, requests = await asked(version, relayed, tmp_path, "Echo five times.", [provider])
    assert any(is_compaction(request) for request in requests)
    assert (run.is_error, run.result) == (False, "Compacted, and on we go.")


async def test_a_rate_limit_is_waited_for(version: str, relayed: tuple[str, ChatServer], tmp_path: Path) -> None:
    limited = error(429, "rate_limit_error", "This request would exceed your rate limit.", retry_after="1")
    run, requests = await asked(version, relayed, tmp_path, "Greet me.", [limited, says("At last.")])
    assert (run.is_error, run.result) == (False, "At last.")
    assert len(requests) == 2


async def test_a_rate_limit_without_end_is_told(version: str, relayed: tuple[str, ChatServer], tmp_path: Path) -> None:
    limited = error(429, "rate_limit_error", "Not today.", retry_after="1", x_should_retry="false")
    run, _ = await asked(version, relayed, tmp_path, "Greet me.", [limited])
    assert run.is_error
    assert "429" in run.result or "Not today." in run.result


@pytest.mark.parametrize(
    "broken",
    [
        streamed(HALF + event("error", error={"type": "overloaded_error", "message": "Overloaded"})),
        [Head(headers={"content-type": "text/event-stream"}), Body(HALF), Cut()],
    ],
    ids=["an error", "a cut"],
)
async def test_mid_stream_trouble_is_no_end(
    version: str, relayed: tuple[str, ChatServer], tmp_path: Path, broken: list[Step]
) -> None:
    def again(request: Request) -> list[Step]:
        if request.json.get("stream"):
            return says("The whole.")
        answer = {
            "id": "msg_2",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [{"type": "text", "text": "The whole."}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 11, "output_tokens": 2},
        }
        return whole(answer)

    run, requests = await asked(version, relayed, tmp_path, "Greet me.", [broken, again])
    assert len(requests) > 1 or run.is_error
    assert "Half of it." not in run.result
