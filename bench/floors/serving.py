"""How every baseline is run: ``python -m bench.floors.NAME PORT UPSTREAM LOOP HTTP``, on uvicorn without its logs.

LOOP and HTTP are uvicorn's names: ``asyncio h11`` is its default installation, ``uvloop httptools`` its extra
``standard``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import uvicorn


def serve(make: Callable[[str], Any]) -> None:
    """Run the app that ``make`` returns for the upstream's address."""
    port, upstream, loop, http = sys.argv[1:5]
    app = make(f"http://127.0.0.1:{upstream}")
    uvicorn.run(
        app, port=int(port), loop=loop, http=http, access_log=False, lifespan="off", ws="none", log_level="error"
    )


async def body_of(receive: Callable[[], Any]) -> bytes:
    """Return a request's body."""
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)
