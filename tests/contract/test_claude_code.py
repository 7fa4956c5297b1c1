"""The real Claude Code, old and new, works on another vendor's model through each engine that translates."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path

import pytest

from tests.contract.conftest import Stage
from tests.contract.plays import asked, bash, calls, counted, says, tool_texts
from tests.contract.serving_openai import KEY
from tests.support import claude_code
from tests.support.chat_server import Cut, Request, Script, Step, completion, delta, streamed, usage, whole

pytestmark = [
    pytest.mark.claude_code,
    pytest.mark.slow,
    pytest.mark.parametrize("version", claude_code.VERSIONS),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_text(version: str, stage: Stage, tmp_path: Path) -> None:
    said = "Ünderstudy says: “good evening” 🎭\nand bows."
    run, requests = await asked(version, stage, tmp_path, "Greet me.", [says(said, 12_345, 21, cached=12_000)])
    assert (run.status, run.is_error, run.result) == (0, False, said)
    assert counted(run) == (345, 12_000, 21)
    assert len(requests) == 1
    assert requests[0].json["model"] == "gpt-4.1"


async def test_a_bash_tool_loop(version: str, stage: Stage, tmp_path: Path) -> None:
    scripts = [
        calls(1000, 30, bash("call_one", "echo first-$((20 + 1))")),
        calls(1100, 40, bash("call_two", "echo second-$((40 + 2)) >&2; exit 3")),
        says("The first said 21, the second failed with 42.", 1200, 50),
    ]
    run, requests = await asked(version, stage, tmp_path, "Run both.", scripts)
    assert (run.is_error, run.result) == (False, "The first said 21, the second failed with 42.")
    assert run.turns == 3
    assert counted(run) == (3300, 0, 120)
    assert [one["tool_use_id"] for one in run.blocks("user", "tool_result")] == ["call_one", "call_two"]
    assert "first-21" in tool_texts(requests[1])["call_one"]
    assert "second-42" in tool_texts(requests[2])["call_two"]


async def test_parallel_tools_whose_arguments_are_interleaved(version: str, stage: Stage, tmp_path: Path) -> None:
    wanted = [
        bash(f"call_{n}", f"echo part-{n}-$((100 + {n})) of a longer command line {'x' * 30 * n}") for n in (1, 2, 3)
    ]
    scripts = [calls(2000, 90, *wanted), says("All three ran.", 2500, 7)]
    run, requests = await asked(version, stage, tmp_path, "Run three at once.", scripts)
    assert (run.is_error, run.result) == (False, "All three ran.")
    assert counted(run) == (4500, 0, 97)
    assert [block["input"] for block in run.blocks("assistant", "tool_use")] == [one[2] for one in wanted]
    heard = {id_: text.split()[0] for id_, text in tool_texts(requests[1]).items()}
    assert heard == {"call_1": "part-1-101", "call_2": "part-2-102", "call_3": "part-3-103"}


def png(red: int) -> bytes:
    """A picture of two by two dots of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + bytes([red, 0, 0]) * 2 for _ in range(2))
    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def pictures(request: Request) -> list[bytes]:
    """The images that the model gets to see, wherever in the conversation they stand."""
    contents = [message.get("content") for message in request.json["messages"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [base64.b64decode(url.partition(";base64,")[2]) for url in urls]


async def test_an_image_is_read(version: str, stage: Stage, tmp_path: Path) -> None:
    picture = tmp_path / "project" / "red.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(png(red=200))
    scripts = [calls(900, 20, ("call_see", "Read", {"file_path": str(picture)})), says("It is red.", 1500, 4)]
    run, requests = await asked(version, stage, tmp_path, "Look at red.png.", scripts)
    assert (run.is_error, run.result) == (False, "It is red.")
    assert pictures(requests[0]) == []
    (seen,) = pictures(requests[1])
    assert seen.startswith(b"\x89PNG")
    assert counted(run) == (2400, 0, 24)


def delegates(request: Request) -> list[Step]:
    """Asks for a subagent by whatever name this version has for it."""
    (name,) = {tool["function"]["name"] for tool in request.json["tools"]} & {"Agent", "Task"}
    wanted = {"description": "count", "prompt": "Count to seven, please.", "subagent_type": "general-purpose"}
    return calls(1000, 25, ("call_sub", name, {**wanted, "run_in_background": False}))


async def test_a_subagent_works_and_reports(version: str, stage: Stage, tmp_path: Path) -> None:
    scripts: list[Script] = [
        delegates,
        says("Seven, said the subagent.", 400, 8),
        says("It counted to seven.", 1300, 9),
    ]
    run, requests = await asked(version, stage, tmp_path, "Have an agent count.", scripts)
    assert (run.is_error, run.result) == (False, "It counted to seven.")
    assert "Count to seven, please." in str(requests[1].json["messages"])
    assert "Seven, said the subagent." in tool_texts(requests[2])["call_sub"]
    assert len(requests) == 3
    assert counted(run) == (2700, 0, 42)


async def test_a_refused_key_is_said_at_once_and_asks_for_no_login(version: str, stage: Stage, tmp_path: Path) -> None:
    refusal = {
        "error": {
            "message": f"Incorrect API key provided: {KEY}.",
            "type": "invalid_request_error",
            "code": "invalid_api_key",
        }
    }
    run, _ = await asked(version, stage, tmp_path, "Greet me.", [whole(refusal, 401)])
    assert run.is_error
    assert "OpenAI" in run.result
    assert "key" in run.result
    assert "login" not in run.result
    assert KEY not in json.dumps(run.events)


def answered_whole(request: Request) -> list[Step]:
    """The same text, streamed or not, as it is asked for."""
    return says("Good evening.", 100, 3) if request.json.get("stream") else whole(completion("Good evening."))


async def test_a_stream_that_is_cut_is_not_taken_for_an_end(version: str, stage: Stage, tmp_path: Path) -> None:
    cut = [*streamed(delta(role="assistant", content=""), delta(content="Good"))[:-1], Cut()]
    scripts: list[Script] = [cut, answered_whole]
    run, requests = await asked(version, stage, tmp_path, "Greet me.", scripts)
    assert run.is_error or (len(requests) > 1 and run.result != "Good")


async def test_reasoning_that_is_told_at_the_end_comes_back(version: str, stage: Stage, tmp_path: Path) -> None:
    """An empty thinking block behind the call carries it; the call runs, and the next turn brings it back."""
    items = [{"type": "reasoning", "id": "rs_1", "encrypted_content": "c2VjcmV0", "summary": []}]
    function = {"name": "Bash", "arguments": json.dumps({"command": "echo first-$((20 + 1))", "description": "say"})}
    late = streamed(
        delta(tool_calls=[{"index": 0, "id": "call_one", "type": "function", "function": function}]),
        delta(reasoning_items=items),
        delta("tool_calls"),
        usage(1000, 30),
        "[DONE]",
    )
    run, requests = await asked(version, stage, tmp_path, "Run it.", [late, says("It said 21.", 1200, 50)])
    assert (run.is_error, run.result) == (False, "It said 21.")
    assert "first-21" in tool_texts(requests[1])["call_one"]
    (answer,) = [message for message in requests[1].json["messages"] if message["role"] == "assistant"]
    assert answer["reasoning_items"] == items
