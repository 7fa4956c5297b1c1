"""``understudy log rerun``: a request that was kept goes to another model, through the proxy's own parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.services.replay.replay_answer import Called, ReplayAnswer, last_words, read_answer
from proxy_core.anthropic_api.json_text import dumps
from proxy_core.ledger.reading import Ledger
from tests.ledger.shelving import ANSWER, REQUEST, carried, entry, keep, ledger_of, shelve
from tests.support import anthropic_server
from tests.support.chat_server import chat_server, delta, streamed, text_stream, usage, whole
from tests.support.processes import Finished, understudy

KEY = "sk-proj-abcdefghijklmnop-WXYZ"
TOKEN = "us-test-0123456789abcdef"


async def _rerun(home: Path, base_url: str, *arguments: str, **variables: str) -> tuple[Finished, dict[str, Any]]:
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": base_url, "UNDERSTUDY_TOKEN": TOKEN, **variables}
    done = await understudy("log", "rerun", *arguments, home=home, variables=environ)
    assert KEY not in done.out + done.err
    assert TOKEN not in done.out + done.err
    return done, json.loads(done.out) if "--json" in arguments and done.out else {}


async def test_another_model_is_asked_the_same_and_both_answers_are_told(scratch: Path) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    said = streamed(
        delta(role="assistant", reasoning_content="Hm."),
        delta(content="A redwood named "),
        delta(content="Hyperion."),
        delta("stop"),
        usage(1_000, 100),
        "[DONE]",
    )
    async with chat_server(said) as model:
        done, told = await _rerun(scratch, model.base_url, "0123", "--model", "openai/gpt-4.1-mini", "--json")
        (asked,) = model.requests
    assert done.status == 0, done.err
    assert asked.json["model"] == "gpt-4.1-mini"
    assert asked.json["messages"] == REQUEST["messages"]
    before, after = told["before"], told["after"]
    assert (before["target"], before["cost"], before["answer"]["text"]) == (
        *("openai/gpt-4.1", 0.013),
        "Hyperion, a redwood.",
    )
    assert before["answer"]["calls"] == [{"name": "Measure", "input": '{"tree":"Hyperion"}'}]
    assert (after["target"], after["answer"]["text"]) == ("openai/gpt-4.1-mini", "A redwood named Hyperion.")
    assert after["answer"]["thinking"] == "Hm."
    # 1,000 x $0.40 + 100 x $1.60 per million
    assert (after["cost"], after["estimated"]) == (pytest.approx(0.00056), True)
    assert after["usage"]["input"] == 1_000
    assert 0 < after["time_to_first_token"] <= after["duration"]
    assert told["notes"] == []


async def test_the_ledger_gets_it_as_a_request_of_its_own(scratch: Path) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    async with chat_server(text_stream("Once more.")) as model:
        _, told = await _rerun(scratch, model.base_url, "0123", "--model", "openai/gpt-4.1-mini", "--json")
    ledger = Ledger(ledger_of(scratch))
    new, first = ledger.page()
    ledger.close()
    assert new.record.id == told["after"]["id"]
    assert new.record.why.startswith("run again of req_0123456789abcdef: ")
    assert new.record.project == "/home/me/trees"
    assert new.cost == pytest.approx(told["after"]["cost"])
    assert first.record.why == "claude-opus-5-5 plays BIG"


async def test_it_may_be_run_again_and_again(scratch: Path) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    async with chat_server(text_stream("Once more.")) as model:
        _, one = await _rerun(scratch, model.base_url, "0123", "--model", "openai/gpt-4.1-mini", "--json")
        done, other = await _rerun(scratch, model.base_url, one["after"]["id"], "--model", "openai/o3", "--json")
    assert done.status == 0, done.err
    assert other["before"]["answer"]["text"] == "Once more."


async def test_a_provider_of_anthropics_format_gets_it_as_it_was(scratch: Path) -> None:
    request = {**REQUEST, "system": "Be brief.", "context_management": {"edits": []}}
    keep(ledger_of(scratch), *carried("0123456789abcdef", request))
    async with anthropic_server.anthropic_server(
        anthropic_server.streamed(anthropic_server.message_bytes("Briefly."))
    ) as anthropic:
        (scratch / "settings.toml").write_text(
            f'[providers.box]\ncustom = true\nengine = "relay"\nbase_url = "{anthropic.address}"\n'
        )
        done, told = await _rerun(scratch, "", "0123", "--model", "box/claude-new", "--json", BOX_API_KEY="box-key-123")
        (asked,) = anthropic.requests
    assert done.status == 0, done.err
    assert asked.json == {**request, "model": "claude-new", "stream": True}
    assert asked.headers["anthropic-beta"] == "context-management-2025-06-27"
    assert told["after"]["answer"]["text"] == "Briefly."


async def test_what_goes_wrong_this_time_is_a_side_too(scratch: Path) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    refusal = whole({"error": {"message": "No such model.", "type": "invalid_request_error"}}, 404)
    async with chat_server(refusal) as model:
        done, told = await _rerun(scratch, model.base_url, "0123", "--model", "openai/gone", "--json")
    assert done.status == 1
    assert told["after"]["status"] == 404
    assert told["after"]["answer"]["error"] == told["after"]["error"] != ""
    assert told["before"]["answer"]["text"] == "Hyperion, a redwood."


async def test_side_by_side_for_a_person(scratch: Path) -> None:
    keep(ledger_of(scratch), *carried("0123456789abcdef"))
    async with chat_server(text_stream("Another \x1b[2Jtree.")) as model:
        done, _ = await _rerun(scratch, model.base_url, "0123", "--model", "openai/gpt-4.1-mini")
    assert done.status == 0, done.err
    for line in ("Before: openai/gpt-4.1", "Now: openai/gpt-4.1-mini", "12,000 → 500 tokens", "Another \\x1b[2Jtree."):
        assert line in done.out


async def test_secrets_that_were_taken_out_are_said(scratch: Path) -> None:
    request = {
        **REQUEST,
        "messages": [{"role": "user", "content": "My key is sk-ant-api03-abcdefgh1234567890abcdefgh."}],
    }
    keep(ledger_of(scratch), *carried("0123456789abcdef", request))
    async with chat_server(text_stream("I see none.")) as model:
        done, told = await _rerun(scratch, model.base_url, "0123", "--model", "openai/gpt-4.1-mini", "--json")
        assert "sk-ant-api03" not in model.requests[0].body.decode()
    assert told["notes"] == [
        "A secret was taken out of the request before it was kept: this time the model did not see it all."
    ]
    assert told["notes"][0] in done.err


@pytest.mark.parametrize(
    ("id_", "model", "sentence"),
    [
        ("bodiless", "openai/gpt-4.1", "The body of req_bodiless is not kept (any more)"),
        ("counted", "openai/gpt-4.1", "req_counted was no question to a model, but /v1/messages/count_tokens."),
        ("0123", "gpt-4.1", "gpt-4.1 is not a model with its provider. Write it as in openai/gpt-4.1."),
        ("none", "openai/gpt-4.1", "There is no request none in the ledger."),
    ],
)
async def test_what_cannot_be_sent_again_is_said(scratch: Path, id_: str, model: str, sentence: str) -> None:
    file = ledger_of(scratch)
    shelve(file, entry("bodiless"), entry("counted", path="/v1/messages/count_tokens"))
    keep(file, *carried("0123456789abcdef"))
    async with chat_server(text_stream("Not asked.")) as server:
        done, _ = await _rerun(scratch, server.base_url, id_, "--model", model)
        assert server.requests == []
    assert done.status == 1
    assert sentence in done.err


async def test_a_body_that_was_cut_is_not_sent(scratch: Path) -> None:
    text = "x" * (9 * 1024 * 1024)
    keep(ledger_of(scratch), *carried("0123456789abcdef", {**REQUEST, "system": text}))
    async with chat_server(text_stream("Not asked.")) as server:
        done, _ = await _rerun(scratch, server.base_url, "0123", "--model", "openai/gpt-4.1")
        assert server.requests == []
    assert done.status == 1
    assert "Only the beginning of the body of req_0123456789abcdef was kept" in done.err


def test_an_answer_is_read_streamed_or_not_and_when_it_broke() -> None:
    wanted = ReplayAnswer(
        "Hyperion, a redwood.", "Trees. Tall ones.", (Called("Measure", '{"tree":"Hyperion"}'),), "tool_use"
    )
    assert read_answer(dumps(ANSWER)) == wanted
    streamed_ = anthropic_server.message_bytes("Hype", "rion")
    assert read_answer(streamed_) == ReplayAnswer("Hyperion", stop_reason="end_turn")
    broken = streamed_.split(b"event: content_block_stop")[0] + anthropic_server.event(
        "error", error={"type": "overloaded_error", "message": "Too busy."}
    )
    assert read_answer(broken) == ReplayAnswer("Hyperion", error="Too busy.")
    for nonsense in (b"", b"<html>", b"[1]", b'{"content": [3, {"type": 4}], "error": "no"}'):
        assert read_answer(nonsense).text == ""


def test_what_was_asked_last() -> None:
    results = [
        {"type": "tool_result", "content": "42 m"},
        {"type": "tool_result", "content": [{"type": "text", "text": "115 m"}, {"type": "image"}]},
        {"type": "text", "text": "Which is taller?"},
    ]
    messages = [{"role": "user", "content": "Measure."}, {"role": "assistant", "content": "So."}]
    assert last_words(dumps({"messages": messages})) == "Measure."
    assert last_words(dumps({"messages": [*messages, {"role": "user", "content": results}]})) == (
        "[result] 42 m\n\n[result] 115 m\n[result] [image]\n\nWhich is taller?"
    )
    for nonsense in (b"", b"[]", b'{"messages": 3}', b'{"messages": [3]}'):
        assert last_words(nonsense) == ""
