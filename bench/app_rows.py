"""How long many rows keep Qt's thread busy: ``python -m bench.app_rows [ROWS]`` fills, scrolls and filters the log.

Without a display: it measures the work of a frame, not a graphics card. Prints one line of JSON, times in ms.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from app.state.app_state import AppState, Phase, ProxyView
from app.state.commands import Command, ReadPage
from app.state.query_results import PageRead
from app.widgets.theme import Theme
from app.windows.watch.requests_table import RequestsTable
from app.windows.watch.window import WatchWindow
from proxy_core.ledger.request_events import RecordedUsage, RequestRecord, State
from proxy_core.ledger.rows import Filter, RequestRow
from proxy_core.messages import Message


def row(number: int) -> RequestRow:
    """Return a request as the ledger stores it."""
    began = 1_790_000_000.0 + number
    failed = number % 17 == 0
    record = RequestRecord(
        id=f"req_{number:08}",
        began=began,
        path="/v1/messages",
        asked_for="claude-sonnet-5-5",
        streamed=True,
        session=f"s{number // 40}",
        project="/work/atlas",
        role=("big", "small", "thinker")[number % 3],
        why=Message("route.role", asked="sonnet", role="BIG"),
        provider="openai",
        model=("gpt-4.1", "gpt-4.1-mini", "gpt-4o")[number % 3],
        engine="direct",
        first_token=began + 0.8,
        ended=began + 3 + number % 9,
        state=State.FAILED if failed else State.DONE,
        status=429 if failed else 200,
        error="Too many requests." if failed else "",
        usage=None if failed else RecordedUsage(input=3000 + number % 500, output=number % 900, cache_read=20_000),
    )
    return RequestRow(number, record, None if failed else 0.01 + number % 7 / 100)


class Rows:
    """Answers the window's queries from memory, as the app does from the ledger."""

    def __init__(self, count: int) -> None:
        self._rows = [row(number) for number in range(count, 0, -1)]
        self.asked: list[ReadPage] = []

    def take(self, command: Command) -> None:
        if isinstance(command, ReadPage):
            self.asked.append(command)

    def answer(self, asked: ReadPage) -> PageRead:
        wanted = asked.wanted
        rows = [
            one
            for one in self._rows
            if (asked.before is None or one.number < asked.before)
            and (not wanted.states or one.record.state in wanted.states)
            and all(word in one.record.model for word in wanted.text.split())
        ]
        return PageRead(asked, tuple(rows[: asked.limit]))


def main(count: int) -> int:
    """Fill, scroll from end to end, filter by keyboard."""
    application = QApplication([])
    window = WatchWindow(Theme(application))
    store = Rows(count)
    window.command_requested.connect(store.take)
    window.resize(1300, 800)
    window.show()
    window.show_state(AppState(proxy=ProxyView(Phase.RUNNING, "http://127.0.0.1:8082")))
    filling, scrolling, filtering = list[float](), list[float](), list[float]()
    application.processEvents()
    table = window.findChild(RequestsTable)
    assert table is not None
    asked = store.asked[-1] if store.asked else ReadPage(Filter())
    while table.model().rowCount() < count:
        page = store.answer(asked)
        with timed(filling):
            window.on_result(page)
            application.processEvents()
        asked = ReadPage(asked.wanted, before=page.rows[-1].number, limit=asked.limit)
    bar = table.verticalScrollBar()
    for step in range(200):
        with timed(scrolling):
            bar.setValue(round(bar.maximum() * step / 199))
            table.viewport().repaint()
            application.processEvents()
    for text in ("", "gpt", "gpt-4", "gpt-4.1", "gpt-4.1-mini"):
        with timed(filtering):
            window.show_requests(Filter(text=text), "")
            application.processEvents()
        with timed(filtering):
            window.on_result(store.answer(store.asked[-1]))
            application.processEvents()
    told = {
        "rows": count,
        "fill": summary(filling),
        "scroll": summary(scrolling),
        "filter": summary(filtering),
    }
    print(json.dumps(told))
    return 0


@contextmanager
def timed(into: list[float]) -> Iterator[None]:
    """Measure the milliseconds of the block."""
    began = time.perf_counter()
    yield
    into.append((time.perf_counter() - began) * 1000)


def summary(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"median": round(ordered[len(ordered) // 2], 2), "worst": round(ordered[-1], 2)}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
