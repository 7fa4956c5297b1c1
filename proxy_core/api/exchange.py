"""One request and the way to answer it, and the border at which every fault becomes an answer in shape."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import Message as ASGIMessage
from starlette.types import Receive, Scope, Send

from proxy_core.api.context import ApiContext, ConfigSnapshot
from proxy_core.api.fault_location import fault_location
from proxy_core.api.guard import AdmittedClient
from proxy_core.api.recorder import RequestRecorder
from proxy_core.api.request_body import ClientLeft, read_body, too_deep
from proxy_core.api.responses import send_error, stopping
from proxy_core.errors import InternalError, UnderstudyError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was let in. ``path`` comes with its query string; ``own_port`` is the port it came in by."""

    caller: AdmittedClient
    config_snapshot: ConfigSnapshot
    recorder: RequestRecorder
    method: str
    path: str
    own_port: int
    receive: Receive
    send: Send

    def header(self, name: bytes) -> str:
        """A header's value, or nothing."""
        for field, value in self.caller.headers:
            if field == name:
                return value.decode("latin-1")
        return ""

    async def body(self) -> bytes:
        """The request's body, within the limits."""
        seconds = self.config_snapshot.settings.timeouts.request_body
        return await read_body(self.caller.headers, self.receive, seconds=seconds)

    def began(self, asked_for: str, *, streamed: bool) -> None:
        """Tell the journal who asked for what."""
        launch = self.caller.launch
        self.recorder.began(
            path=self.path.partition("?")[0],
            asked_for=asked_for,
            streamed=streamed,
            session=self.header(b"x-claude-code-session-id"),
            agent=self.header(b"x-claude-code-agent-id"),
            project=launch.project,
            profile=launch.profile,
        )


async def serve(
    context: ApiContext, scope: Scope, receive: Receive, send: Send, work: Callable[[Exchange], Awaitable[None]]
) -> None:
    """Do ``work`` for a request. Whatever happens, the client gets an answer in shape, and the story an end.

    A fault of our own after the answer has begun leaves it unfinished: the connection is cut, which every client takes
    for what it is.
    """
    begun = ended = False

    async def noting(message: ASGIMessage) -> None:
        nonlocal begun, ended
        begun = True
        ended = message["type"] == "http.response.body" and not message.get("more_body")
        await send(message)

    async def hearing() -> ASGIMessage:
        message = await receive()
        if ended:  # servers call everything a disconnect that comes after the last byte
            await asyncio.get_running_loop().create_future()
        return message

    async def refuse(error: UnderstudyError) -> None:
        recorder.failed(error)
        if not begun:
            await send_error(send, error, recorder.id)

    recorder = RequestRecorder(context.listener, context.clock, scope["understudy.id"])
    query = scope["query_string"].decode("latin-1")
    path = f"{scope['path']}?{query}" if query else scope["path"]
    own_port = (scope["server"] or ("", 0))[1] or 0
    caller, config_snapshot = scope["understudy.caller"], scope["understudy.in_force"]
    exchange = Exchange(caller, config_snapshot, recorder, scope["method"], path, own_port, hearing, noting)
    try:
        await work(exchange)
    except ClientLeft:
        recorder.cancelled()
    except asyncio.CancelledError:  # the server stops
        recorder.failed(stopping(), status=200 if begun else None)
        if not begun:
            await send_error(send, stopping(), recorder.id)
        raise
    except UnderstudyError as error:
        await refuse(error)
    except RecursionError:
        await refuse(too_deep())
    except Exception as fault:  # noqa: BLE001 - the border: no fault of ours may leave a client without an answer
        _log.error("%s failed: %s", recorder.id, fault_location(fault))
        await refuse(InternalError("Understudy itself failed on this request; its log says where."))
