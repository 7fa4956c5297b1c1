"""Streams of a provider, damaged on their way: the client gets a stream with an honest end, or an error in shape."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from proxy_core.api import retries
from tests.anthropic_grammar import Reading, read
from tests.support.chat_server import Body, Cut, Finish, Head, Request, Reset, Step, Wait, chat_server, sse
from tests.support.proxy import request
from tests.support.random_streams import Script, script
from tests.trouble.asgi import Got, app

COUNT = 10_000 if settings.default is not None and settings.default.max_examples >= 10_000 else 400

ASKED = json.dumps(request("Go on.", model="openai/gpt-4.1", stream=True)).encode()


@dataclass(frozen=True)
class Damage:
    """``kind``, and the bytes that are sent. ``cut`` says that they are the beginning of the good ones, no more."""

    kind: str
    data: bytes
    cut: bool = False


def damage(rng: random.Random, good: bytes) -> Damage:
    at = rng.randrange(len(good))
    frames = good.split(b"\n\n")
    place = rng.randrange(len(frames))
    changed = bytearray(good)
    match rng.randint(0, 8):
        case 0:
            return Damage("cut", good[:at], cut=True)
        case 1:
            for _ in range(rng.randint(1, 5)):
                changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            return Damage("bits flipped", bytes(changed))
        case 2:
            changed[at] = rng.randrange(256)
            return Damage("a byte changed", bytes(changed))
        case 3:
            return Damage("bytes dropped", good[:at] + good[at + rng.randint(1, 30) :])
        case 4:
            return Damage("bytes put in", good[:at] + rng.randbytes(rng.randint(1, 30)) + good[at:])
        case 5:
            return Damage("a frame dropped", b"\n\n".join(frames[:place] + frames[place + 1 :]))
        case 6:
            return Damage("a frame twice", b"\n\n".join([*frames[: place + 1], *frames[place:]]))
        case 7:
            rng.shuffle(frames)
            return Damage("frames out of order", b"\n\n".join(frames))
        case _:
            end = rng.randrange(at, len(good))
            return Damage("a stretch twice", good[:end] + good[at:])


def ends(rng: random.Random) -> list[Step]:
    return rng.choice([[Finish()], [Finish()], [Cut()], [Wait(0.002), Reset()]])


async def test_damaged_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "_WAITS", (0.0, 0.0))
    seen: Counter[str] = Counter()
    steps: list[Step] = []

    def play(_: Request) -> Sequence[Step]:
        return steps

    async with chat_server(play) as upstream:
        environ = {"OPENAI_BASE_URL": upstream.base_url, "OPENAI_API_KEY": "sk-upstream-0123456789"}
        async with app(tmp_path, environ) as proxy:
            for number in range(COUNT):
                rng = random.Random(number)
                said = script(rng)
                good = sse(*said.chunks, "[DONE]")
                done = damage(rng, good)
                middle = rng.randrange(len(done.data) + 1)
                steps[:] = [Head(), Body(done.data[:middle] or b" "), Body(done.data[middle:] or b" "), *ends(rng)]
                got = await proxy.post("/v1/messages", ASKED)
                try:
                    seen[judge(got, said, done, good)] += 1
                except AssertionError as fault:
                    raise AssertionError(f"stream {number}, {done.kind}: {got.status} {got.body!r}") from fault
                proxy.heard.records.clear()
                proxy.heard.events.clear()
                upstream.requests.clear()
    print(dict(seen))
    assert min(seen[end] for end in ("good", "error event", "error")) > 0


def judge(got: Got, said: Script, done: Damage, good: bytes) -> str:
    assert got.is_whole
    if got.status != 200:
        value = json.loads(got.body)
        assert (got.status, value["type"]) == (502, "error")
        assert value["request_id"] == got.headers["request-id"]
        return "error"
    reading = read(got.body)
    if reading.error is not None:
        assert b'"request_id":"req_' in got.body
    if done.cut:
        judge_cut(reading, said, done.data, good)
    return "good" if reading.complete else "error event"


def judge_cut(reading: Reading, said: Script, sent: bytes, good: bytes) -> None:
    """Of an answer that was cut nothing is made up, and it is whole only if its finish reason had come."""
    assert said.text.startswith(reading.text)
    assert said.thinking.startswith(reading.thinking)
    for call in reading.tools:
        assert dict(call.input) in [each.input for each in said.calls]
    if reading.complete:
        finish = good.index(f'"finish_reason": "{said.stop}"'.encode())
        assert len(sent) > finish, "an end that nobody gave"
