"""A steady stream of small requests: ``python -m bench.app_steady PORT TOKEN RATE SECONDS MODEL``."""

from __future__ import annotations

import asyncio
import sys

import aiohttp

from bench.load.wanted import Kind, Wanted
from bench.prompts import HEADERS, small


async def main(port: int, token: str, rate: int, seconds: float, model: str) -> int:
    """Send ``rate`` requests per second; print how many were answered successfully."""
    body = small(Wanted(Kind.WHOLE, 5), model)
    headers = {**HEADERS, "authorization": f"Bearer {token}", "content-type": "application/json"}
    good = 0
    loop = asyncio.get_running_loop()

    async def one(session: aiohttp.ClientSession) -> None:
        nonlocal good
        async with session.post(f"http://127.0.0.1:{port}/v1/messages", data=body, headers=headers) as answer:
            await answer.read()
            good += answer.status == 200

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session, asyncio.TaskGroup() as group:
        began = loop.time()
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            group.create_task(one(session))
    print(good)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])))
