"""``understudy models``: the catalogue by words, and what keys and local servers reach."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from proxy_core.catalogue.provider_table import PROVIDERS
from tests.support.chat_server import chat_server, whole
from tests.support.processes import Finished, understudy

KEY = "sk-proj-abcdefghijklmnop-WXYZ"
LIST = whole({"object": "list", "data": [{"id": name} for name in ("gpt-4.1", "gpt-99", "text-embedding-3-small")]})
NOWHERE = {f"{id_.upper()}_API_BASE": "http://127.0.0.1:9" for id_, each in PROVIDERS.items() if each.local}


async def _models(home: Path, *arguments: str, **variables: str) -> Finished:
    return await understudy("models", *arguments, home=home, variables={**NOWHERE, **variables})


def _by_id(done: Finished) -> dict[str, dict[str, Any]]:
    assert done.status == 0, done.err
    return {model["id"]: model for model in json.loads(done.out)["models"]}


async def test_the_catalogue_is_searched_by_words_in_any_order(scratch: Path) -> None:
    one, other = [await _models(scratch, *words, "--json") for words in (("mini", "GPT-4.1"), ("gpt-4.1", "mini"))]
    assert one.out == other.out
    found = _by_id(one)["openai/gpt-4.1-mini"]
    assert (found["window"], found["input_price"], found["reached"]) == (1_047_576, 4e-7, "")
    assert "tools" in found["abilities"]


async def test_into_a_pipe_there_is_a_model_a_line_and_nothing_else(scratch: Path) -> None:
    done = await _models(scratch, "openai/gpt-4.1-mini")
    line = next(line for line in done.out.splitlines() if line.startswith("openai/gpt-4.1-mini "))
    assert line.split() == [
        "openai/gpt-4.1-mini",
        "1M",
        "33k",
        "$0.40",
        "$1.60",
        "-",
        *["tools", "images", "pdf", "search"],
    ]
    assert "MODEL" not in done.out
    assert "\x1b" not in done.out


async def test_what_a_key_reaches_comes_first(scratch: Path) -> None:
    async with chat_server(LIST) as server:
        reach = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.base_url}
        both = await _models(scratch, "gpt", "--json", **reach)
        live = await _models(scratch, "--live", "--json", **reach)
        asked = len(server.requests)
        offline = await _models(scratch, "gpt", "--offline", "--json", **reach)
        assert len(server.requests) == asked, "offline asks nobody"
    assert list(_by_id(both))[:2] == ["openai/gpt-4.1", "openai/gpt-99"]
    assert len(_by_id(both)) > 50
    assert list(_by_id(live)) == ["openai/gpt-4.1", "openai/gpt-99"]
    assert _by_id(offline)["openai/gpt-4.1"]["reached"] == ""
    assert KEY not in both.out + both.err + live.out + live.err


async def test_a_local_server_is_found_by_itself(scratch: Path) -> None:
    listed = whole({"object": "list", "data": [{"id": "qwen3:8b", "owned_by": "library"}]})
    async with chat_server(listed) as server:
        done = await _models(scratch, "--json", OLLAMA_API_BASE=server.address)
    (found,) = _by_id(done).values()
    assert (found["id"], found["reached"]) == ("ollama/qwen3:8b", "local")


async def test_a_list_that_cannot_be_had_is_said_and_the_catalogue_stands_in(scratch: Path) -> None:
    async with chat_server(whole({"error": {"message": f"bad key {KEY}"}}, 401)) as server:
        done = await _models(scratch, "--live", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.base_url)
    assert done.status == 0
    assert "understudy: OpenAI rejected the API key (401)." in done.err
    assert any(line.split()[0] == "openai/gpt-4.1" and line.split()[5] == "key" for line in done.out.splitlines())
    assert KEY not in done.out + done.err


async def test_nothing_found_is_said(scratch: Path) -> None:
    none = await _models(scratch, "no", "such", "model")
    assert (none.status, none.out) == (0, "")
    assert "No model's id holds all of: no such model." in none.err
    bare = await _models(scratch)
    assert "understudy keys set" in bare.err
