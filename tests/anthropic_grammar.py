"""An independent reader of Anthropic event streams: what came, or the number of the frame that breaks the grammar.

It shares no code with the product, so that the two cannot be wrong in the same way. Every stream in every test goes
through :func:`read`. The grammar is that of Anthropic's *Streaming messages* documentation, made as strict as the
strictest client there is (the two official SDKs and Claude Code were each seen to fail, or to lose content in silence,
on what is forbidden here):

- a frame is an ``event:`` line, a ``data:`` line with a JSON object whose ``type`` is its name, an empty line;
- ``message_start`` comes first and once, with an empty message; a ``ping`` may come anywhere;
- blocks are numbered 0, 1, 2 ...; one is open at a time; its start holds nothing of its content, its deltas are of its
  kind, and the arguments of a call add up to a JSON object;
- then one ``message_delta`` with the reason of the end and the usage, then ``message_stop``;
- or else an ``error`` and neither ``message_delta`` nor ``message_stop``. The open block is closed before it, unless
  it is a call whose arguments were cut: to close that one would be to hand over a call that the model never finished;
- nothing follows the end. Its reason is ``tool_use`` only after a call, and ``end_turn`` only without one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

STOP_REASONS: Final = frozenset(
    {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"}
)
COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
EMPTY_STARTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
    "server_tool_use": {"input": {}},
}
"""What a block's start must look like where its content would be; blocks of other kinds come whole."""

DELTAS: Final = {
    "text": frozenset({"text_delta", "citations_delta"}),
    "thinking": frozenset({"thinking_delta", "signature_delta"}),
    "tool_use": frozenset({"input_json_delta"}),
    "server_tool_use": frozenset({"input_json_delta"}),
}
PAYLOAD: Final = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}


class GrammarFault(AssertionError):
    """The stream breaks the grammar. ``frame`` counts from 0; one past the last means that the end is missing."""

    def __init__(self, frame: int, what: str) -> None:
        super().__init__(f"frame {frame}: {what}")
        self.frame = frame
        self.what = what


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the answer. ``text`` is its text or its thinking; ``input`` the parsed arguments of a tool call."""

    kind: str
    text: str = ""
    signature: str = ""
    id: str = ""
    name: str = ""
    input: Mapping[str, Any] = field(default_factory=dict)
    arguments: str = ""
    start: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """A stream that kept to the grammar.

    ``complete`` is True after a good end, False after an error; ``cut_call`` is the call that an error left open.
    """

    id: str
    model: str
    blocks: tuple[Block, ...]
    usage: Mapping[str, Any]
    stop_reason: str | None
    stop_sequence: str | None
    error: Mapping[str, Any] | None
    complete: bool
    cut_call: Block | None
    pings: int

    @property
    def text(self) -> str:
        """All the text, without thinking."""
        return "".join(block.text for block in self.blocks if block.kind == "text")

    @property
    def thinking(self) -> str:
        """All the thinking."""
        return "".join(block.text for block in self.blocks if block.kind == "thinking")

    @property
    def tools(self) -> tuple[Block, ...]:
        """The calls."""
        return tuple(block for block in self.blocks if block.kind == "tool_use")


def read(stream: bytes) -> Reading:
    """All of ``stream`` as what it says. Raises GrammarFault."""
    reader = _Reader()
    frames = split(stream)
    for number, frame in enumerate(frames):
        reader.number = number
        reader.take(*parse(number, frame))
    reader.number = len(frames)
    return reader.finish()


def split(stream: bytes) -> list[bytes]:
    """The frames, without the empty line that ends each. Raises GrammarFault when the last is cut."""
    if not stream:
        return []
    *frames, rest = stream.split(b"\n\n")
    if rest:
        raise GrammarFault(len(frames), f"cut in the middle: {rest[:80]!r}")
    return frames


def parse(number: int, frame: bytes) -> tuple[str, dict[str, Any]]:
    """The name and the data of one frame. Raises GrammarFault."""
    lines = frame.split(b"\n")
    if len(lines) != 2:
        raise GrammarFault(number, f"{len(lines)} lines instead of an event line and a data line: {frame[:80]!r}")
    if not lines[0].startswith(b"event: ") or not lines[1].startswith(b"data: "):
        raise GrammarFault(number, f"not an event line and a data line: {frame[:80]!r}")
    if b"\r" in frame:
        raise GrammarFault(number, "a carriage return")
    try:
        name, data = lines[0][7:].decode(), json.loads(lines[1][6:].decode(), parse_constant=_no_constant)
    except ValueError as error:
        raise GrammarFault(number, f"not UTF-8 JSON: {error}") from error
    if not isinstance(data, dict):
        raise GrammarFault(number, "the data is not an object")
    if data.get("type") != name:
        raise GrammarFault(number, f"event {name!r} with data of type {data.get('type')!r}")
    return name, data


def _is_unicode(text: str) -> bool:
    """Whether it has no half of a surrogate pair, which a client could not write down again."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=_no_constant), dict)
    except ValueError:
        return False


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


class _Reader:
    """Where in the grammar a stream stands."""

    def __init__(self) -> None:
        self.number = 0
        self.message: dict[str, Any] | None = None
        self.blocks: list[Block] = []
        self.open: dict[str, Any] | None = None
        self.parts: dict[str, list[str]] = {}
        self.delta: dict[str, Any] | None = None
        self.usage: dict[str, Any] = {}
        self.error: dict[str, Any] | None = None
        self.cut_call: Block | None = None
        self.stopped = False
        self.pings = 0

    def take(self, name: str, data: dict[str, Any]) -> None:
        self.check(not self.stopped and self.error is None, f"{name} after the end")
        if name == "ping":
            self.pings += 1
        elif name == "error":
            self.take_error(data)
        elif name == "message_start":
            self.take_message_start(data)
        else:
            self.check(self.message is not None, f"{name} before message_start")
            self.take_inner(name, data)

    def take_inner(self, name: str, data: dict[str, Any]) -> None:
        match name:
            case "content_block_start":
                self.take_block_start(data)
            case "content_block_delta":
                self.take_block_delta(data)
            case "content_block_stop":
                self.take_block_stop(data)
            case "message_delta":
                self.take_message_delta(data)
            case "message_stop":
                self.check(self.delta is not None, "message_stop without message_delta")
                self.stopped = True
            case _:
                self.check(False, f"an event of no known name: {name!r}")

    def take_error(self, data: dict[str, Any]) -> None:
        if self.open is not None:
            self.check(self.open["type"] == "tool_use", "error while a block is open")
            self.cut_call = self.block_so_far(self.open)
            self.check(not _is_object(self.cut_call.arguments), "error while a finished call is open")
        self.check(self.delta is None, "error after message_delta")
        error = data.get("error")
        told = isinstance(error, dict) and all(isinstance(error.get(key), str) for key in ("type", "message"))
        self.check(told, "error without type and message")
        self.error = error

    def take_message_start(self, data: dict[str, Any]) -> None:
        self.check(self.message is None, "a second message_start")
        message = data.get("message")
        self.check(isinstance(message, dict), "message_start without a message")
        assert isinstance(message, dict)
        for key in ("id", "model"):
            self.check(bool(message.get(key)) and isinstance(message[key], str), f"message_start without {key}")
        for key, value in (("type", "message"), ("role", "assistant"), ("content", [])):
            self.check(message.get(key) == value, f"message_start with {key} {message.get(key)!r}")
        for key in ("stop_reason", "stop_sequence"):
            self.check(key in message and message[key] is None, f"message_start whose {key} is not null")
        self.take_usage(message.get("usage"), required=("input_tokens", "output_tokens"))
        self.message = message

    def take_usage(self, usage: Any, required: tuple[str, ...]) -> None:
        self.check(isinstance(usage, dict), "no usage")
        for key in (*required, *(key for key in COUNTS if usage.get(key) is not None)):
            count = usage.get(key)
            self.check(type(count) is int and count >= 0, f"usage.{key} is {count!r}")
        self.usage.update({key: value for key, value in usage.items() if value is not None})

    def take_block_start(self, data: dict[str, Any]) -> None:
        self.check(self.open is None, "a block starts while another is open")
        self.check(self.delta is None, "a block after message_delta")
        self.check_index(data)
        block = data.get("content_block")
        self.check(isinstance(block, dict) and isinstance(block.get("type"), str), "a block without a type")
        assert isinstance(block, dict)
        empty = EMPTY_STARTS.get(block["type"], {})
        for key, value in empty.items():
            there = key in block or (block["type"], key) == ("thinking", "signature")
            self.check(
                there and block.get(key, value) == value, f"a {block['type']} start with {key} {block.get(key)!r}"
            )
        if block["type"] in {"tool_use", "server_tool_use"}:
            for key in ("id", "name"):
                self.check(bool(block.get(key)) and isinstance(block[key], str), f"a {block['type']} without {key}")
            self.check(block["id"] not in {past.id for past in self.blocks}, f"the id {block['id']!r} twice")
        self.open, self.parts = block, {}

    def take_block_delta(self, data: dict[str, Any]) -> None:
        self.check(self.open is not None, "a delta while no block is open")
        assert self.open is not None
        self.check_index(data)
        delta = data.get("delta")
        self.check(isinstance(delta, dict), "a delta without a delta")
        assert isinstance(delta, dict)
        kind = delta.get("type")
        allowed = DELTAS.get(self.open["type"], frozenset())
        self.check(kind in allowed, f"a {kind} in a {self.open['type']} block")
        if kind == "citations_delta":
            return
        payload = delta.get(PAYLOAD[str(kind)])
        self.check(isinstance(payload, str) and _is_unicode(payload), f"a {kind} with {payload!r}")
        self.check("signature_delta" not in self.parts, "something after the signature")
        self.parts.setdefault(str(kind), []).append(str(payload))

    def take_block_stop(self, data: dict[str, Any]) -> None:
        self.check(self.open is not None, "a block ends that is not open")
        assert self.open is not None
        self.check_index(data)
        block = self.block_so_far(self.open)
        if block.arguments:
            self.check(_is_object(block.arguments), f"arguments that are no JSON object: {block.arguments[:80]!r}")
            block = replace(block, input=json.loads(block.arguments))
        self.blocks.append(block)
        self.open = None

    def block_so_far(self, start: dict[str, Any]) -> Block:
        said = {kind: "".join(parts) for kind, parts in self.parts.items()}
        return Block(
            kind=start["type"],
            text=said.get("text_delta", "") + said.get("thinking_delta", ""),
            signature=said.get("signature_delta", ""),
            id=start.get("id", ""),
            name=start.get("name", ""),
            arguments=said.get("input_json_delta", ""),
            start=start,
        )

    def take_message_delta(self, data: dict[str, Any]) -> None:
        self.check(self.open is None, "message_delta while a block is open")
        self.check(self.delta is None, "a second message_delta")
        delta = data.get("delta")
        self.check(isinstance(delta, dict), "message_delta without a delta")
        assert isinstance(delta, dict)
        reason = delta.get("stop_reason")
        self.check(reason in STOP_REASONS, f"the end's reason is {reason!r}")
        self.check("stop_sequence" in delta, "message_delta without stop_sequence")
        self.check((reason == "stop_sequence") == (delta["stop_sequence"] is not None), "stop_sequence does not fit")
        called = any(block.kind == "tool_use" for block in self.blocks)
        self.check(called or reason != "tool_use", "the end's reason is tool_use without a call")
        self.check(not called or reason != "end_turn", "a call was made and the end's reason is end_turn")
        self.take_usage(data.get("usage"), required=("output_tokens",))
        self.delta = delta

    def check_index(self, data: dict[str, Any]) -> None:
        expected = len(self.blocks)
        index = data.get("index")
        self.check(type(index) is int and index == expected, f"index {index!r} instead of {expected}")

    def check(self, holds: bool, what: str) -> None:
        if not holds:
            raise GrammarFault(self.number, what)

    def finish(self) -> Reading:
        self.check(self.stopped or self.error is not None, "the stream ends without message_stop or error")
        message, delta = self.message or {}, self.delta or {}
        return Reading(
            id=message.get("id", ""),
            model=message.get("model", ""),
            blocks=tuple(self.blocks),
            usage=dict(self.usage),
            stop_reason=delta.get("stop_reason"),
            stop_sequence=delta.get("stop_sequence"),
            error=self.error,
            complete=self.stopped,
            cut_call=self.cut_call,
            pings=self.pings,
        )
