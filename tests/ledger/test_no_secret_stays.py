"""Keys planted everywhere a request can carry one; afterwards no file and no output of ours has any of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.request_events import BodyKind, State
from proxy_core.ledger.rows import Filter
from tests.ledger.records import every_byte, until
from tests.support import anthropic_server, chat_server
from tests.support.chat_server import Request, Step
from tests.support.processes import serving, understudy

PROVIDERS: Final = "opaque.provider.key.1234567890"
"""The key of the provider, of no form that is known anywhere."""

LOCAL: Final = "local-token-of-this-test-0123456789"
ANTHROPICS: Final = "opaque-anthropic-key-abcdef"
IN_BODY: Final = "sk-ant-api03-Planted_In-A-Body-0123456789"
IN_TOOL: Final = "ghp_PlantedInATool0123456789ab"
IN_ANSWER: Final = "AIzaSyPlantedInAnAnswer0123456789abcdef"
IN_URL: Final = "plantedInAQuery0123456789"
IN_USERINFO: Final = "planted-password-77"
IN_ERROR: Final = "xai-PlantedInAnErrorText0123456789"
IN_HEADER: Final = "sk-proj-PlantedInAHeader0123456789"
IN_PEM: Final = "MIIEplantedInAPemBlock0123456789"
SECRETS: Final = (
    *(PROVIDERS, LOCAL, ANTHROPICS, IN_BODY, IN_TOOL, IN_ANSWER, IN_URL, IN_USERINFO, IN_ERROR, IN_HEADER, IN_PEM),
)

MARK: Final = "a word by which the request is found again"


def _request(*, model: str, stream: bool, fails: bool = False) -> dict[str, Any]:
    command = f"curl -H 'x: {IN_TOOL}' https://me:{IN_USERINFO}@host/?api_key={IN_URL}&x=1 # {PROVIDERS}"
    return {
        "model": model,
        "max_tokens": 100,
        "stream": stream,
        "metadata": {"user_id": f"user {IN_BODY}"},
        "system": f"{MARK}: the key is {IN_BODY}, ours is {LOCAL}" + (" and it fails" if fails else ""),
        "tools": [{"name": "Bash", "description": "runs", "input_schema": {"type": "object", "properties": {}}}],
        "messages": [
            {"role": "user", "content": f"-----BEGIN RSA PRIVATE KEY-----\n{IN_PEM}\n-----END RSA PRIVATE KEY-----"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": command}}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": f"{ANTHROPICS} {IN_HEADER}"}],
            },
        ],
    }


def _openai(request: Request) -> list[Step]:
    """Answers with the key it was sent, cut over events, or refuses with it in its sentence."""
    shown = request.headers["authorization"]
    if b"and it fails" in request.body:
        said = f"Incorrect API key provided: {shown} and {IN_ERROR} at https://me:{IN_USERINFO}@host"
        return chat_server.whole({"error": {"message": said, "type": "invalid_request_error"}}, 400)
    text = f"{MARK}: {shown} and {IN_ANSWER}."
    if request.json.get("stream"):
        return chat_server.text_stream(*(text[start : start + 7] for start in range(0, len(text), 7)))
    return chat_server.whole(chat_server.completion(text))


def _anthropic(request: Request) -> list[Step]:
    shown = request.headers["x-api-key"]
    if b"and it fails" in request.body:
        return anthropic_server.error(400, "invalid_request_error", f"bad key {shown} or {IN_ERROR}")
    text = f"{MARK}: {shown} and {IN_ANSWER}."
    if request.json.get("stream"):
        pieces = (text[start : start + 7] for start in range(0, len(text), 7))
        return anthropic_server.streamed(anthropic_server.message_bytes(*pieces), encoding="gzip")
    return anthropic_server.message(text)


def _headers() -> Mapping[str, str]:
    return {
        "x-api-key": LOCAL,
        "anthropic-version": "2023-06-01",
        "x-claude-code-session-id": f"session {IN_HEADER}",
        "x-claude-code-agent-id": f"agent-{IN_HEADER}",
        "cookie": f"session={IN_HEADER}",
        "user-agent": f"client {IN_HEADER}",
    }


@pytest.mark.filterwarnings("default::ResourceWarning")
async def test_no_planted_secret_is_in_any_file_or_output(tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = home / "data" / "ledger.sqlite"
    async with chat_server.chat_server(_openai) as openai, anthropic_server.anthropic_server(_anthropic) as anthropic:
        variables = {
            "OPENAI_API_KEY": PROVIDERS,
            "OPENAI_BASE_URL": openai.base_url,
            "ANTHROPIC_API_KEY": ANTHROPICS,
            "UNDERSTUDY_PASSTHROUGH_URL": anthropic.address,
            "BIG_MODEL": "passthrough",
            "SMALL_MODEL": "openai/gpt-4.1-mini",
        }
        async with (
            serving(home, variables=variables, token=LOCAL) as running,
            httpx.AsyncClient(base_url=running.address, headers=_headers(), trust_env=False, timeout=30) as client,
        ):
            for model in ("claude-sonnet-5", "claude-haiku-5"):
                for stream in (True, False):
                    url = f"/v1/messages?beta=true&key={IN_URL}"
                    good = await client.post(url, json=_request(model=model, stream=stream))
                    assert good.status_code == 200, good.text
                bad = await client.post("/v1/messages", json=_request(model=model, stream=True, fails=True))
                assert bad.status_code == 400, bad.text
            strange = await client.post("/v1/messages", json={**_request(model=f"openai/{IN_BODY}", stream=False)})
            assert strange.status_code == 200
            ledger = Ledger(path)
            until(lambda: ledger.count(Filter(states=frozenset({State.DONE, State.FAILED}))) == 7)
            until(lambda: len(ledger.page(Filter(body=MARK))) == 7)
            until(
                lambda: all(
                    BodyKind.ANSWER in row.bodies for row in ledger.page(Filter(states=frozenset({State.DONE})))
                )
            )
            during = every_byte(home)
            parts = [ledger.body(row.record.id, part) for row in ledger.page() for part in row.bodies]
            ledger.close()
        printed = running.printed
    exported = [await understudy(*words, home=home) for words in (("log", "--json"), ("log", "export", "--json", "-"))]
    for place, data in {
        "files while it ran": during,
        "files afterwards": every_byte(home),
        "what it printed": printed.encode(),
        "bodies": b"\n".join(part or b"" for part in parts),
        "commands": "".join(each.out + each.err for each in exported).encode(),
    }.items():
        for secret in SECRETS:
            assert secret.encode() not in data, f"{secret} in {place}"
    assert sum(MARK.encode() in (part or b"") for part in parts) >= 16, (
        "bodies were kept, so that this proves something"
    )
    assert all(each.status == 0 for each in exported), exported
    for part in parts:
        json.loads(part or b"")
