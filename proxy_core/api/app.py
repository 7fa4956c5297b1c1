"""The app: which path is answered by whom, behind the guard."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from proxy_core.anthropic_api.json_text import dumps
from proxy_core.api.context import ApiContext
from proxy_core.api.count_tokens import CountTokensEndpoint
from proxy_core.api.guard import Guard
from proxy_core.api.messages import MessagesEndpoint
from proxy_core.api.models import ModelsEndpoint
from proxy_core.api.responses import error_body
from proxy_core.config.local_token import NONCE, proof
from proxy_core.errors import MethodNotAllowed, UnderstudyError, UnknownPath


def make_app(context: ApiContext) -> ASGIApp:
    """The ASGI app of one proxy.

    Routes are raw ASGI apps: FastAPI's validation would refuse what clients send, and costs more than the translation
    (``docs/decisions/004-fastapi-with-raw-routes.md``). There is no page that describes the API, and nothing to
    administer over HTTP.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    models, messages, count_tokens = ModelsEndpoint(context), MessagesEndpoint(context), CountTokensEndpoint(context)
    app.router.routes = [
        Route("/v1/messages", messages, methods=["POST"]),
        Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
        Route("/v1/models", models, methods=["GET"]),
        Route("/v1/models/{model:path}", models, methods=["GET"]),
        Route("/", _root, methods=["GET"]),
        Route("/health", _Health(context), methods=["GET"]),
        Route("/api/hello", _hello, methods=["GET"]),
    ]
    app.add_exception_handler(HTTPException, _missed)
    hot: dict[tuple[str, str], ASGIApp] = {
        ("/v1/messages", "POST"): messages,
        ("/v1/messages/count_tokens", "POST"): count_tokens,
    }
    return Guard(_Straight(hot, app), context)


class _Straight:
    """Leads the two paths that a session asks all the time past the framework, whose layers add nothing to them.

    They handle every fault themselves (:mod:`proxy_core.api.exchange`); all else goes through the app.
    """

    def __init__(self, known: Mapping[tuple[str, str], ASGIApp], app: ASGIApp) -> None:
        self._known = known
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        target = self._known.get((scope["path"], scope["method"])) if scope["type"] == "http" else None
        await (target or self._app)(scope, receive, send)


async def _root(_: Request) -> Response:
    return Response(b'{"name":"understudy"}', media_type="application/json")


class _Health:
    """Whether it answers; to ``?nonce=…`` with a proof that it holds the local token, for who is about to send one."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        told = {"name": "understudy", "status": "ok"}
        nonce = Request(scope).query_params.get("nonce", "")
        if NONCE.fullmatch(nonce):
            with contextlib.suppress(UnderstudyError):  # a keyring that cannot be read: it lives, and can prove nothing
                local = self._context.local_tokens.known() or await self._context.local_tokens.ask()
                told["proof"] = proof(local, nonce, *scope["server"])
        await Response(dumps(told), media_type="application/json")(scope, receive, send)


async def _hello(_: Request) -> Response:
    return Response(b"{}", media_type="application/json")


async def _missed(request: Request, exception: Exception) -> Response:
    """A path or method that is not there, in Anthropic's shape."""
    error: UnderstudyError
    if isinstance(exception, HTTPException) and exception.status_code == MethodNotAllowed.status:
        error = MethodNotAllowed(f"{request.scope['path']} does not take {request.scope['method']}.")
    else:
        error = UnknownPath(f"There is nothing at {request.scope['path']}.")
    body = dumps(error_body(error, request.scope["understudy.id"]))
    headers = {"x-should-retry": "false", "request-id": request.scope["understudy.id"]}
    return Response(body, error.status, headers, "application/json")
