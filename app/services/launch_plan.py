"""The plan of a launch from what is in force: who plays which role, what the proxy offers beside, how it is let in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from proxy_core.catalogue.known import Known
from proxy_core.config import http_client
from proxy_core.config.local_token import Launch
from proxy_core.config.secret import Secret
from proxy_core.config.settings import PASSTHROUGH, Engine, Role
from proxy_core.launch.claude_code import LaunchPlan, LaunchRole, LaunchSession, PickerOption, plan
from proxy_core.launch.settings_files import KeptValues
from proxy_core.routing.model_ids import role_of
from proxy_core.routing.roles import resolve

_SECONDS: Final = 5.0
"""How long each step of an answer of the proxy's may take."""

_MOST: Final = 8 * 1024 * 1024
"""Bytes of such an answer that are read: the model lists of all providers may be in it."""


@dataclass(frozen=True, slots=True)
class LaunchRoles:
    """Who plays: ``roles`` as ``provider/name`` or passthrough. ``has_anthropic_key`` says whether one is stored."""

    roles: Mapping[Role, str]
    known: Known
    long_threshold: int
    has_anthropic_key: bool


def launch_for(folder: str, profile: str) -> Launch:
    """A launch in ``folder``, told from all others: it carries project and profile into the ledger."""
    return Launch(secrets.token_hex(8), folder, profile)


def plan_for(
    cast: LaunchRoles,
    address: str,
    token: Secret,
    environ: Mapping[str, str],
    offers: Sequence[PickerOption] = (),
    *,
    kept: KeptValues | None = None,
) -> LaunchPlan:
    """The environment of a session with the proxy at ``address``; ``kept`` is what its settings files have a say in."""
    parts = {role: _part(cast.known, target) for role, target in cast.roles.items()}
    session = LaunchSession(
        address=address,
        token=token,
        parts=parts,
        own_credential=any(part.passthrough for part in parts.values()) and not cast.has_anthropic_key,
        long_threshold=cast.long_threshold,
        offers=offers,
        kept=kept or KeptValues(),
    )
    return plan(session, environ)


def offers_of(address: str, token: Secret) -> list[PickerOption]:
    """The models that a session may choose from beside the roles; none where the proxy does not say. Blocks."""
    status, answer = asked(address, token, "/v1/models?limit=1000")
    return [
        PickerOption(entry["target"], entry["display_name"], entry["description"])
        for entry in (answer["data"] if status == HTTPStatus.OK else ())
        if role_of(entry["id"]) is None
    ]


def asked(address: str, token: Secret, path: str) -> tuple[int, Any]:
    """Return status and JSON of the proxy's answer to a GET, 0 and None where there is none. Blocks for seconds."""
    import httpx  # noqa: PLC0415 - 0.1 s, and a proxy of this process's own is not asked

    url = address + path
    headers = {"x-understudy-token": token.reveal()}
    try:
        with (
            http_client.client(url, None, seconds=_SECONDS) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            return response.status_code, json.loads(http_client.read(response, _MOST, _SECONDS) or b"")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return 0, None


def _part(known: Known, target: str) -> LaunchRole:
    if target == PASSTHROUGH:
        return LaunchRole(PASSTHROUGH)
    model = resolve(target, known)
    provider, facts = known.provider(model.provider), known.model(model.provider, model.name)
    here = provider is not None and (provider.local or provider.engine is Engine.DEMO)
    return LaunchRole(str(model), facts.window, facts.max_output, local=here)
