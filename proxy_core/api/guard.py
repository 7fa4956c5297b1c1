"""Who may enter: only this machine, only by our name, no web page, and only with the local token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from proxy_core.api.context import ApiContext
from proxy_core.api.responses import Headers, send_error
from proxy_core.config.local_token import Launch, admits
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Settings
from proxy_core.errors import InvalidRequest, Refused, Unauthenticated, UnderstudyError, UnknownPath, WrongHost
from proxy_core.messages import Message

TOKEN_HEADER: Final = b"x-understudy-token"
"""A place for the local token that leaves the client's own credential free for Anthropic."""

_PUBLIC: Final = frozenset({("HEAD", "/"), ("GET", "/"), ("GET", "/health")})
_FOR_LAUNCHES: Final = re.compile(r"/|/health|/api/hello|/v1/messages|/v1/messages/count_tokens|/v1/models(?:/.*)?")
"""What a launch token opens: what a session asks for, whatever else there may be one day."""

_OUR_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_HOST: Final = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::(?P<port>[0-9]{1,5}))?")
_CREDENTIALS: Final = frozenset({TOKEN_HEADER, b"x-api-key", b"authorization"})


@dataclass(frozen=True, slots=True)
class AdmittedClient:
    """Who was let in. ``headers`` are the request's without the local token, wherever it stood."""

    launch: Launch
    headers: Headers


class Guard:
    """Stands before the app. Its checks look at the connection and the headers alone: no body is read, nothing sent on.

    DNS rebinding is met by the ``Host`` check, web pages by refusing every ``Origin`` and sending no CORS headers,
    other users and machines by the token. A no is the same for a path that exists and for one that does not.
    """

    def __init__(self, app: ASGIApp, context: ApiContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request_id = f"req_{self._context.new_id()}"
        config_snapshot = self._context.config_snapshot()
        try:
            caller = await self._admit(scope, config_snapshot.settings)
        except UnderstudyError as error:
            await send_error(send, error, request_id)
            return
        known = {"understudy.caller": caller, "understudy.id": request_id, "understudy.in_force": config_snapshot}
        await self._app({**scope, **known}, receive, send)

    async def _admit(self, scope: Scope, settings: Settings) -> AdmittedClient:
        headers: Headers = list(scope["headers"])
        _check_host(headers, scope["server"])
        _check_origin(headers)
        if settings.proxy.open or (scope["method"], scope["path"]) in _PUBLIC:
            return AdmittedClient(Launch(""), [header for header in headers if header[0] != TOKEN_HEADER])
        now = self._context.clock()
        known, former = self._context.local_tokens.known(), self._context.local_tokens.former()
        caller = _with_token(headers, known, now) if known else None
        if caller is None and former is not None:
            caller = _with_token(headers, former, now)
        if caller is None and (fresh := await self._context.local_tokens.ask()) != known:
            caller = _with_token(headers, fresh, now)
        if caller is not None and caller.launch.id:
            if self._context.launches.ended(caller.launch.id):
                raise Unauthenticated(Message("guard.launch_ended"))
            if not _FOR_LAUNCHES.fullmatch(scope["path"]):
                raise UnknownPath(Message("guard.no_such_path", path=scope["path"]))
        if caller is None:
            raise Unauthenticated(Message("guard.token_wrong"))
        return caller


def _with_token(headers: Headers, local: Secret, now: float) -> AdmittedClient | None:
    """The caller by the token it shows. Every place is looked at, for a client's own credential may stand in one."""
    launch: Launch | None = None
    kept: Headers = []
    for name, value in headers:
        found = admits(local, _credential(name, value), now) if name in _CREDENTIALS else None
        launch = launch or found
        if found is None and name != TOKEN_HEADER:
            kept.append((name, value))
    return None if launch is None else AdmittedClient(launch, kept)


def _credential(name: bytes, value: bytes) -> str:
    text = value.decode("latin-1").strip()
    if name == b"authorization":
        scheme, _, text = text.partition(" ")
        return text.strip() if scheme.lower() == "bearer" else ""
    return text


def _check_host(headers: Headers, server: tuple[str, int | None] | None) -> None:
    """Exactly one ``Host``, a loopback name (or the very address the connection came to) and our port."""
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    if len(hosts) != 1:
        raise InvalidRequest(Message("guard.one_host"))
    match = _HOST.fullmatch(hosts[0])
    address, port = server or ("", None)
    if match is None or int(match["port"] or 80) != port:
        raise WrongHost(Message("guard.wrong_host"))
    name = (match["six"] or match["name"]).lower()
    if name not in _OUR_NAMES and name != address.lower():
        raise WrongHost(Message("guard.wrong_host"))


def _check_origin(headers: Headers) -> None:
    for name, value in headers:
        if name == b"origin" or (name == b"sec-fetch-site" and value not in {b"none", b"same-origin"}):
            raise Refused(Message("guard.web_page"))
        if name == b"access-control-request-private-network":
            raise Refused(Message("guard.web_page"))
