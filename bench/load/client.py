"""The client: keeps a program busy for a while and reports the result.

Run as ``python -m bench.load.client``: one :class:`Load` as JSON on standard input, one :class:`Seen` on the output.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Final, cast

import httptools
import orjson

from bench.load.meter import Meter
from bench.load.wanted import STAMP, STAMP_END

PATIENCE: Final = 10.0
"""Seconds that a program has to start all of its answers."""

_LONGER: Final = 0.05
"""Seconds by which a measurement is prolonged while it has no figure."""

_TAIL: Final = 64
"""Bytes kept from one read to the next, because a stamp may be split."""


@dataclass(frozen=True, slots=True)
class Load:
    """The load on the program at ``port``.

    Each of ``connections`` sends ``body`` to ``path``; with ``again`` it repeats that after each answer. Once all
    answers have started, ``warm`` seconds pass, and the following ``seconds`` are measured. A complete answer has
    ``chunks`` of text; any other number is a fault. ``program`` and ``upstream`` are process ids, 0 for none.
    """

    port: int
    path: str
    headers: dict[str, str]
    body: str
    connections: int
    again: bool
    chunks: int
    warm: float
    seconds: float
    program: int = 0
    upstream: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """The result of ``seconds``.

    ``chunks`` of text and complete ``answers`` arrived. ``delays`` (from sending to receiving a chunk) and ``first``
    (from sending a request to the first text of its answer) are the median and the 99th percentile in microseconds, 0
    without any; ``longest`` is the largest delay. The rest is processor time in seconds; ``fault`` describes what went
    wrong.
    """

    seconds: float = 0.0
    chunks: int = 0
    answers: int = 0
    delays: tuple[float, float] = (0.0, 0.0)
    longest: float = 0.0
    first: tuple[float, float] = (0.0, 0.0)
    program: float = 0.0
    upstream: float = 0.0
    client: float = 0.0
    foreign: float = 0.0
    fault: str = ""


@dataclass(slots=True)
class Tally:
    """What all connections have received since it was created. Times in nanoseconds."""

    chunks: int = 0
    answers: int = 0
    delays: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)


class Client:
    """All connections of one load."""

    def __init__(self, load: Load) -> None:
        fields = {"host": f"127.0.0.1:{load.port}", "content-type": "application/json", **load.headers}
        body = load.body.encode()
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.request = f"POST {load.path} HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body
        self.load = load
        self.tally = Tally()
        self.fault = ""
        self.waiting = load.connections
        self.all_began = asyncio.Event()

    async def run(self) -> Seen:
        """Run the load; return the result."""
        loop, load = asyncio.get_running_loop(), self.load
        meter = Meter(load.program, load.upstream)
        transports = []
        try:
            for _ in range(load.connections):
                transport, _ = await loop.create_connection(lambda: Connection(self), "127.0.0.1", load.port)
                transports.append(transport)
            try:
                await asyncio.wait_for(self.all_began.wait(), PATIENCE)
            except TimeoutError:
                # A program that cannot keep up is measured as it is.
                self.fault = self.fault or ("" if self.tally.chunks else "nothing came")
            if not self.fault:
                await asyncio.sleep(load.warm)
            return await self._measure(meter)
        finally:
            for transport in transports:
                transport.abort()

    @property
    def _has_figures(self) -> bool:
        """Whether there is one value of each kind; until then, a machine that is busy is measured for longer."""
        return bool(self.tally.chunks and ((self.tally.answers and self.tally.first) or not self.load.again))

    async def _measure(self, meter: Meter) -> Seen:
        before, began = meter.read(), time.monotonic()
        self.tally = tally = Tally()
        if not self.fault:
            await asyncio.sleep(self.load.seconds)
            while not self._has_figures and not self.fault and time.monotonic() - began < PATIENCE:
                await asyncio.sleep(_LONGER)
        seconds, used = time.monotonic() - began, meter.read() - before
        if not tally.chunks:
            self.fault = self.fault or "nothing came in the time that was measured"
        return Seen(
            seconds=seconds,
            chunks=tally.chunks,
            answers=tally.answers,
            delays=_middle_and_worst(tally.delays),
            longest=max(tally.delays, default=0) / 1000,
            first=_middle_and_worst(tally.first),
            fault=self.fault,
            **asdict(used),
        )


class Connection(asyncio.Protocol):
    """One connection: sends the request, reads its answer."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._parser = httptools.HttpResponseParser(self)
        self._tail = b""
        self._body = bytearray()
        self._sent = self._now = self._chunks = 0
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own type
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answered:
            self._fail(f"the connection was lost: {exc}")

    def data_received(self, data: bytes) -> None:
        self._now = time.monotonic_ns()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"not HTTP: {error}")

    def on_body(self, body: bytes) -> None:
        if self._parser.get_status_code() != 200:
            self._body += body
            return
        chunks = body.count(STAMP_END)
        if chunks == 0:
            self._tail = (self._tail + body)[-_TAIL:]
            return
        tally = self._client.tally
        tally.chunks += chunks
        if not self._chunks:
            self._first_text(tally)
        self._chunks += chunks
        whole = self._tail + body
        tally.delays += [self._now - int(sent) for sent in STAMP.findall(whole)]
        self._tail = whole[whole.rfind(STAMP_END) + 1 :][-_TAIL:]

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status != 200:
            self._fail(f"{status}: {bytes(self._body[:500]).decode(errors='replace')}")
        elif self._chunks != self._client.load.chunks:
            self._fail(f"an answer of {self._chunks} chunks instead of {self._client.load.chunks}")
        else:
            self._client.tally.answers += 1
            if self._client.load.again:
                self._ask()
            else:
                self._answered = True

    def _ask(self) -> None:
        self._chunks, self._tail = 0, b""
        self._sent = time.monotonic_ns()
        self._transport.write(self._client.request)

    def _first_text(self, tally: Tally) -> None:
        tally.first.append(self._now - self._sent)
        client = self._client
        client.waiting -= 1
        if client.waiting == 0:
            client.all_began.set()

    def _fail(self, sentence: str) -> None:
        self._client.fault = self._client.fault or sentence
        self._client.all_began.set()
        self._answered = True


def _middle_and_worst(nanoseconds: list[int]) -> tuple[float, float]:
    """Return the median and the 99th percentile in microseconds."""
    if not nanoseconds:
        return (0.0, 0.0)
    ordered = sorted(nanoseconds)
    return (ordered[len(ordered) // 2] / 1000, ordered[len(ordered) * 99 // 100] / 1000)


async def main() -> None:
    """Run one load from standard input."""
    load = Load(**orjson.loads(sys.stdin.buffer.read()))
    print(orjson.dumps(await Client(load).run()).decode(), flush=True)


if __name__ == "__main__":
    import uvloop

    gc.disable()
    uvloop.run(main())
