"""Each fault of a provider by its name: what the scripted server does instead of a good answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from tests.support.chat_server import Body, Cut, Finish, Hang, Head, Raw, Reset, Step, Wait, delta, sse, usage, whole
from tests.trouble.wires import ANTHROPIC, CHAT, KEY, Wire, error_body

Play = Callable[[Wire, bool], Sequence[Step]]
"""From the wire, and whether the answer streams, to what the server does."""

MEGABYTE: Final = 1_000_000
STREAM: Final = {"content-type": "text/event-stream"}
JSON: Final = {"content-type": "application/json"}


def _head(streamed: bool, **headers: str) -> Head:
    return Head(headers={**(STREAM if streamed else JSON), **{k.replace("_", "-"): v for k, v in headers.items()}})


def _middle(*steps: Step) -> Play:
    """The first half of a good answer, then ``steps``."""

    def play(wire: Wire, streamed: bool) -> Sequence[Step]:
        return [_head(streamed), Body(wire.parts(streamed=streamed)[0]), *steps]

    return play


def _instead(body: bytes, content_type: str = "", status: int = 200, **headers: str) -> Play:
    """``body``, with its length, in place of an answer."""

    def play(_: Wire, streamed: bool) -> Sequence[Step]:
        kind = content_type or (STREAM if streamed else JSON)["content-type"]
        return whole(body, status, kind, **headers)

    return play


def _refusal(status: int, message: str = "The scripted provider says no.", **fields: Any) -> Play:
    headers = {name: fields.pop(name) for name in tuple(fields) if name.startswith(("retry", "location", "x_"))}

    def play(wire: Wire, _: bool) -> Sequence[Step]:
        return whole(error_body(wire, message, **fields), status, **headers)

    return play


def _chunks(*payloads: Mapping[str, Any] | str, end: str = "\n\n") -> Play:
    """Chunks of a chat completion; what is not streamed is a good answer, and so is the other wire's."""

    def play(wire: Wire, streamed: bool) -> Sequence[Step]:
        if wire is CHAT and streamed:
            return [_head(True), Body(sse(*payloads, end=end)), Finish()]
        return [_head(streamed), Body(b"".join(wire.parts(streamed=streamed))), Finish()]

    return play


def _changed(change: Callable[[bytes], bytes], piece: int = 0) -> Play:
    """A good answer whose bytes are changed on their way."""

    def play(wire: Wire, streamed: bool) -> Sequence[Step]:
        return [_head(streamed), Body(change(b"".join(wire.parts(streamed=streamed))), piece), Finish()]

    return play


def _framed(*steps: Step, **headers: str) -> Play:
    """A head, then steps that break the framing."""

    def play(wire: Wire, streamed: bool) -> Sequence[Step]:
        first, second = wire.parts(streamed=streamed)
        bodies = {id(_FIRST): Body(first), id(_ALL): Body(first + second)}
        return [_head(streamed, **headers), *(bodies.get(id(step), step) for step in steps)]

    return play


_FIRST: Final = Raw(b"the first half")
_ALL: Final = Raw(b"the whole answer")
"""Stand for what the wire says there."""


def _finished(*steps: Step) -> Play:
    """All of the answer but its last frame, then ``steps``."""

    def play(wire: Wire, streamed: bool) -> Sequence[Step]:
        if not streamed:
            return _middle(*steps)(wire, streamed)
        answer = b"".join(wire.parts(streamed=True)).rstrip()
        return [_head(True), Body(answer[: answer.rindex(b"\n\n") + 2]), *steps]

    return play


def _lengths(more: int) -> Play:
    """A whole answer whose length is given in two headers, the second by so much longer."""

    def play(wire: Wire, streamed: bool) -> Sequence[Step]:
        data = b"".join(wire.parts(streamed=streamed))
        kind = (STREAM if streamed else JSON)["content-type"].encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\ncontent-length: %d\r\n\r\n"
        return [Raw(head % (kind, len(data), len(data) + more) + data), Hang()]

    return play


def _short(wire: Wire, streamed: bool) -> Sequence[Step]:
    first, second = wire.parts(streamed=streamed)
    length = str(len(first) + len(second))
    kind = (STREAM if streamed else JSON)["content-type"]
    return [Head(headers={"content-type": kind, "content-length": length}, chunked=False), Body(first), Cut()]


def _endless(wire: Wire, streamed: bool) -> Sequence[Step]:
    """More than anybody wants, until the client goes."""
    if not streamed:
        return [_head(False), *[Body(b" " * MEGABYTE)] * 80, Hang()]
    again = sse(delta(content="again ")) if wire is CHAT else wire.half[wire.half.rindex(b"event: ") :]
    more: list[Step] = [Body(again * 200), Wait(0.001)]
    return [_head(True), Body(wire.half), *more * 300, Hang()]


def _drip(wire: Wire, streamed: bool) -> Sequence[Step]:
    """A byte now and then: never silent, never done."""
    data = b"".join(wire.parts(streamed=streamed))
    return [_head(streamed), *[each for byte in data[:35] for each in (Body(bytes([byte])), Wait(0.1))], Hang()]


def _comments(wire: Wire, streamed: bool) -> Sequence[Step]:
    """Signs of life without an answer."""
    sign = b": PROCESSING\n\n" if streamed else b"\n"
    return [_head(streamed), *[each for _ in range(35) for each in (Body(sign), Wait(0.1))], Hang()]


def _error_first(wire: Wire, streamed: bool) -> Sequence[Step]:
    error = error_body(wire, f"The server had an error with {KEY}", code=500)
    if not streamed:
        return whole(error)
    frame = b"event: error\n" if wire is ANTHROPIC else b""
    return [_head(True), Body(frame + sse(error)), Finish()]


def _error_in_the_middle(wire: Wire, streamed: bool) -> Sequence[Step]:
    error = error_body(wire, f"The server had an error with {KEY}", code=500)
    frame = b"event: error\n" if wire is ANTHROPIC else b""
    return [_head(True), Body(wire.half + frame + sse(error)), Finish()] if streamed else whole(error)


def _json_to_a_stream(wire: Wire, _: bool) -> Sequence[Step]:
    return whole(wire.whole)


def _stream_as_json(wire: Wire, streamed: bool) -> Sequence[Step]:
    """The right bytes under the wrong name."""
    kind = "application/json" if streamed else "text/plain"
    return [Head(headers={"content-type": kind}), Body(b"".join(wire.parts(streamed=streamed))), Finish()]


def _truncated_character(wire: Wire, streamed: bool) -> Sequence[Step]:
    first, second = wire.parts(streamed=True)
    spoiled = first.replace(b"Half of ", "Half of é".encode()[:-1])
    return [_head(streamed), Body(spoiled + second if streamed else wire.whole.replace(b"of", b"o\xc3")), Finish()]


def _ending(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


def _tool(*pieces: str, finish: str | None = "tool_calls") -> list[Mapping[str, Any] | str]:
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "Bash", "arguments": ""}}
    calls = [{"index": 0, "function": {"arguments": piece}} for piece in pieces]
    chunks = [delta(role="assistant", tool_calls=[first]), *(delta(tool_calls=[call]) for call in calls)]
    return [*chunks, *([delta(finish)] if finish else []), "[DONE]"]


def _packed(wire: Wire, _: bool) -> Sequence[Step]:
    body = gzip.compress(json.dumps(error_body(wire, f"Incorrect API key provided: {KEY}")).encode())
    return whole(body, 401, content_encoding="gzip")


def _nested(depth: int) -> bytes:
    return b'{"error":' * depth + b'{"message":"deep"}' + b"}" * depth


TRACE: Final = (
    'Traceback (most recent call last):\n  File "/srv/app/main.py", line 42, in handle\n'
    f'    client = Client(api_key="{KEY}")\nValueError: bad key {KEY}'
)

PLAYED: Final[Mapping[str, Play]] = MappingProxyType(
    {
        "none": _changed(lambda data: data),
        # the connection
        "hang before the head": lambda *_: [Hang()],
        "hang after the head": _framed(Hang()),
        "hang in the middle": _middle(Hang()),
        "hang after the finish": _finished(Hang()),
        "reset after the finish": _finished(Wait(0.02), Reset()),
        "reset before the head": lambda *_: [Reset()],
        "close before the head": lambda *_: [Cut()],
        "reset in the head": lambda *_: [Raw(b"HTTP/1.1 200 OK\r\ncontent-ty"), Wait(0.02), Reset()],
        "reset after the head": _framed(Wait(0.02), Reset()),
        "reset in the middle": _middle(Wait(0.02), Reset()),
        "cut short of its length": _short,
        "cut in a chunk": _framed(_FIRST, Raw(b"40\r\ndata: {"), Cut()),
        "cut between chunks": _middle(Cut()),
        "clean close without an end": _middle(Finish()),
        "slow drip": _drip,
        "signs of life only": _comments,
        "without end": _endless,
        # the framing
        "chunk size damaged": _framed(_FIRST, Raw(b"zz\r\ndata\r\n")),
        "chunk size overflowing": _framed(_FIRST, Raw(b"f" * 20 + b"\r\ndata\r\n")),
        "gzip damaged": _framed(Body(b"\x1f\x8b\x08\x00garbage"), Finish(), content_encoding="gzip"),
        "an encoding nobody knows": _framed(_ALL, Finish(), content_encoding="rot13"),
        "a header of 1 MB": _framed(_ALL, Finish(), x_long="a" * MEGABYTE),
        "a header with control characters": _framed(_ALL, Finish(), x_odd="a\x01\x7fb"),
        "not HTTP": lambda *_: [Raw(b"SSH-2.0-OpenSSH_9.9\r\n"), Cut()],
        "status 999": _instead(b"{}", status=999),
        "status 099": lambda *_: [Raw(b"HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n"), Hang()],
        "the same length twice": _lengths(0),
        "two lengths": _lengths(1),
        "status 101": lambda *_: [Raw(b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"), Hang()],
        "length and chunked": _framed(_FIRST, Finish(), content_length="5"),
        # the body
        "HTML 200": _instead(b"<html><head><title>Log in</title></head><body>x</body></html>", "text/html"),
        "empty 200": _instead(b""),
        "status 204": lambda *_: [Head(204, {}, chunked=False), Cut()],
        "malformed chunk": _middle(Body(b'data: {"choices": [\n\n'), Finish()),
        "JSON that is no object": _instead(b"[1, 2]", "application/json"),
        "JSON to a stream": _json_to_a_stream,
        "wrong content-type": _stream_as_json,
        "truncated UTF-8": _truncated_character,
        "U+2028": _changed(lambda data: data.replace(b"Half of ", "Half of\u2028".encode())),
        "byte order mark": _changed(lambda data: b"\xef\xbb\xbf" + data),
        "CRLF": _changed(_ending),
        "NUL": _changed(lambda data: data.replace(b"Half of ", b"Half\\u0000of ")),
        "raw NUL": _changed(lambda data: data.replace(b"Half of ", b"Half\x00of ")),
        "in small pieces": _changed(lambda data: data, piece=31),
        # what a stream says
        "error object first": _error_first,
        "error object in the middle": _error_in_the_middle,
        "only [DONE]": _chunks("[DONE]"),
        "usage only": _chunks(usage(11, 0), "[DONE]"),
        "finish without content": _chunks(delta("stop"), "[DONE]"),
        "no [DONE]": _chunks(delta(content="Half of it"), delta("stop")),
        "finish twice": _chunks(delta(content="Half of it"), delta("stop"), delta("stop"), usage(3, 2), "[DONE]"),
        "content after the finish": _chunks(delta(content="Half of "), delta("stop"), delta(content="it"), "[DONE]"),
        "tool call cut": _chunks(*_tool('{"command": "ls', finish=None)[:-1]),
        "tool call cut and finished": _chunks(*_tool('{"command": "ls')),
        "choices of the wrong kind": _chunks(
            {"choices": {"0": 1}}, {"choices": [1, None]}, {"choices": None}, "[DONE]"
        ),
        # refusals
        "301 with the key": _refusal(301, location="http://127.0.0.1:9/elsewhere"),
        "400": _refusal(400),
        "401 repeating the key": _refusal(401, f"Incorrect API key provided: {KEY}. Or was it {KEY[:12]}…{KEY[12:]}?"),
        "401 repeating the key, packed": _packed,
        "402": _refusal(402),
        "403": _refusal(403),
        "404": _refusal(404),
        "405": _refusal(405),
        "408": _refusal(408),
        "409": _refusal(409),
        "413": _refusal(413),
        "422": _refusal(422),
        "429": _refusal(429),
        "429 retry-after 1": _refusal(429, retry_after="0.02"),
        "429 retry-after 61": _refusal(429, retry_after="61"),
        "429 retry-after a date": _refusal(429, retry_after="Fri, 01 Jan 2100 00:00:00 GMT"),
        "429 retry-after nonsense": _refusal(429, retry_after="Mon, 01 Jan 2024 00:00:00 +99999999999999"),
        "429 retry-after negative": _refusal(429, retry_after="-5"),
        "429 x-should-retry false": _refusal(429, x_should_retry="false"),
        "429 retry-after-ms": _refusal(429, retry_after_ms="30500"),
        "500": _refusal(500),
        "502": _refusal(502),
        "503": _refusal(503, retry_after="30"),
        "504": _refusal(504),
        "529": _refusal(529),
        "error body of 8 MB": _instead(
            b'{"error":{"message":"' + b"long " * 1_600_000 + b'"}}', "application/json", 500
        ),
        "error body hard to search": _instead(b"a-" * 30_000, "text/plain", 400),
        "error body nested deep": _instead(_nested(900), "application/json", 400),
        "error body with a stack trace": _instead(json.dumps({"error": {"message": TRACE}}).encode(), "", 500),
        "error body that never ends": lambda *_: [Head(500, JSON), Body(b'{"error":'), Hang()],
        "error body as a page": _instead(b"<html><title>502 Bad Gateway</title></html>", "text/html", 502),
        "error body empty": _instead(b"", "application/json", 503),
    }
)
"""What a server can do once it was asked."""

WAITING: Final = frozenset(
    {name for name in PLAYED if name.startswith("hang")}
    | {"slow drip", "signs of life only", "error body that never ends", "status 101"}
)
"""Those in which nothing, or next to nothing, comes until somebody's patience ends."""

UNPLAYED: Final = ("refused connection", "unknown name", "TLS to a plain port")
"""What goes wrong before a server was asked anything."""
