"""The door from the proxy's thread: nothing lost, in order, in batches ten times a second at most, silent when idle."""

from __future__ import annotations

import threading
import time

from pytestqt.qtbot import QtBot

from app.bridge import PACE, Bridge
from proxy_core.ledger.request_events import BodyCaptured, BodyKind, Progress, RequestEvent


def test_everything_comes_over_in_order_and_in_few_batches(qtbot: QtBot) -> None:
    bridge = Bridge()
    batches: list[tuple[RequestEvent, ...]] = []
    threads: set[int] = set()

    def take(batch: tuple[RequestEvent, ...]) -> None:
        batches.append(batch)
        threads.add(threading.get_ident())

    bridge.told.connect(take)
    began = time.monotonic()

    def tell() -> None:
        for number in range(5_000):
            bridge.on_event(Progress("a", 0.0, number))
            if number % 100 == 0:
                time.sleep(0.01)

    teller = threading.Thread(target=tell)
    teller.start()
    qtbot.waitUntil(lambda: sum(map(len, batches)) == 5_000, timeout=10_000)
    teller.join()
    took = time.monotonic() - began
    assert [one.text_bytes for batch in batches for one in batch if isinstance(one, Progress)] == list(range(5_000))
    assert len(batches) <= took * 1000 / PACE + 2
    assert threads == {threading.get_ident()}


def test_the_first_news_after_a_rest_comes_at_once(qtbot: QtBot) -> None:
    bridge = Bridge()
    heard: list[float] = []
    bridge.told.connect(lambda _: heard.append(time.monotonic()))
    said = time.monotonic()
    bridge.on_event(Progress("a", 0.0, 1))
    qtbot.waitUntil(lambda: bool(heard), timeout=30_000)
    assert heard[0] - said < PACE / 1000


def test_a_body_stays_with_the_ledger(qtbot: QtBot) -> None:
    bridge = Bridge()
    heard: list[RequestEvent] = []
    bridge.told.connect(heard.extend)
    bridge.on_event(BodyCaptured("a", 0.0, BodyKind.REQUEST, b"{}"))
    bridge.on_event(Progress("a", 0.0, 1))
    qtbot.waitUntil(lambda: bool(heard), timeout=30_000)
    assert heard == [Progress("a", 0.0, 1)]


def test_nothing_comes_in_once_it_is_closed(qtbot: QtBot) -> None:
    bridge = Bridge()
    heard: list[object] = []
    bridge.told.connect(heard.append)
    bridge.close()
    bridge.on_event(Progress("a", 0.0, 1))
    bridge.post(lambda: heard.append("posted"))
    qtbot.wait(PACE * 2)
    assert heard == []
