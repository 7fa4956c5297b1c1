"""``GET /v1/models``: roles first, then what the keys reach, in pages, never waiting long."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy_core.catalogue.provider_table import PROVIDERS
from tests.support.chat_server import ChatServer, Hang, Script, chat_server, whole
from tests.support.proxy import TOKEN, Running, running

KEY = "sk-for-the-provider-only"
LIST = {"object": "list", "data": [{"id": name} for name in ("gpt-4.1", "gpt-5-mini", "ft:mine", "whisper-1")]}
SETTINGS = "version = 1\n[profiles.Default]\nbig = 'openai/gpt-4.1'\nsmall = 'demo/fast'\nthinker = 'passthrough'\n"


@asynccontextmanager
async def stage(
    home: Path, script: Script, *, settings: str = SETTINGS, more: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[ChatServer, Running]]:
    """A proxy with a key for an OpenAI that plays ``script``; this machine's own servers are nowhere."""
    nowhere = {f"{id_.upper()}_API_BASE": "http://127.0.0.1:9" for id_, each in PROVIDERS.items() if each.local}
    async with chat_server(script) as server:
        environ = {**nowhere, "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.base_url, **(more or {})}
        async with running(home, environ, settings) as proxy:
            yield server, proxy


async def test_roles_come_first_then_who_plays_them_then_what_the_keys_reach(tmp_path: Path) -> None:
    async with stage(tmp_path, whole(LIST)) as (server, proxy):
        told = (await proxy.client.get("/v1/models?limit=1000")).json()
    assert [entry["id"] for entry in told["data"]] == [
        "claude:understudy/big",
        "claude:understudy/small",
        "claude:understudy/thinker",
        "claude:openai/gpt-4.1",
        "claude:demo/fast",
        "claude:openai/ft:mine",
        "claude:openai/gpt-5-mini",
    ]
    assert (told["has_more"], told["first_id"], told["last_id"]) == (
        False,
        "claude:understudy/big",
        "claude:openai/gpt-5-mini",
    )
    big, _, thinker, gpt, *_ = told["data"]
    assert big["display_name"] == "BIG · gpt-4.1"
    assert big["description"] == "openai/gpt-4.1 · 1M window · $2.00 in, $8.00 out per M tokens"
    assert thinker["target"] == "passthrough"
    assert gpt["display_name"] == "gpt-4.1 · OpenAI"
    assert all(entry["type"] == "model" and len(entry["description"]) <= 100 for entry in told["data"])
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(told)
    assert TOKEN not in json.dumps(told)


async def test_a_provider_that_hangs_is_left_out_in_time(tmp_path: Path) -> None:
    async with stage(tmp_path, [Hang()]) as (_, proxy):
        told = (await proxy.client.get("/v1/models")).json()  # the provider hangs for ever
    assert told["data"][0]["id"] == "claude:understudy/big"
    assert "claude:openai/gpt-5" in {entry["id"] for entry in told["data"]}, "the catalogue stands in"


async def test_a_role_is_told_without_waiting_for_anybody(tmp_path: Path) -> None:
    async with stage(tmp_path, [Hang()]) as (server, proxy):
        big = await proxy.client.get("/v1/models/understudy/big")
        unset = await proxy.client.get("/v1/models/understudy/opus")
        assert server.requests == []
    assert big.json()["target"] == "openai/gpt-4.1"
    assert unset.status_code == 404


async def test_the_roles_that_are_set_are_told_without_waiting_for_anybody(tmp_path: Path) -> None:
    async with stage(tmp_path, [Hang()]) as (server, proxy):
        told = await proxy.client.get("/v1/models?wait=0&limit=1000")
        assert server.requests == []
    assert told.status_code == 200
    assert [entry["id"] for entry in told.json()["data"]] == [
        "claude:understudy/big",
        "claude:understudy/small",
        "claude:understudy/thinker",
        "claude:openai/gpt-4.1",
        "claude:demo/fast",
    ]


async def test_pages(tmp_path: Path) -> None:
    async with stage(tmp_path, whole(LIST)) as (_, proxy):

        async def page(**query: str | int) -> dict[str, Any]:
            answer = await proxy.client.get("/v1/models", params=query)
            assert answer.status_code == 200, answer.text
            told: dict[str, Any] = answer.json()
            return told

        everything = [entry["id"] for entry in (await page())["data"]]
        seen: list[str] = []
        more, query = True, dict[str, Any]()
        while more:
            part = await page(limit=3, **query)
            assert len(part["data"]) <= 3
            assert (part["first_id"], part["last_id"]) == (part["data"][0]["id"], part["data"][-1]["id"])
            seen += [entry["id"] for entry in part["data"]]
            more, query = part["has_more"], {"after_id": part["last_id"]}
        assert seen == everything
        before = await page(limit=2, before_id=everything[4])
        assert [entry["id"] for entry in before["data"]] == everything[2:4]
        assert before["has_more"] is True
        first = await page(before_id=everything[2])
        assert ([entry["id"] for entry in first["data"]], first["has_more"]) == (everything[:2], False)
        last = await page(after_id=everything[-1])
        assert (last["data"], last["has_more"], last["first_id"]) == ([], False, None)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=٣", "after_id=nobody"])
async def test_a_page_that_makes_no_sense_is_refused_in_shape(tmp_path: Path, query: str) -> None:
    async with stage(tmp_path, whole(LIST)) as (_, proxy):
        answer = await proxy.client.get(f"/v1/models?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("claude:openai/gpt-4.1", "openai/gpt-4.1"),
        ("claude%3Aopenai%2Fgpt-4.1", "openai/gpt-4.1"),
        ("openai/gpt-5-mini", "openai/gpt-5-mini"),
        ("openai/ft:mine", "openai/ft:mine"),
        ("claude:understudy/small", "demo/fast"),
        ("claude-haiku-4-5-20251001", "demo/fast"),
        ("claude-sonnet-5-5", "openai/gpt-4.1"),
        ("gpt-4.1", "openai/gpt-4.1"),
    ],
)
async def test_one_model_by_any_id_that_a_request_may_name(tmp_path: Path, asked: str, target: str) -> None:
    async with stage(tmp_path, whole(LIST)) as (_, proxy):
        answer = await proxy.client.get(f"/v1/models/{asked}")
    assert answer.status_code == 200
    assert answer.json()["target"] == target
    assert answer.json()["type"] == "model"


@pytest.mark.parametrize("asked", ["nobody", "openai/nothing-of-the-kind", "claude:", "understudy/nobody", ""])
async def test_a_model_that_nobody_knows_is_not_found(tmp_path: Path, asked: str) -> None:
    async with stage(tmp_path, whole(LIST)) as (_, proxy):
        answer = await proxy.client.get(f"/v1/models/{asked}")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "not_found_error"


async def test_the_list_is_behind_the_guard(tmp_path: Path) -> None:
    async with stage(tmp_path, whole(LIST)) as (server, proxy):
        for path in ("/v1/models", "/v1/models/understudy/big"):
            answer = await proxy.client.get(path, headers={"x-api-key": "us-wrong"})
            assert answer.status_code == 401
        assert server.requests == []


async def test_without_any_key_the_roles_are_there(tmp_path: Path) -> None:
    async with stage(tmp_path, whole(LIST), more={"OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}) as (server, proxy):
        told = (await proxy.client.get("/v1/models")).json()
        assert server.requests == []
    assert [entry["id"] for entry in told["data"]][:3] == [
        "claude:understudy/big",
        "claude:understudy/small",
        "claude:understudy/thinker",
    ]
