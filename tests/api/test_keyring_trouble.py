"""Requests while the keyring is locked, hangs or is slow: whoever was let in is let in, and what is not known is told.

The store is a stub that a test locks and stops; time is the test's own, so that what was read can grow old at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy_core.config.key_store import KeyOrigin
from proxy_core.config.keys import LOCAL_TOKEN, Keys
from proxy_core.config.local_token import Launch, launch_token
from proxy_core.config.secret import Secret
from proxy_core.errors import KeyringClosed, NoKeyring
from tests.support.anthropic_server import anthropic_server, message_bytes, streamed
from tests.support.chat_server import ChatServer, chat_server, completion, whole
from tests.support.proxy import Running, request, running

OURS = "us-of-the-keyring-0123456789"
KEY = "sk-of-the-keyring-0123456789"
LOCKED = "The keyring is locked. Unlock it (on most desktops: log in again, or open its passwords app)."


class Keyring:
    """Holds the token and a key. While ``open`` is not set, whoever asks waits."""

    origin = KeyOrigin.KEYRING

    def __init__(self) -> None:
        self.kept = {LOCAL_TOKEN: Secret(OURS), "openai": Secret(KEY)}
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.asked: list[str] = []
        self.writes = 0
        self.inside = 0
        self.most_inside = 0

    def _enter(self, name: str) -> None:
        self.asked.append(name)
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.open.wait()
        self.inside -= 1
        if self.error is not None:
            raise self.error

    def get(self, name: str) -> Secret | None:
        self._enter(name)
        return self.kept.get(name)

    def set(self, name: str, secret: Secret) -> None:
        self._enter(name)
        self.writes += 1
        self.kept[name] = secret

    def remove(self, name: str) -> bool:
        self._enter(name)
        return self.kept.pop(name, None) is not None

    def names(self, among: Iterable[str]) -> tuple[str, ...]:
        self._enter("")
        return tuple(name for name in among if name in self.kept)


class Clock:
    """Stands still, or goes on by ``step`` whenever somebody looks."""

    now = 1_000.0
    step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Stage:
    """A proxy on the stub, with a provider behind it that notes the keys it is shown."""

    def __init__(self, proxy: Running, keyring: Keyring, clock: Clock, upstream: ChatServer) -> None:
        self.proxy = proxy
        self.keyring = keyring
        self.clock = clock
        self.upstream = upstream

    async def ask(self, token: str = OURS) -> httpx.Response:
        return await self.proxy.client.post("/v1/messages", json=request(), headers={"x-api-key": token})

    @property
    def keys_shown(self) -> list[str]:
        return [seen.headers.get("authorization", "").removeprefix("Bearer ") for seen in self.upstream.requests]

    async def settled(self) -> None:
        """Until every question that was put is answered."""
        for _ in range(1_000):
            if not any(thread.name == "understudy-keyring" for thread in threading.enumerate()):
                return
            await asyncio.sleep(0.005)
        raise AssertionError("the keyring is still asked")


def not_local(server: ChatServer) -> str:
    """An address of this machine that is not taken for a local server, which would need no key."""
    return server.base_url.replace("127.0.0.1", "127.1")


@asynccontextmanager
async def on_stage(
    tmp_path: Path, environ: Mapping[str, str] | None = None, *, request_wait: float = 2.0
) -> AsyncIterator[Stage]:
    keyring, clock = Keyring(), Clock()
    async with chat_server(whole(completion())) as upstream:
        variables = {"OPENAI_BASE_URL": not_local(upstream), "UNDERSTUDY_TOKEN": "", **(environ or {})}
        keys = Keys(variables, {}, keyring, monotonic=clock, request_wait=request_wait)
        try:
            async with running(tmp_path, variables, keys=keys) as proxy:
                yield Stage(proxy, keyring, clock, upstream)
        finally:
            keyring.open.set()


def said(answer: httpx.Response) -> tuple[int, str, str]:
    error: Mapping[str, Any] = answer.json()["error"]
    return answer.status_code, answer.headers.get("x-should-retry", ""), str(error["message"])


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as made:
        yield made


async def test_whoever_was_let_in_is_let_in_however_long_the_keyring_is_locked(stage: Stage) -> None:
    assert (await stage.ask()).status_code == 200
    stage.keyring.error = KeyringClosed(LOCKED)
    launched = launch_token(Secret(OURS), Launch("l1", "/p")).reveal()
    for _ in range(10):
        stage.clock.now += 31
        assert (await stage.ask()).status_code == 200
        assert (await stage.ask(launched)).status_code == 200
        await stage.settled()
    assert set(stage.keys_shown) == {KEY}
    assert stage.keyring.writes == 0, "no token was made"
    stage.keyring.error = None
    stage.clock.now += 31
    assert (await stage.ask()).status_code == 200


async def test_a_keyring_that_hangs_holds_up_no_request_and_one_thread(tmp_path: Path) -> None:
    async with on_stage(tmp_path, request_wait=3_600) as stage:  # one that waits at all would not be answered
        assert (await stage.ask()).status_code == 200
        await stage.settled()
        stage.keyring.open.clear()
        for _ in range(5):
            stage.clock.now += 31
            answers = await asyncio.gather(*(stage.ask() for _ in range(10)))
            assert {answer.status_code for answer in answers} == {200}
        assert stage.keyring.inside == stage.keyring.most_inside == 1
        assert sum(thread.name == "understudy-keyring" for thread in threading.enumerate()) == 1
        assert set(stage.keys_shown) == {KEY}


async def test_before_the_first_answer_a_locked_keyring_is_told_and_no_token_made(stage: Stage) -> None:
    stage.keyring.error = KeyringClosed(LOCKED)
    for token in (OURS, "us-a-wrong-one-0123456789"):
        answer = await stage.ask(token)
        assert said(answer) == (503, "true", LOCKED)
        assert answer.json()["type"] == "error"
        assert 0 < int(answer.headers["retry-after"]) <= 5
    assert stage.keyring.writes == 0
    stage.keyring.error = None
    stage.clock.now += 3
    assert (await stage.ask()).status_code == 200


async def test_before_the_first_answer_a_keyring_that_hangs_is_waited_for_and_told(stage: Stage) -> None:
    stage.keyring.open.clear()
    answers = await asyncio.gather(*(stage.ask() for _ in range(5)))
    assert {said(answer)[:2] for answer in answers} == {(503, "true")}
    assert "locked" in said(answers[0])[2]
    assert said(await stage.ask())[0] == 503
    assert stage.keyring.most_inside == 1
    stage.keyring.open.set()
    await stage.settled()
    assert (await stage.ask()).status_code == 200


async def test_a_provider_key_that_is_not_known_yet_is_not_said_to_be_missing(tmp_path: Path) -> None:
    async with on_stage(tmp_path, {"UNDERSTUDY_TOKEN": OURS}) as stage:
        stage.keyring.error = KeyringClosed(LOCKED)
        assert said(await stage.ask()) == (503, "true", LOCKED)
        streamed = await stage.proxy.client.post("/v1/messages", json=request(stream=True), headers={"x-api-key": OURS})
        assert said(streamed) == (503, "true", LOCKED)
        assert stage.upstream.requests == []
        stage.keyring.error = None
        stage.clock.now += 3
        assert (await stage.ask()).status_code == 200


async def test_a_wrong_token_is_refused_while_the_keyring_hangs_and_asks_nothing_more(stage: Stage) -> None:
    await stage.ask()
    await stage.settled()
    stage.keyring.open.clear()
    stage.clock.now += 31
    before = len(stage.keyring.asked)
    answers = await asyncio.gather(*(stage.ask(f"us-a-guess-{number:012}") for number in range(20)))
    assert {said(answer)[:2] for answer in answers} == {(401, "false")}
    assert len(stage.keyring.asked) - before <= 1
    assert (await stage.ask()).status_code == 200


async def test_guesses_do_not_become_as_many_questions(stage: Stage) -> None:
    await stage.ask()
    await stage.settled()
    stage.clock.step = 0.000_001
    before = len(stage.keyring.asked)
    answers = await asyncio.gather(*(stage.ask(f"us-a-guess-{number:012}") for number in range(40)))
    assert {answer.status_code for answer in answers} == {401}
    assert 1 <= len(stage.keyring.asked) - before <= 5


async def test_a_token_that_another_process_replaced_is_honoured_at_once_and_the_old_one_for_a_while(
    stage: Stage,
) -> None:
    await stage.ask()
    await stage.settled()
    new = "us-replaced-elsewhere-0123456789"
    stage.keyring.kept[LOCAL_TOKEN] = Secret(new)
    stage.clock.now += 2
    assert (await stage.ask(new)).status_code == 200
    assert (await stage.ask(OURS)).status_code == 200
    stage.clock.now += 31
    assert (await stage.ask(new)).status_code == 200
    assert (await stage.ask(OURS)).status_code == 401


async def test_a_key_that_another_process_changed_is_seen_behind_the_next_request(stage: Stage) -> None:
    await stage.ask()
    stage.keyring.kept["openai"] = Secret("sk-changed-0123456789")
    stage.clock.now += 6
    await stage.ask()
    await stage.settled()
    await stage.ask()
    assert stage.keys_shown[0] == KEY
    assert stage.keys_shown[-1] == "sk-changed-0123456789"


async def test_a_key_that_another_process_removed_is_used_no_more_once_the_keyring_says_so(stage: Stage) -> None:
    await stage.ask()
    del stage.keyring.kept["openai"]
    stage.keyring.error = KeyringClosed(LOCKED)
    stage.clock.now += 6
    assert (await stage.ask()).status_code == 200
    await stage.settled()
    stage.keyring.error = None
    stage.clock.now += 31
    await stage.ask()
    await stage.settled()
    status, retry, sentence = said(await stage.ask())
    assert (status, retry) == (400, "false")
    assert "no key" in sentence


async def test_a_key_that_is_set_elsewhere_serves_the_next_request(stage: Stage) -> None:
    key = stage.keyring.kept.pop("openai")
    assert (await stage.ask()).status_code == 400
    stage.keyring.kept["openai"] = key
    stage.clock.now += 6
    assert (await stage.ask()).status_code == 200


async def test_without_any_keyring_the_environment_serves_and_a_missing_key_is_said(tmp_path: Path) -> None:
    async with on_stage(tmp_path, {"UNDERSTUDY_TOKEN": OURS}) as stage:
        stage.keyring.error = NoKeyring("There is no keyring to keep keys in.")
        status, retry, sentence = said(await stage.ask())
        assert (status, retry) == (400, "false")
        assert "no key" in sentence
        assert "no keyring" in sentence


async def test_a_local_server_that_wants_no_key_answers_while_the_keyring_hangs(tmp_path: Path) -> None:
    async with chat_server(whole(completion())) as server:
        environ = {"UNDERSTUDY_TOKEN": OURS, "OLLAMA_BASE_URL": server.base_url, "BIG_MODEL": "ollama/llama3"}
        async with on_stage(tmp_path, environ) as stage:
            stage.keyring.open.clear()
            for _ in range(3):
                assert (await stage.ask()).status_code == 200
            assert stage.keyring.most_inside <= 1
            assert len(server.requests) == 3


@pytest.fixture
async def anthropic() -> AsyncIterator[ChatServer]:
    async with anthropic_server(streamed(message_bytes("Hi."))) as server:
        yield server


async def test_passthrough_uses_the_stored_key_while_the_keyring_hangs(tmp_path: Path, anthropic: ChatServer) -> None:
    environ = {"BIG_MODEL": "passthrough", "UNDERSTUDY_PASSTHROUGH_URL": anthropic.address}
    async with on_stage(tmp_path, environ) as stage:
        stage.keyring.kept["anthropic"] = Secret("sk-ant-of-the-keyring-0123")
        assert (await stage.ask()).status_code == 200
        stage.keyring.open.clear()
        stage.clock.now += 31
        assert (await stage.ask()).status_code == 200
        assert [seen.headers["x-api-key"] for seen in anthropic.requests] == ["sk-ant-of-the-keyring-0123"] * 2


async def test_passthrough_without_a_login_says_that_the_keyring_is_locked(
    tmp_path: Path, anthropic: ChatServer
) -> None:
    environ = {
        "BIG_MODEL": "passthrough",
        "UNDERSTUDY_PASSTHROUGH_URL": anthropic.address,
        "UNDERSTUDY_TOKEN": OURS,
    }
    async with on_stage(tmp_path, environ) as stage:
        stage.keyring.error = KeyringClosed(LOCKED)
        assert said(await stage.ask()) == (503, "true", LOCKED)
        own = {"x-understudy-token": OURS, "authorization": "Bearer sk-ant-oat-of-the-person", "x-api-key": ""}
        answer = await stage.proxy.client.post("/v1/messages", json=request(), headers=own)
        assert answer.status_code == 200, "a login of the client's own needs no keyring"
