"""Each provider that Understudy names is asked once, streamed, by the engine that serves it and in its own wire.

Only what is shipped can be imported meanwhile: a provider that needs a package which ``requirements/runtime.txt`` does
not have (``mcp``, ``google.auth``) fails here. Each answer has a text and a tool call.
"""

from __future__ import annotations

import json
import re
import struct
import sys
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from packaging.utils import canonicalize_name

from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine
from proxy_core.upstream.direct import Direct
from proxy_core.upstream.http import Http
from proxy_core.upstream.litellm_engine import LiteLLM
from proxy_core.upstream.port import Chunk, Upstream
from proxy_core.upstream.relay import Relay, RelayCall
from tests.support.chat_server import Body, Finish, Head, Request, Step, chat_server, delta, sse, usage, whole
from tests.upstream.calls import KEY, call_to, drained, text_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),  # LiteLLM's own
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

RUNTIME: Final = Path(__file__).parents[2] / "requirements" / "runtime.txt"
TEST_TOOLS: Final = re.compile(r"_?(pytest|py|pluggy|hypothesis|sortedcontainers|execnet|xdist|iniconfig|psutil)\b")

TOOLS: Final = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


# ---------------------------------------------------------------------------------------------------------- the wires


def event_stream(*events: Mapping[str, Any]) -> list[Step]:
    """Server-sent events with their ``event:`` lines, as Anthropic, Cohere and OpenAI's Responses API send them."""
    frames = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
    return [Head(), Body(frames.encode()), Finish()]


def chat() -> list[Step]:
    """OpenAI's chat completions, and everybody's who speaks as OpenAI does."""

    def call(**part: Any) -> dict[str, Any]:
        return delta(tool_calls=[{"index": 0, **part}])

    chunks = (
        delta(role="assistant", content="Ra"),
        delta(content="in."),
        call(id="call_1", type="function", function={"name": "get_weather", "arguments": ""}),
        call(function={"arguments": '{"city":'}),
        call(function={"arguments": '"Oslo"}'}),
        delta("tool_calls"),
    )
    return [Head(), Body(sse(*chunks, usage(11, 7), "[DONE]")), Finish()]


def responses() -> list[Step]:
    """OpenAI's Responses API."""
    text = {"type": "message", "id": "msg_1", "role": "assistant"}
    part = {"type": "output_text", "annotations": []}
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_weather"}
    arguments = '{"city":"Oslo"}'
    whole_text = {**text, "status": "completed", "content": [{**part, "text": "Rain."}]}
    whole_call = {**call, "arguments": arguments, "status": "completed"}
    answer: dict[str, Any] = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1700000000,
        "model": "test-model",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [],
        "status": "in_progress",
    }
    counted = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    done = {**answer, "status": "completed", "output": [whole_text, whole_call], "usage": counted}
    first, second = {"output_index": 0, "item_id": "msg_1"}, {"output_index": 1, "item_id": "fc_1"}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": answer},
        {"type": "response.output_item.added", "output_index": 0, "item": {**text, "content": []}},
        {"type": "response.content_part.added", **first, "content_index": 0, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **first, "content_index": 0, "delta": "Ra"},
        {"type": "response.output_text.delta", **first, "content_index": 0, "delta": "in."},
        {"type": "response.output_text.done", **first, "content_index": 0, "text": "Rain."},
        {"type": "response.output_item.done", "output_index": 0, "item": whole_text},
        {"type": "response.output_item.added", "output_index": 1, "item": {**call, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", **second, "delta": '{"city":'},
        {"type": "response.function_call_arguments.delta", **second, "delta": '"Oslo"}'},
        {"type": "response.function_call_arguments.done", **second, "arguments": arguments},
        {"type": "response.output_item.done", "output_index": 1, "item": whole_call},
        {"type": "response.completed", "response": done},
    ]
    return event_stream(*({**each, "sequence_number": number} for number, each in enumerate(events)))


def gemini() -> list[Step]:
    """Gemini's ``streamGenerateContent``, on AI Studio and Vertex AI."""

    def chunk(part: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        candidate = {"index": 0, "content": {"role": "model", "parts": [part]}, **more}
        counts = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
        return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "gemini-2.5-flash"}

    call = {"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}}}
    return [
        Head(),
        Body(sse(chunk({"text": "Ra"}), chunk({"text": "in."}), chunk(call, finishReason="STOP"))),
        Finish(),
    ]


def anthropic() -> list[Step]:
    """Anthropic's Messages API."""
    counts = {"input_tokens": 11, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": counts}
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}

    def piece(index: int, kind: str, **content: str) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **content}}

    return event_stream(
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        piece(0, "text_delta", text="Rain."),
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": call},
        piece(1, "input_json_delta", partial_json='{"city":'),
        piece(1, "input_json_delta", partial_json='"Oslo"}'),
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    )


def cohere() -> list[Step]:
    """Cohere's ``/v2/chat``."""

    def event(kind: str, index: int, **message: Any) -> dict[str, Any]:
        return {"type": kind, "index": index, "delta": {"message": message}}

    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
    tokens = {"input_tokens": 11, "output_tokens": 7}
    return event_stream(
        {"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}},
        event("content-start", 0, content={"type": "text", "text": ""}),
        event("content-delta", 0, content={"text": "Rain."}),
        {"type": "content-end", "index": 0},
        event("tool-call-start", 0, tool_calls=call),
        event("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"city":"Oslo"}'}}),
        {"type": "tool-call-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": {"tokens": tokens}}},
    )


def bedrock() -> list[Step]:
    """Amazon Bedrock's ``converse-stream``: AWS's binary event stream."""

    def frame(kind: str, **payload: Any) -> bytes:
        named = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
        headers = b"".join(
            struct.pack(f"!B{len(name)}sBH{len(value)}s", len(name), name.encode(), 7, len(value), value.encode())
            for name, value in named.items()
        )
        body = json.dumps(payload).encode()
        prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
        message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + body
        return message + struct.pack("!I", zlib.crc32(message))

    call = {"toolUse": {"toolUseId": "tooluse_1", "name": "get_weather"}}
    counts = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
    frames = (
        frame("messageStart", role="assistant"),
        frame("contentBlockDelta", contentBlockIndex=0, delta={"text": "Rain."}),
        frame("contentBlockStop", contentBlockIndex=0),
        frame("contentBlockStart", contentBlockIndex=1, start=call),
        frame("contentBlockDelta", contentBlockIndex=1, delta={"toolUse": {"input": '{"city":"Oslo"}'}}),
        frame("contentBlockStop", contentBlockIndex=1),
        frame("messageStop", stopReason="tool_use"),
        frame("metadata", usage=counts, metrics={"latencyMs": 1}),
    )
    head = Head(headers={"content-type": "application/vnd.amazon.eventstream"})
    return [head, Body(b"".join(frames)), Finish()]


def ollama() -> list[Step]:
    """Ollama's own ``/api/chat``: lines of JSON."""

    def line(message: Mapping[str, Any], **more: Any) -> str:
        common = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": False}
        return json.dumps({**common, "message": {"role": "assistant", "content": "", **message}, **more}) + "\n"

    call = {"function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 7}
    lines = line({"content": "Rain."}) + line({"tool_calls": [call]}) + line({}, **end)
    return [Head(headers={"content-type": "application/x-ndjson"}), Body(lines.encode()), Finish()]


# ---------------------------------------------------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True)
class Offered:
    """One way to a provider: by ``engine``, at ``base`` (a path) of the server, which is asked at ``target``."""

    provider: str
    engine: Engine
    wire: Any
    target: str
    base: str = ""
    model: str = "test-model"
    key: str | None = KEY
    header: str = "authorization"
    tools: bool = True

    @property
    def name(self) -> str:
        return f"{self.provider}-{self.engine.value}-{self.wire.__name__}-{self.model}"


LITELLM: Final = Engine.LITELLM
CONVERSE: Final = "anthropic.claude-sonnet-4-20250514-v1:0"

OWN_WIRES: Final = (
    Offered("openai", LITELLM, responses, "/v1/responses", "/v1", "responses/gpt-5.4"),
    Offered("openai", LITELLM, responses, "/v1/responses", "/v1", "responses/gpt-5.1-codex"),
    Offered("xai", LITELLM, responses, "/v1/responses", "/v1", "responses/grok-4.20-multi-agent"),
    Offered("azure", LITELLM, chat, "/openai/deployments/gpt-4o/chat/completions", "", "gpt-4o", header="api-key"),
    Offered("azure", LITELLM, responses, "/openai/v1/responses", "", "responses/gpt-5.4", header="api-key"),
    Offered("azure_ai", LITELLM, chat, "/chat/completions", "", "mistral-large"),
    Offered("anthropic", LITELLM, anthropic, "/v1/messages", "", "claude-sonnet-4-5", header="x-api-key"),
    Offered(
        "gemini",
        LITELLM,
        gemini,
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
        "/v1beta",
        "gemini-2.5-flash",
        header="x-goog-api-key",
    ),
    Offered("vertex_ai", LITELLM, gemini, ":streamGenerateContent", "/gemini", "gemini-2.5-flash", None),
    Offered("vertex_ai", LITELLM, anthropic, ":streamRawPredict", "/claude", "claude-sonnet-4-5", None),
    Offered("bedrock", LITELLM, bedrock, "/converse-stream", "", CONVERSE),
    Offered("cohere", LITELLM, cohere, "/v2/chat", "/v2/chat", "command-a-03-2025"),
    Offered("cohere_chat", LITELLM, cohere, "/v2/chat", "/v2/chat", "command-a-03-2025"),
    Offered("huggingface", LITELLM, chat, "/v1/chat/completions", "", "meta-llama/Llama-3.3-70B-Instruct"),
    Offered("ollama", LITELLM, ollama, "/api/chat", "/v1"),
)

DIRECT: Final = tuple(
    Offered(provider.id, Engine.DIRECT, chat, f"{path}/chat/completions", path)
    for provider in PROVIDERS.values()
    if provider.engine is Engine.DIRECT
    for path in [urlsplit(provider.base_url).path.rstrip("/")]
)

TOOLS_DROPPED: Final = frozenset({"perplexity", "sambanova"})
"""LiteLLM sends these no tools, or only for the models that it knows."""

THROUGH_LITELLM: Final = tuple(
    Offered(each.provider, LITELLM, chat, "/chat/completions", each.base, tools=each.provider not in TOOLS_DROPPED)
    for each in DIRECT
    if each.provider != "ollama"
)
"""``understudy serve --engine PROVIDER=litellm``, and the same in the settings."""

PATHS: Final = (*DIRECT, *OWN_WIRES, *THROUGH_LITELLM)


# ---------------------------------------------------------------------------------------------------------- the tests


@pytest.fixture(scope="module")
def only_what_is_shipped() -> Iterator[None]:
    """Without the packages that only tests and tools bring."""
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==", RUNTIME.read_text("utf-8"), re.MULTILINE)
    shipped = {canonicalize_name(name) for name in pinned} | {"understudy"}
    with pytest.MonkeyPatch.context() as patch:
        for name, brought_by in packages_distributions().items():
            if shipped.isdisjoint(map(canonicalize_name, brought_by)) and not TEST_TOOLS.match(name):
                patch.setitem(sys.modules, name, None)
        yield


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode()


@pytest.fixture
async def engines(only_what_is_shipped: None) -> AsyncIterator[Mapping[Engine, Upstream]]:
    litellm, direct = LiteLLM(), Direct(Http())
    yield {Engine.LITELLM: litellm, Engine.DIRECT: direct}
    await litellm.aclose()
    await direct.aclose()


@pytest.fixture
def no_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any cloud's credentials, and not in a cloud."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("VERTEXAI_LOCATION", "europe-west4")


def calls_in(chunks: list[Chunk]) -> list[tuple[str, Any]]:
    """Name and arguments of each call that the chunks add up to."""
    found: dict[int, list[str]] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            for part in choice["delta"].get("tool_calls") or ():
                name, arguments = found.setdefault(part.get("index", 0), ["", ""])
                function = part["function"]
                found[part.get("index", 0)] = [
                    name or function.get("name") or "",
                    arguments + (function.get("arguments") or ""),
                ]
    return [(name, json.loads(arguments)) for name, arguments in found.values()]


def test_each_provider_that_is_named_has_a_path() -> None:
    assert {path.provider for path in PATHS} == set(PROVIDERS) - {"demo"}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
async def test_a_text_and_a_call_come_whole(
    path: Offered,
    engines: Mapping[Engine, Upstream],
    no_cloud: None,
    private_key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(request: Request) -> list[Step]:
        if request.target == "/token":  # Google's, for a service account
            return whole({"access_token": "ya29.token", "expires_in": 3600, "token_type": "Bearer"})
        return list(path.wire())

    async with chat_server(answer) as server:
        account = {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "k",
            "private_key": private_key,
            "client_email": f"tests-{server.port}@p.iam.gserviceaccount.com",
            "token_uri": f"{server.address}/token",
        }
        (tmp_path / "account.json").write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        call = replace(
            call_to(f"{server.address}{path.base}", tools=TOOLS),
            provider=path.provider,
            model=path.model,
            api_key=Secret(path.key) if path.key else None,
        )
        stream = await engines[path.engine].open(call)
        chunks, error = await drained(stream)
        asked = [request for request in server.requests if request.target != "/token"]

    assert (text_of(chunks), calls_in(chunks), error) == ("Rain.", [("get_weather", {"city": "Oslo"})], None)
    assert stream.declared_end
    counted = [chunk["usage"] for chunk in chunks if chunk.get("usage")][-1]
    assert (counted["prompt_tokens"], counted["completion_tokens"]) == (11, 7)
    (request,) = asked
    assert urlsplit(request.target).path.endswith(path.target)
    assert (path.key or "ya29.token") in request.headers[path.header]
    assert ("get_weather" in request.body.decode()) is path.tools


async def test_anthropic_is_relayed() -> None:
    relay = Relay(Http())
    async with chat_server(anthropic()) as server:
        call = RelayCall("POST", f"{server.address}/v1/messages", (), b"{}", (("x-api-key", Secret(KEY)),))
        answer = await relay.open(call)
        got = b"".join([piece async for piece in answer])
        await answer.aclose()
        (request,) = server.requests
    await relay.aclose()
    assert b'"partial_json": "\\"Oslo\\"}"' in got
    assert request.headers["x-api-key"] == KEY
