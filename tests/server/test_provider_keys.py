"""Keys of many providers: the keyring is asked once for all, and only for those that nothing else gives."""

from __future__ import annotations

from pathlib import Path

from proxy_core.catalogue.provider_table import PROVIDERS
from proxy_core.config.key_store import MemoryStore
from proxy_core.config.keys import Keys
from proxy_core.config.paths import find
from proxy_core.config.secret import Secret
from proxy_core.errors import KeyringClosed
from proxy_core.ledger.request_events import Broadcast
from proxy_core.server.provider_keys import ProviderKeys
from proxy_core.server.runtime import Options, ProxyRuntime

PROVIDERS_ASKED = [PROVIDERS[id_] for id_ in ("openai", "mistral", "groq")]


class Store(MemoryStore):
    """A store that can be locked, and counts how often it is asked."""

    def __init__(self, *, locked: bool = False) -> None:
        super().__init__()
        self.locked = locked
        self.asked = 0

    def get(self, name: str) -> Secret | None:
        self.asked += 1
        if self.locked:
            raise KeyringClosed("The keyring is locked.")
        return super().get(name)


async def test_the_environment_is_at_hand_and_the_keyring_holds_the_rest() -> None:
    store = Store()
    store.set("mistral", Secret("sk-mistral-0123456789"))
    store.set("openai", Secret("sk-not-this-one-0123"))
    keys = ProviderKeys(Keys({"OPENAI_API_KEY": "sk-openai-0123456789"}, {}, store), frozenset)
    assert dict(keys.at_hand(PROVIDERS_ASKED)) == {"openai": Secret("sk-openai-0123456789")}
    assert dict(await keys.stored(PROVIDERS_ASKED)) == {
        "openai": Secret("sk-openai-0123456789"),
        "mistral": Secret("sk-mistral-0123456789"),
    }
    assert set(keys.at_hand(PROVIDERS_ASKED)) == {"openai", "mistral"}, "remembered for a while"


async def test_a_locked_keyring_is_asked_once_for_all_of_them() -> None:
    store = Store(locked=True)
    keys = ProviderKeys(Keys({}, {}, store), frozenset)
    assert await keys.stored(PROVIDERS_ASKED) == {}
    assert store.asked == 1


async def test_no_key_of_the_keyring_goes_to_an_address_from_a_project() -> None:
    store = Store()
    store.set("mistral", Secret("sk-mistral-0123456789"))
    keys = ProviderKeys(Keys({}, {}, store), lambda: frozenset({"mistral"}))
    assert await keys.stored(PROVIDERS_ASKED) == {}


async def test_the_demo_model_asks_no_keyring(tmp_path: Path) -> None:
    store = Store(locked=True)
    environ = {"UNDERSTUDY_HOME": str(tmp_path)}
    proxy = ProxyRuntime(Options(find(environ), environ, store, Broadcast()))
    assert (await proxy.key_of(PROVIDERS["demo"])).trouble == ""
    assert (await proxy.key_of(PROVIDERS["mistral"])).trouble == "The keyring is locked."
