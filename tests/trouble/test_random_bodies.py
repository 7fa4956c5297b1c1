"""Whatever a body says, the client gets an answer, or an error in shape that says it is the request's fault."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

from hypothesis import settings

from proxy_core.anthropic_api.request import model_at_the_head
from proxy_core.ledger.request_events import BodyCaptured, Finished, Routed, Started
from tests.anthropic_grammar import read
from tests.support.anthropic_server import message
from tests.support.chat_server import Request, Step, chat_server, completion, text_stream, whole
from tests.trouble.asgi import Got, app
from tests.trouble.random_bodies import body

COUNT = 10_000 if settings.default is not None and settings.default.max_examples >= 10_000 else 250
PROVIDERS = ("openai", "deepseek", "mistral", "openrouter", "groq", "xai", "ollama")
MODELS = [
    "claude-sonnet-5-5",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-8",
    "openai/gpt-5.2",
    "openai/o3",
    "deepseek/deepseek-reasoner",
    "mistral/mistral-large-latest",
    "openrouter/anthropic/claude-sonnet-4.5",
    "groq/openai/gpt-oss-120b",
    "xai/grok-4",
    "ollama/qwen3",
    "anthropic/claude-sonnet-4-5",
]


def obliging(asked: Request) -> list[Step]:
    if asked.target.startswith("/v1/messages"):
        return whole({"input_tokens": 3}) if "count_tokens" in asked.target else message("Fine.")
    return text_stream("Fi", "ne.") if asked.json.get("stream") else whole(completion("Fine."))


async def test_random_bodies(tmp_path: Path) -> None:
    seen: Counter[int] = Counter()
    async with chat_server(obliging) as upstream:
        places = [f'[providers.{name}]\nbase_url = "{upstream.base_url}"\nengine = "direct"\n' for name in PROVIDERS]
        places.append(f'[providers.anthropic]\nbase_url = "{upstream.address}"\n')
        keys = {f"{name.upper()}_API_KEY": f"sk-{name}-0123456789abcdef" for name in (*PROVIDERS, "anthropic")}
        async with app(tmp_path, keys, "version = 1\n" + "".join(places)) as proxy:
            for number in range(COUNT):
                rng = random.Random(number)
                path = "/v1/messages/count_tokens" if rng.random() < 0.2 else "/v1/messages"
                asked = body(rng, MODELS)
                got = await proxy.post(path, asked)
                seen[got.status] += 1
                try:
                    judge(got)
                except AssertionError as fault:
                    raise AssertionError(f"body {number} at {path}: {got.status} {got.body[:300]!r}") from fault
                proxy.heard.records.clear()
                proxy.heard.events.clear()
                upstream.requests.clear()
    print(dict(seen))
    assert seen[200] > COUNT / 10, "most bodies are no longer understood at all: the test has lost its point"
    assert seen[400] > COUNT / 20


async def test_random_bodies_that_are_passed_on_unread(tmp_path: Path) -> None:
    unread = 0
    async with chat_server(lambda _: message("Fine.")) as anthropic:
        settings = (
            f'version = 1\n[profiles.Default]\nbig = "passthrough"\n[proxy]\npassthrough_url = "{anthropic.address}"\n'
        )
        async with app(tmp_path, {"ANTHROPIC_API_KEY": "sk-ant-0123456789abcdef"}, settings) as proxy:
            for number in range(COUNT // 10):
                asked = body(random.Random(number), ["claude-opus-5-5"])
                judge(await proxy.post("/v1/messages", asked))
                if model_at_the_head(asked) == "claude-opus-5-5":
                    unread += 1
                    assert [request.body for request in anthropic.requests] == [asked], number
                    told = [type(events) for events in proxy.heard.events]
                    assert (told[:3], told.count(Finished)) == ([Started, BodyCaptured, Routed], 1), number
                proxy.heard.records.clear()
                proxy.heard.events.clear()
                anthropic.requests.clear()
    assert unread > COUNT / 20


def judge(got: Got) -> None:
    assert got.is_whole
    if got.status == 200:
        if got.is_stream:
            assert read(got.body).complete
        else:
            value = json.loads(got.body)
            assert value.get("type") == "message" or value["input_tokens"] >= 0
    else:
        assert 400 <= got.status < 500
        value = json.loads(got.body)
        assert value["type"] == "error"
        assert set(value["error"]) == {"type", "message"}
        assert value["request_id"] == got.headers["request-id"]
        assert got.headers["x-should-retry"] == "false"
