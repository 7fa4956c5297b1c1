"""Pings and the end of an answer, to a client that reads slowly."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from proxy_core.api import streaming
from proxy_core.api.recorder import RequestRecorder
from proxy_core.api.streaming import EventWriter
from proxy_core.ledger.request_events import Progress, RequestEvent
from proxy_core.translate.stream import StreamTranslator


class Nobody:
    """Hears, and keeps nothing."""

    def on_event(self, events: RequestEvent) -> None:
        pass


class Heard(list[RequestEvent]):
    """Keeps the news."""

    def on_event(self, events: RequestEvent) -> None:
        self.append(events)


async def ignored(_: Message) -> None:
    """A client that says nothing."""


async def test_a_ping_that_waited_for_the_end_is_not_sent_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PING_AFTER", 0.02)
    sent: list[Message] = []

    async def slowly(message: Message) -> None:
        await asyncio.sleep(0.1 if message["type"] == "http.response.body" else 0)
        sent.append(message)

    translator = StreamTranslator("msg_1", "m")
    translator.feed({"choices": [{"index": 0, "delta": {"content": "Hi"}}]})
    writer = EventWriter(slowly, translator, RequestRecorder(Nobody(), lambda: 0.0, "req_1"))
    async with asyncio.TaskGroup() as group:
        pinging = group.create_task(writer.ping())
        await writer.write(translator.finish(declared_end=True), last=True)
        await asyncio.sleep(0.3)
        pinging.cancel()
    assert [message.get("more_body") for message in sent] == [None, False]


@pytest.mark.parametrize(
    ("chunks", "written"),
    [
        ([{"content": "Hello, world"}], "Hello, world"),
        ([{"content": "Hel"}, {"content": "lo"}], "Hello"),
        ([{"content": 'a "quoted" line\n' * 3}], 'a "quoted" line\n' * 3),
        ([{"content": "今天天气很好"}], "今天天气很好"),
        ([{"reasoning_content": "Well…"}, {"content": "Yes"}], "Well…Yes"),
        (
            [{"tool_calls": [{"index": 0, "id": "c", "function": {"name": "Bash", "arguments": '{"command": "ls"}'}}]}],
            '{"command": "ls"}',
        ),
    ],
    ids=["text", "in pieces", "escapes", "Chinese", "thinking", "arguments"],
)
async def test_progress_is_what_the_model_wrote_and_not_the_frames_around_it(
    chunks: list[dict[str, object]], written: str
) -> None:
    heard = Heard()
    translator = StreamTranslator("msg_1", "m")
    writer = EventWriter(ignored, translator, RequestRecorder(heard, lambda: 0.0, "req_1"))
    for delta in chunks:
        translator.feed({"choices": [{"index": 0, "delta": delta}]})
    await writer.write(translator.advance())
    told = [events.text_bytes for events in heard if isinstance(events, Progress)]
    assert told == [len(written.encode())]


def test_of_bytes_that_pass_unread_no_progress_is_made_up() -> None:
    heard = Heard()
    recorder = RequestRecorder(heard, lambda: 0.0, "req_1")
    recorder.progressed(b'event: content_block_delta\ndata: {"type": "content_block_delta"}\n\n' * 9)
    assert heard == []
