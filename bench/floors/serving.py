"""How every floor is run: ``python -m bench.floors.NAME PORT UPSTREAM``, on uvicorn without its logs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import uvicorn


def serve(make: Callable[[str], Any]) -> None:
    """Run the app that ``make`` makes of the upstream's address."""
    port, upstream = (int(word) for word in sys.argv[1:3])
    app = make(f"http://127.0.0.1:{upstream}")
    uvicorn.run(app, port=port, lifespan="off", ws="none", access_log=False, log_level="error", loop="uvloop")


async def body_of(receive: Callable[[], Any]) -> bytes:
    """A request's body."""
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)
