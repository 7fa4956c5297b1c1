"""An answer's event stream as the message that it adds up to: what is kept of it, searched and shown.

A stream is ten times as long as its message, and a secret that is cut over two events is found in neither.
"""

from __future__ import annotations

import re
from typing import Final

from proxy_core.anthropic_api.accumulator import from_stream
from proxy_core.anthropic_api.json_text import dumps

_BLOCK: Final = b"event: content_block_start\n"
_FRAME: Final = re.compile(
    rb'event: content_block_delta\ndata: \{[^\n]{0,80}"delta": ?\{"type": ?"(?:text|thinking|input_json)_delta", ?'
    rb'"(?:text|thinking|partial_json)": ?"'
)
_END: Final = b'"}}\n\n'


def assembled(answer: bytes) -> bytes:
    """Return the message as JSON, as far as it came, with the stream's ``error``; a body that is no stream as it is."""
    if not answer.lstrip().startswith((b"event:", b"data:", b":")):
        return answer
    try:
        return dumps(from_stream(_coalesced(answer)).to_json())
    except ValueError:
        return answer


def _coalesced(answer: bytes) -> bytes:
    """Join the deltas of each block to one: their frames differ in nothing but the text.

    This runs for every answer, beside the proxy's event loop and under the interpreter's lock. It saves two thirds of
    the processor time that the events would take one by one (0.6 instead of 2.2 µs each).

    A line break never stands within JSON's strings, so that what is removed is always the seam of two frames.
    """
    end = answer.rfind(b"\n\n") + 2  # what follows is part of a frame, if anything: it must not spoil a whole one
    parts = answer[:end].split(_BLOCK)
    for number, part in enumerate(parts):
        frame = _FRAME.search(part)
        if frame is not None:
            first = frame.end()  # before it stands the block's start, which ends as a delta does
            parts[number] = part[:first] + part[first:].replace(_END + frame.group(), b"")
    return _BLOCK.join(parts) + answer[end:]
