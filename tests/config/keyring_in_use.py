"""A proxy on the system's keyring, asked while that is locked, stopped or slow. Run by ``test_keyring_in_use``.

Time is the script's own, so that what was read grows old at once. Prints what became of it as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil
import secretstorage
from keyring.backends import SecretService

from proxy_core.config.key_store import KeyringStore
from proxy_core.config.keys import LOCAL_TOKEN, Keys
from proxy_core.config.secret import Secret
from tests.support.chat_server import chat_server, completion, whole
from tests.support.proxy import request, running

KEY = "sk-of-the-keyring-0123456789"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def lock() -> None:
    with closing(secretstorage.dbus_init()) as bus:
        secretstorage.get_default_collection(bus).lock()


def hang() -> None:
    psutil.Process(int(os.environ["KEYRING_PID"])).suspend()


def slow_down() -> None:
    quick: Callable[..., Any] = SecretService.Keyring.get_password

    def slow(self: Any, service: str, username: str) -> Any:
        time.sleep(2.5)
        return quick(self, service, username)

    setattr(SecretService.Keyring, "get_password", slow)  # noqa: B010


TROUBLES: dict[str, Callable[[], None]] = {"locked": lock, "hung": hang, "slow": slow_down}


async def main(trouble: str) -> dict[str, Any]:
    store, clock = KeyringStore(), Clock()
    token = Secret("us-of-the-keyring-0123456789")
    store.set(LOCAL_TOKEN, token)
    store.set("openai", Secret(KEY))
    keys = Keys({}, {}, store, monotonic=clock)
    async with chat_server(whole(completion())) as upstream:
        environ = {"UNDERSTUDY_TOKEN": "", "OPENAI_BASE_URL": upstream.base_url.replace("127.0.0.1", "127.1")}
        with tempfile.TemporaryDirectory() as home:
            async with running(Path(home), environ, keys=keys) as proxy:

                async def ask(token: str) -> httpx.Response:
                    headers = {"x-api-key": token}
                    return await proxy.client.post("/v1/messages", json=request(), headers=headers)

                first = (await ask(token.reveal())).status_code
                TROUBLES[trouble]()
                statuses, most_threads = list[int](), 0
                for _ in range(5):
                    clock.now += 31
                    answers = await asyncio.gather(*(ask(token.reveal()) for _ in range(10)))
                    statuses += [answer.status_code for answer in answers]
                    threads = [thread for thread in threading.enumerate() if thread.name == "understudy-keyring"]
                    most_threads = max(most_threads, len(threads))
                wrong = (await ask("us-a-guess-0123456789")).status_code
        shown = {seen.headers["authorization"] for seen in upstream.requests}
    return {
        "first": first,
        "statuses": sorted(set(statuses)),
        "served": len(statuses),
        "threads": most_threads,
        "wrong": wrong,
        "keys": sorted(shown),
    }


async def before_the_first_answer(trouble: str) -> dict[str, Any]:
    KeyringStore().set(LOCAL_TOKEN, Secret("us-of-the-keyring-0123456789"))
    TROUBLES[trouble]()
    keys = Keys({}, {}, KeyringStore())
    async with chat_server(whole(completion())) as upstream:
        environ = {"UNDERSTUDY_TOKEN": "", "OPENAI_BASE_URL": upstream.base_url}
        with tempfile.TemporaryDirectory() as home:
            async with running(Path(home), environ, keys=keys) as proxy:
                headers = {"x-api-key": "us-of-the-keyring-0123456789"}
                answer = await proxy.client.post("/v1/messages", json=request(), headers=headers)
    return {
        "status": answer.status_code,
        "retry": answer.headers.get("x-should-retry"),
        "type": answer.json()["type"],
        "message": answer.json()["error"]["message"],
    }


if __name__ == "__main__":
    what = {"in use": main, "at first": before_the_first_answer}[sys.argv[1]]
    sys.stdout.write(json.dumps(asyncio.run(what(sys.argv[2]))) + "\n")
