"""An answer's event stream as the message that it adds up to: what is kept of it, searched and shown.

A stream is ten times as long as what it says, and a secret that is cut over two events is found in neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from proxy_core.anthropic_api.json_text import dumps, loads
from proxy_core.anthropic_api.sse import FrameSplitter, FrameTooLong

_BLOCK: Final = b"event: content_block_start\n"
_FRAME: Final = re.compile(
    rb'event: content_block_delta\ndata: \{[^\n]{0,80}"delta": ?\{"type": ?"(?:text|thinking|input_json)_delta", ?'
    rb'"(?:text|thinking|partial_json)": ?"'
)
_END: Final = b'"}}\n\n'

_TEXT_OF: Final = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


def assembled(answer: bytes) -> bytes:
    """The message as JSON, as far as it came; an ``error`` in it is the stream's. What is no stream is given back."""
    if not answer.lstrip().startswith((b"event:", b"data:", b":")):
        return answer
    splitter = FrameSplitter()
    try:
        payloads = splitter.feed(_joined(answer)) + splitter.close()
    except FrameTooLong:
        return answer
    message = _Message()
    for payload in payloads:
        message.take(payload)
    return dumps(message.whole()) if message.begun else answer


def _joined(answer: bytes) -> bytes:
    """The stream with the deltas of each block in one: their frames differ in nothing but the text.

    A line break never stands within JSON's strings, so that what is taken out is always the seam of two frames.
    """
    end = answer.rfind(b"\n\n") + 2  # behind it stands half a frame, if anything: it must not spoil a whole one
    parts = answer[:end].split(_BLOCK)
    for number, part in enumerate(parts):
        frame = _FRAME.search(part)
        if frame is not None:
            first = frame.end()  # what stands before it is the block's start, which ends as a delta does
            parts[number] = part[:first] + part[first:].replace(_END + frame.group(), b"")
    return _BLOCK.join(parts) + answer[end:]


class _Message:
    """A message as its events come."""

    def __init__(self) -> None:
        self.begun = False
        self._message: dict[str, Any] = {}
        self._blocks: dict[Any, dict[str, Any]] = {}
        self._texts: dict[Any, list[str]] = {}
        self._error: Any = None
        self._unread = 0

    def take(self, payload: bytes) -> None:
        """One event; what cannot be read is counted."""
        try:
            event = loads(payload)
        except ValueError:
            event = None
        if not isinstance(event, Mapping):
            self._unread += 1
            return
        match event.get("type"):
            case "message_start":
                self.begun = True
                self._message = dict(_object(event.get("message")))
            case "content_block_start":
                self.begun = True
                self._blocks[event.get("index")] = dict(_object(event.get("content_block")))
            case "content_block_delta":
                self._take_delta(event.get("index"), _object(event.get("delta")))
            case "message_delta":
                self._message |= _object(event.get("delta"))
                self._message["usage"] = {**_object(self._message.get("usage")), **_object(event.get("usage"))}
            case "error":
                self.begun = True
                self._error = event.get("error")
            case _:
                pass

    def whole(self) -> dict[str, Any]:
        """All that came."""
        content = [self._filled(index, block) for index, block in self._blocks.items()]
        whole = {**self._message, "content": content} if self._message or content else {}
        if self._error is not None:
            whole["error"] = self._error
        if self._unread:
            whole["unread_events"] = self._unread
        return whole

    def _take_delta(self, index: Any, delta: Mapping[str, Any]) -> None:
        block = self._blocks.setdefault(index, {})
        kind = delta.get("type")
        if isinstance(kind, str) and (name := _TEXT_OF.get(kind)) is not None:
            self._texts.setdefault(index, []).append(str(delta.get(name, "")))
        elif kind == "signature_delta":
            block["signature"] = delta.get("signature")
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or ()), delta.get("citation")]

    def _filled(self, index: Any, block: dict[str, Any]) -> dict[str, Any]:
        text = "".join(self._texts.get(index, ()))
        match block.get("type"):
            case "text":
                return {**block, "text": f"{block.get('text') or ''}{text}"}
            case "thinking":
                return {**block, "thinking": f"{block.get('thinking') or ''}{text}"}
            case _ if text:
                return {**block, "input": _arguments(text)}
            case _:
                return block


def _arguments(text: str) -> Any:
    """As the object that they are, or as the text where they were cut."""
    try:
        return loads(text)
    except ValueError:
        return text


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
