"""The real Claude Code, old and new, where things go wrong or long: it compacts, retries, waits, stops as it should."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from tests.contract.conftest import Stage
from tests.contract.plays import ALLOWED, asked, bash, calls, counted, says, tool_texts
from tests.support import claude_code
from tests.support.chat_server import (
    Body,
    Finish,
    Head,
    Request,
    Script,
    Step,
    Wait,
    completion,
    delta,
    sse,
    streamed,
    usage,
    whole,
)

pytestmark = [
    pytest.mark.claude_code,
    pytest.mark.slow,
    pytest.mark.parametrize("version", claude_code.NEW_FIRST),
    pytest.mark.asyncio(loop_scope="module"),
]

OVERFLOW = {
    "error": {
        "message": "This model's maximum context length is 128000 tokens. However, your messages resulted in 140000 "
        "tokens. Please reduce the length of the messages.",
        "type": "invalid_request_error",
        "code": "context_length_exceeded",
    }
}


def last_words(request: Request) -> str:
    return str(request.json["messages"][-1].get("content"))


def is_compaction(request: Request) -> bool:
    return any(
        "CRITICAL: Respond with TEXT ONLY" in str(message.get("content")) for message in request.json["messages"]
    )


async def test_an_overflow_makes_it_compact_and_go_on(version: str, stage: Stage, tmp_path: Path) -> None:
    overflowed = False

    def model(request: Request) -> list[Step]:
        nonlocal overflowed
        results = len(tool_texts(request))
        if is_compaction(request):
            return says("<analysis>It ran echo.</analysis><summary>Echo was run five times.</summary>", 900, 30)
        if "Echo was run five times" in str(request.json["messages"]):
            return says("Compacted, and on we go.", 500, 6)
        if results < 5:
            return calls(1000 + results, 20, bash(f"call_{results}", f"echo turn-{results}"))
        overflowed = True
        return whole(OVERFLOW, 400)

    run, requests = await asked(version, stage, tmp_path, "Echo five times.", [model])
    assert overflowed
    assert any(is_compaction(request) for request in requests)
    assert (run.is_error, run.result) == (False, "Compacted, and on we go.")


async def test_a_rate_limit_is_waited_for(version: str, stage: Stage, tmp_path: Path) -> None:
    limited = whole({"error": {"message": "Rate limit reached", "type": "requests"}}, 429, retry_after="1")
    run, requests = await asked(version, stage, tmp_path, "Greet me.", [limited, limited, says("At last.", 10, 3)])
    assert (run.is_error, run.result) == (False, "At last.")
    assert len(requests) == 3


async def test_a_long_rate_limit_is_told_at_once(version: str, stage: Stage, tmp_path: Path) -> None:
    limited = whole({"error": {"message": "Rate limit reached", "type": "requests"}}, 429, retry_after="120")
    run, requests = await asked(version, stage, tmp_path, "Greet me.", [limited])
    assert run.is_error
    assert "429" in run.result
    assert len(requests) == 1


async def test_an_error_in_mid_stream_is_no_end(version: str, stage: Stage, tmp_path: Path) -> None:
    broken = streamed(delta(role="assistant", content="Half of"), {"error": {"message": "The server had an error"}})

    def again(request: Request) -> list[Step]:
        return says("The whole.", 10, 3) if request.json["stream"] else whole(completion("The whole."))

    run, requests = await asked(version, stage, tmp_path, "Greet me.", [broken, again])
    assert len(requests) > 1 or run.is_error
    assert run.result != "Half of"


async def test_a_call_cut_at_the_output_limit_comes_to_an_end(version: str, stage: Stage, tmp_path: Path) -> None:
    """Passed on as ``max_tokens`` it would be asked for again and again, without end."""
    part = {"index": 0, "id": "call_w", "type": "function", "function": {"name": "Write", "arguments": '{"content":"a'}}

    def cut(request: Request) -> list[Step]:
        if request.json["stream"]:
            return streamed(delta(tool_calls=[part]), delta("length"), usage(10, 16_000), "[DONE]")
        answer = completion("", tool_calls=[{key: part[key] for key in ("id", "type", "function")}])
        answer["choices"][0]["finish_reason"] = "length"
        return whole(answer)

    run, requests = await asked(version, stage, tmp_path, "Write a book.", [cut])
    assert run.is_error
    assert len(requests) < 40


@pytest.mark.parametrize("stage", ["direct", pytest.param("litellm", marks=pytest.mark.full)], indirect=True)
async def test_a_slow_model_is_waited_for(version: str, stage: Stage, tmp_path: Path) -> None:
    slow: list[Step] = [
        Wait(11),
        Head(),
        Body(sse(delta(role="assistant", content="Slowly"))),
        Wait(1),
        Body(sse(delta(content=" but surely."), delta("stop"), usage(20, 4), "[DONE]")),
        Finish(),
    ]
    run, requests = await asked(version, stage, tmp_path, "Greet me.", [slow])
    assert (run.is_error, run.result) == (False, "Slowly but surely.")
    assert len(requests) == 1


async def test_a_web_search_brings_links(version: str, stage: Stage, tmp_path: Path) -> None:
    def model(request: Request) -> list[Step]:
        if "web_search_options" in request.json:
            cited = {"url": "https://trees.example/tall", "title": "Tall trees", "start_index": 0, "end_index": 8}
            found = completion("Hyperion.", annotations=[{"type": "url_citation", "url_citation": cited}])
            return whole(found)
        if tool_texts(request):
            return says("Hyperion is the tallest.", 900, 8)
        return calls(800, 12, ("call_s", "WebSearch", {"query": "tallest tree"}))

    arguments = ("--allowedTools", "WebSearch", "--permission-mode", "default")
    run, requests = await asked(
        version, stage, tmp_path, "Search.", [model], arguments=arguments, variables={"ENABLE_TOOL_SEARCH": "false"}
    )
    assert (run.is_error, run.result) == (False, "Hyperion is the tallest.")
    searched = [request for request in requests if "web_search_options" in request.json]
    assert len(searched) == 1
    assert "tallest tree" in last_words(searched[0])
    assert "https://trees.example/tall" in tool_texts(requests[-1])["call_s"]


def pdf(words: str) -> bytes:
    """A document of one page."""
    stream = zlib.compress(f"BT /F 24 Tf 72 700 Td ({words}) Tj ET".encode())
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F 5 0 R>>>>>>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 6\n0000000000 65535 f \n%btrailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return out + head % (table, len(out))


async def test_a_pdf_is_read(version: str, stage: Stage, tmp_path: Path) -> None:
    document = tmp_path / "project" / "paper.pdf"
    document.parent.mkdir(parents=True)
    document.write_bytes(pdf("Understudies"))
    scripts: list[Script] = [
        calls(900, 20, ("call_read", "Read", {"file_path": str(document)})),
        says("It is about understudies.", 1500, 4),
    ]
    run, requests = await asked(version, stage, tmp_path, "Read paper.pdf.", scripts)
    assert (run.is_error, run.result) == (False, "It is about understudies.")
    contents = [message.get("content") for message in requests[1].json["messages"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    files = [part["file"] for part in parts if part["type"] == "file"]
    assert [file["file_data"][:28] for file in files] == ["data:application/pdf;base64,"]


async def test_context_is_counted(version: str, stage: Stage, tmp_path: Path) -> None:
    run, _ = await asked(version, stage, tmp_path, "/context", [says("unused", 1, 1)])
    assert not run.is_error
    assert "Context" in run.result


async def test_plan_mode(version: str, stage: Stage, tmp_path: Path) -> None:
    arguments = ("--permission-mode", "plan", "--allowedTools", "Read")
    run, requests = await asked(
        version, stage, tmp_path, "Plan a change.", [says("The plan: change nothing.", 300, 7)], arguments=arguments
    )
    assert (run.is_error, run.result) == (False, "The plan: change nothing.")
    assert any("plan mode" in str(message.get("content")).lower() for message in requests[0].json["messages"])


@pytest.mark.parametrize("stage", ["direct", pytest.param("litellm", marks=pytest.mark.full)], indirect=True)
async def test_a_hundred_turns(version: str, stage: Stage, tmp_path: Path) -> None:
    def model(request: Request) -> list[Step]:
        turn = len(tool_texts(request))
        if turn == 100:
            return says("A hundred.", 1100, 3)
        return calls(1000 + turn, 10, bash(f"call_{turn}", f"echo {turn}"))

    run, requests = await asked(
        version, stage, tmp_path, "Count.", [model], arguments=(*ALLOWED, "--max-turns", "150"), seconds=240
    )
    assert (run.is_error, run.result, run.turns) == (False, "A hundred.", 101)
    assert len(requests) == 101
    assert counted(run) == (sum(range(1000, 1100)) + 1100, 0, 1003)
    assert [text.split()[0] for text in tool_texts(requests[-1]).values()] == [str(turn) for turn in range(100)]
