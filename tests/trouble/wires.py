"""The two wires on which a provider may fail, each with one good answer, so that every fault can be told on both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.support import anthropic_server
from tests.support.chat_server import completion, delta, sse, usage

KEY: Final = "sk-trouble-9f8e7d6c5b4a39281706"
"""The provider's key in every case: it must never come back."""

TEXT: Final = "Half of it"


@dataclass(frozen=True, slots=True)
class Wire:
    """A good answer, streamed in two parts (``half`` ends between two events) and whole."""

    half: bytes
    rest: bytes
    whole: bytes

    def parts(self, *, streamed: bool) -> tuple[bytes, bytes]:
        """The answer cut in two."""
        if streamed:
            return self.half, self.rest
        middle = len(self.whole) // 2
        return self.whole[:middle], self.whole[middle:]


_MESSAGE: Final = anthropic_server.message_bytes("Half of ", "it")
_CUT: Final = _MESSAGE.index(b"event: content_block_delta", _MESSAGE.index(b"Half of "))

CHAT: Final = Wire(
    half=sse(delta(role="assistant", content=""), delta(content="Half of ")),
    rest=sse(delta(content="it"), delta("stop"), usage(11, 2), "[DONE]"),
    whole=json.dumps(completion(TEXT)).encode(),
)
ANTHROPIC: Final = Wire(
    half=_MESSAGE[:_CUT],
    rest=_MESSAGE[_CUT:],
    whole=json.dumps(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-test",
            "content": [{"type": "text", "text": TEXT}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 11, "output_tokens": 2},
        }
    ).encode(),
)


def error_body(wire: Wire, message: str, **fields: Any) -> Mapping[str, Any]:
    """An error as the wire words it."""
    if wire is ANTHROPIC:
        return {"type": "error", "error": {"type": "api_error", "message": message, **fields}, "request_id": "req_1"}
    return {"error": {"message": message, **fields}}
