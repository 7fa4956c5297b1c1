"""``GET /v1/models``: what a client may ask for, in the shape of Anthropic's list."""

from __future__ import annotations

from typing import Any, Final

from starlette.types import Receive, Scope, Send

from proxy_core.api.casting import profile_of
from proxy_core.api.exchange import Exchange, serve
from proxy_core.api.house import House
from proxy_core.api.replies import send_json
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Profile, Role
from proxy_core.routing.model_ids import offered, role_id
from proxy_core.routing.roles import model_of

_CREATED: Final = "2025-01-01T00:00:00Z"
"""The list wants a date; roles and other vendors' models have none that a client could use."""


class Models:
    """The endpoint, an ASGI app behind the guard."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await serve(self._house, scope, receive, send, self._answer)

    async def _answer(self, exchange: Exchange) -> None:
        profile = profile_of(exchange.caller.launch, self._house.configuration().settings)
        models = listed(profile)
        answer = {
            "data": models,
            "has_more": False,
            "first_id": models[0]["id"],
            "last_id": models[-1]["id"],
        }
        await send_json(exchange.send, 200, answer)


def listed(profile: Profile) -> list[dict[str, Any]]:
    """The roles that are set, then the models behind them, each once."""
    roles = [role for role in Role if role in DEFAULT_ROLES or role in profile.roles]
    played = {role: model_of(role, profile.roles) for role in roles}
    models = dict.fromkeys(model for model in played.values() if model != PASSTHROUGH)
    return [_entry(role_id(role), f"{role.name}: {model}") for role, model in played.items()] + [
        _entry(model, model) for model in models
    ]


def _entry(model: str, name: str) -> dict[str, Any]:
    return {"type": "model", "id": offered(model), "display_name": name, "created_at": _CREATED}
