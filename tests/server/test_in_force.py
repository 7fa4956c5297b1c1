"""What is in force, asked for by many threads while the settings file changes: always whole, and never older again."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.config import paths
from proxy_core.config.key_store import MemoryStore
from proxy_core.config.settings import BudgetSettings, ProviderSettings, Settings
from proxy_core.config.settings_store import SettingsStore
from proxy_core.ledger.request_events import RequestEvent
from proxy_core.server.runtime import Options, ProxyRuntime
from proxy_core.server.settings_snapshot import SettingsSnapshot, open_settings
from tests.config.settings_on_disk import save

THREADS = 6
CHANGES = 40


class Unheard:
    def on_event(self, events: RequestEvent) -> None:
        """Nothing is kept."""


@pytest.fixture(autouse=True)
def _often() -> Iterator[None]:
    """Threads take turns as often as they can, so that what can go wrong between two lines does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def version(number: int) -> Settings:
    """Settings in which everything says the same number."""
    provider = ProviderSettings(base_url=f"http://127.0.0.1:{1000 + number}/v1")
    return replace(Settings(), budget=BudgetSettings(daily=float(number)), providers={"openai": provider})


def number_of(settings: Settings) -> int:
    return round(settings.budget.daily)


@contextmanager
def asking(ask: Callable[[], int]) -> Iterator[list[Exception]]:
    """Every thread calls ``ask`` again and again; what it raised is handed out."""
    ended, raised = threading.Event(), list[Exception]()

    def work() -> None:
        try:
            last = 0
            while not ended.is_set():
                seen = ask()
                assert seen >= last, "it went back"
                last = seen
        except Exception as error:  # noqa: BLE001 - of any kind: handed to the test's own thread
            raised.append(error)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield raised
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_the_file_never_goes_back_for_any_thread(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    save(path, version(1))
    store = SettingsStore(path, lambda loaded: loaded, every=0.0)
    with asking(lambda: number_of(store.poll().settings)) as raised:
        for number in range(2, CHANGES):
            save(path, version(number))
        time.sleep(0.05)
    assert raised == []
    assert number_of(store.poll().settings) == CHANGES - 1


def test_what_is_in_force_is_whole_and_never_goes_back(tmp_path: Path) -> None:
    places = paths.find({"UNDERSTUDY_HOME": str(tmp_path)})
    save(places.settings_file, version(1))
    told: list[str] = []
    derived: list[Settings] = []

    def slowly(settings: Settings) -> Settings:
        """As the command line would lay its word over them."""
        derived.append(settings)
        time.sleep(0.002)
        return settings

    environ = {"PORT": "0"}
    store = open_settings(places.settings_file, environ, ModelCatalogue(), told.append, override=slowly, every=0.0)
    proxy = ProxyRuntime(Options(places, environ, MemoryStore(), Unheard(), settings=store))

    def ask() -> int:
        before = number_of(proxy.configuration().settings)
        provider = proxy.known().provider("openai")
        assert provider is not None
        told_by_facts = int(provider.base_url.rpartition(":")[2].partition("/")[0]) - 1000
        after = number_of(proxy.configuration().settings)
        assert before <= told_by_facts <= after
        return after

    with asking(ask) as raised:
        for number in range(2, CHANGES):
            save(places.settings_file, version(number))
        time.sleep(0.05)
    assert raised == []
    assert number_of(proxy.configuration().settings) == CHANGES - 1
    assert len(told) == len(set(told)), "each trouble once"
    numbers = [number_of(settings) for settings in derived]
    assert numbers == sorted(set(numbers)), "by one thread for all"


def test_whoever_is_told_of_a_trouble_may_ask_what_is_in_force(tmp_path: Path) -> None:
    places = paths.find({"UNDERSTUDY_HOME": str(tmp_path)})
    heard: list[int] = []
    save(places.settings_file, version(1))
    made: list[SettingsStore[SettingsSnapshot]] = []
    report = lambda _: heard.append(number_of(made[0].poll().settings))  # noqa: E731
    made.append(open_settings(places.settings_file, {}, ModelCatalogue(), report, every=0.0))
    places.settings_file.write_text("version = 1\n[budget]\ndaily = 7.0\n[proxy]\nport = 'many'\n")
    done = threading.Thread(target=made[0].poll, daemon=True)
    done.start()
    done.join(30)
    assert not done.is_alive(), "it waits for itself"
    assert heard == [7]
