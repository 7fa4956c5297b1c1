"""Pings and the end of an answer, to a client that reads slowly."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from proxy_core.api import streaming
from proxy_core.api.streaming import EventWriter
from proxy_core.api.telling import Telling
from proxy_core.ledger.journal import News
from proxy_core.translate.stream import StreamTranslator


class Nobody:
    """Hears, and keeps nothing."""

    def hear(self, news: News) -> None:
        pass


async def test_a_ping_that_waited_for_the_end_is_not_sent_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PING_AFTER", 0.02)
    sent: list[Message] = []

    async def slowly(message: Message) -> None:
        await asyncio.sleep(0.1 if message["type"] == "http.response.body" else 0)
        sent.append(message)

    translator = StreamTranslator("msg_1", "m")
    writer = EventWriter(slowly, translator, Telling(Nobody(), lambda: 0.0, "req_1"))
    async with asyncio.TaskGroup() as group:
        pinging = group.create_task(writer.ping())
        await writer.write(translator.finish(declared_end=True), last=True)
        await asyncio.sleep(0.3)
        pinging.cancel()
    assert [message.get("more_body") for message in sent] == [None, False]
