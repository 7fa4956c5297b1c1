"""Run by a test: name every provider of LiteLLM's without a key, and print what would have left, to whom, with what.

One line of JSON: ``[provider, [[host, [names of the keys that were with it]], …], error]``.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from typing import Any

import httpx

from proxy_core.config.settings import Timeouts
from proxy_core.errors import UnderstudyError
from proxy_core.upstream.litellm_engine import LiteLLM
from proxy_core.upstream.port import UpstreamCall

KEYS = json.loads(os.environ["KEYS_TO_WATCH"])
left: list[list[Any]] = []


def _note(request: httpx.Request) -> None:
    seen = f"{request.url} {request.headers.raw}"
    left.append([request.url.host, [name for name, key in KEYS.items() if key in seen]])
    raise httpx.ConnectError("nothing leaves here", request=request)


async def _send(_client: httpx.AsyncClient, request: httpx.Request, **_: Any) -> httpx.Response:
    _note(request)
    raise AssertionError


def _send_at_once(_client: httpx.Client, request: httpx.Request, **_: Any) -> httpx.Response:
    _note(request)
    raise AssertionError


def _no_names(host: object, *_: object, **__: object) -> list[Any]:
    raise socket.gaierror(socket.EAI_NONAME, f"{host} is not asked for here")


async def main() -> None:
    """Name them all, one after the other."""
    engine = LiteLLM()
    await engine.warm_up()
    for id_ in sys.stdin.read().split():
        left.clear()
        body = {"messages": [{"role": "user", "content": "hi"}], "stream": True}
        call = UpstreamCall(id_, "some-model", body, timeouts=Timeouts(first_chunk=20.0))
        error = ""
        try:
            await engine.open(call)
        except UnderstudyError as refused:
            error = type(refused).__name__
        except Exception as fault:  # noqa: BLE001 - a fault of LiteLLM's own is not what is looked for
            error = type(fault).__name__
        print(json.dumps([id_, left, error]), flush=True)


httpx.AsyncClient.send = _send  # type: ignore[method-assign,assignment]
httpx.Client.send = _send_at_once  # type: ignore[method-assign,assignment]
socket.getaddrinfo = _no_names
asyncio.run(main())
