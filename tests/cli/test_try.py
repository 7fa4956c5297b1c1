"""``understudy test``: roles tried against a model that really looks, one that cannot, and ones that fail."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.services.model_probe.test_image import COLOURS, png
from tests.support.anthropic_server import anthropic_server, message_bytes
from tests.support.anthropic_server import streamed as anthropic_stream
from tests.support.chat_server import Body, Finish, Head, Request, Step, Wait, chat_server, delta, sse, usage, whole
from tests.support.processes import Finished, serving, understudy

KEY = "sk-proj-abcdefghijklmnop-WXYZ"
DEMO = {"BIG_MODEL": "demo/fast", "SMALL_MODEL": "demo/fast", "THINKER_MODEL": "demo/fast"}


class Model:
    """A chat model of forty lines that does what it is told, but for what is named in ``cannot``."""

    def __init__(self, *cannot: str) -> None:
        self.cannot = cannot

    def __call__(self, request: Request) -> Sequence[Step]:
        body = request.json
        if "forced" in self.cannot and "tool_choice" in body:
            return whole({"error": {"message": "tool_choice is not supported", "type": "invalid_request_error"}}, 400)
        if "tools" in body and "tools" not in self.cannot:
            word = "another" if "obey" in self.cannot else "rehearsal"
            function = {"name": body["tools"][0]["function"]["name"], "arguments": json.dumps({"word": word})}
            call = {"index": 0, "id": "call_1", "type": "function", "function": function}
            return _said([delta(tool_calls=[call])], "tool_calls")
        content = body["messages"][-1]["content"]
        pictures = [part for part in content if part["type"] == "image_url"] if isinstance(content, list) else []
        if pictures:
            colour = _colour(pictures[0]["image_url"]["url"])
            return _said([delta(content="pink" if "see" in self.cannot else f"{colour.capitalize()}.")])
        return _said([delta(content=text) for text in ("one, ", "two, ", "three")], slow="stream" not in self.cannot)


def _said(chunks: list[Any], stop: str = "stop", *, slow: bool = False) -> list[Step]:
    steps: list[Step] = [Head()]
    for chunk in chunks:
        steps += [Body(sse(chunk)), *([Wait(0.02)] if slow else [])]
    return [*steps, Body(sse(delta(stop), usage(1_000, 100), "[DONE]")), Finish()]


def _colour(url: str) -> str:
    """What a reader of PNG sees in the first pixel."""
    data = base64.b64decode(url.partition(",")[2])
    at = data.index(b"IDAT")
    pixels = zlib.decompress(data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at], "big")])
    return next(name for name, colour in COLOURS.items() if bytes(colour) == pixels[1:4])


async def _tried(home: Path, model: Any, *arguments: str, **variables: str) -> tuple[Finished, dict[str, Any]]:
    async with chat_server(model) as server:
        one = dict.fromkeys(("BIG_MODEL", "SMALL_MODEL", "THINKER_MODEL"), "openai/gpt-4.1")
        reach = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.base_url, "UNDERSTUDY_TOKEN": "us-test-0123456789"}
        done = await understudy("test", "--json", *arguments, home=home, variables={**one, **reach, **variables})
    assert KEY not in done.out + done.err
    return done, json.loads(done.out) if done.out else {}


def _outcomes(told: dict[str, Any]) -> dict[str, str]:
    (role,) = told["roles"]
    return {check["name"]: check["outcome"] for check in role["checks"]}


async def test_a_good_model_passes_everything_and_its_cost_is_told(scratch: Path) -> None:
    done, told = await _tried(scratch, Model())
    assert done.status == 0, done.err
    assert told["roles"][0]["roles"] == ["big", "small", "thinker"], "who plays several roles is asked once"
    assert set(_outcomes(told).values()) == {"passed"}
    assert told["calls"] == told["priced_calls"] == 3
    assert told["cost"] == pytest.approx(3 * (1_000 * 2e-6 + 100 * 8e-6))
    answer = told["roles"][0]["checks"][0]
    assert 0 < answer["first"] < answer["whole"]
    assert answer["usage"]["input"] == 1_000


@pytest.mark.parametrize(
    ("cannot", "check", "outcome", "status"),
    [
        ("tools", "tools", "failed", 1),
        ("obey", "tools", "failed", 1),
        ("forced", "tools", "passed", 0),
        ("see", "vision", "failed", 1),
        ("stream", "streaming", "noted", 0),
    ],
)
async def test_what_a_model_cannot_do_is_found(
    scratch: Path, cannot: str, check: str, outcome: str, status: int
) -> None:
    done, told = await _tried(scratch, Model(cannot))
    assert (done.status, _outcomes(told)[check]) == (status, outcome)
    assert told["ok"] is (status == 0)
    (found,) = [each for each in told["roles"][0]["checks"] if each["name"] == check]
    assert bool(found["mend"]) == (outcome != "passed")


async def test_a_refused_key_fails_with_the_proxys_sentence_and_nothing_more_is_asked(scratch: Path) -> None:
    refusal = whole({"error": {"message": f"Incorrect API key provided: {KEY}", "type": "invalid_request_error"}}, 401)
    done, told = await _tried(scratch, refusal)
    assert done.status == 1
    assert _outcomes(told) == {"answer": "failed"}
    assert "OpenAI rejected the API key" in told["roles"][0]["checks"][0]["sentence"]
    assert told["cost"] is None


async def test_a_model_without_a_price_is_unpriced_and_not_free(scratch: Path) -> None:
    unknown = dict.fromkeys(("BIG_MODEL", "SMALL_MODEL", "THINKER_MODEL"), "openai/nobody-knows")
    _, told = await _tried(scratch, Model(), **unknown)
    assert (told["cost"], told["priced_calls"], told["calls"]) == (None, 0, 3)


async def test_the_users_own_price_holds(scratch: Path) -> None:
    scratch.mkdir(exist_ok=True)
    (scratch / "settings.toml").write_text('[prices."openai/nobody-knows"]\ninput = 3.0\noutput = 30.0\n')
    unknown = dict.fromkeys(("BIG_MODEL", "SMALL_MODEL", "THINKER_MODEL"), "openai/nobody-knows")
    _, told = await _tried(scratch, Model(), **unknown)
    assert told["cost"] == pytest.approx(3 * (1_000 * 3e-6 + 100 * 30e-6))
    assert told["priced_calls"] == 3


async def test_only_the_roles_that_were_named(scratch: Path) -> None:
    _, told = await _tried(scratch, Model(), "SMALL", BIG_MODEL="demo/fast")
    assert [role["roles"] for role in told["roles"]] == [["small"]]


async def test_a_role_that_is_not_set_or_none_is_refused(scratch: Path) -> None:
    unset, _ = await _tried(scratch, Model(), "opus")
    assert (unset.status, unset.out) == (1, "")
    assert "OPUS is not set" in unset.err
    none, _ = await _tried(scratch, Model(), "huge")
    assert none.status == 2
    assert "'huge' is no role" in none.err


async def test_the_demo_is_told_to_a_person(scratch: Path) -> None:
    done = await understudy("test", home=scratch, variables=DEMO)
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "BIG, SMALL, THINKER  demo/fast"
    assert [line.split()[:2] for line in lines[1:4]] == [["ok", "answer"], ["ok", "streaming"], ["ok", "tools"]]
    assert lines[4].startswith("  -     vision     It cannot see")
    assert lines[5] == "Every role that was tried works. This cost $0."
    assert "\x1b" not in done.out


async def test_the_running_proxy_is_used(tmp_path: Path) -> None:
    async with serving(tmp_path / "home", variables=DEMO) as proxy:
        variables = {"UNDERSTUDY_TOKEN": proxy.token, "BIG_MODEL": "mistral/nowhere", "SMALL_MODEL": "mistral/nowhere"}
        for _ in range(50):  # until it has made itself known
            done = await understudy("test", "big", "--json", home=proxy.home, variables=variables)
            if done.status == 0:
                break
    assert json.loads(done.out)["roles"][0]["target"] == "demo/fast"


async def test_passthrough_is_tried_with_the_stored_key_alone(scratch: Path) -> None:
    async with anthropic_server(anthropic_stream(message_bytes("one, two"))) as server:
        reach = {"BIG_MODEL": "passthrough", "UNDERSTUDY_PASSTHROUGH_URL": server.address}
        without = await understudy("test", "--json", home=scratch, variables=reach)
        assert server.requests == []
        with_key = await understudy(
            "test", "--json", home=scratch, variables={**reach, "ANTHROPIC_API_KEY": "sk-ant-abcdefgh12345678"}
        )
    assert without.status == 0
    assert _outcomes(json.loads(without.out)) == {"answer": "skipped"}
    assert _outcomes(json.loads(with_key.out))["answer"] == "passed"
    assert server.requests[0].json["model"] == "claude-sonnet-4-5"
    assert server.requests[0].headers["x-api-key"] == "sk-ant-abcdefgh12345678"
    assert "x-understudy-token" not in server.requests[0].headers


@pytest.mark.parametrize("colour", COLOURS)
def test_the_picture_is_what_it_is_called(colour: str) -> None:
    assert _colour(f"data:image/png;base64,{base64.b64encode(png(colour)).decode()}") == colour
