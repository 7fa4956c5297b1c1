"""The system's keyring is asked one question at a time, from however many threads."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from proxy_core.config import key_store
from proxy_core.config.key_store import KeyringStore
from proxy_core.config.secret import Secret


class _OneByOne:
    """A keyring that breaks when two look into it."""

    def __init__(self) -> None:
        self._busy = threading.Lock()

    def get_password(self, _service: str, username: str) -> str:
        if not self._busy.acquire(blocking=False):
            raise AssertionError("two at once")
        time.sleep(0.002)
        self._busy.release()
        return f"sk-{username}"

    def set_password(self, service: str, username: str, _password: str) -> None:
        self.get_password(service, username)


def test_threads_do_not_look_into_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring, store = _OneByOne(), KeyringStore()
    monkeypatch.setattr(key_store, "_backend", lambda: keyring)

    def asked(number: int) -> tuple[str, ...]:
        store.set("openai", Secret("sk-x"))
        return store.names((f"n{number}", "openai"))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(asked, range(24))) == [(f"n{number}", "openai") for number in range(24)]
