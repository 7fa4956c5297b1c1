"""The plan of a launch from what is in force: who plays which role, what the proxy offers beside, how it is let in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from proxy_core.catalogue.known import Known
from proxy_core.config.local_token import Launch
from proxy_core.config.secret import Secret
from proxy_core.config.settings import PASSTHROUGH, Engine, Role
from proxy_core.launch.claude_code import LaunchPlan, LaunchRole, LaunchSession, PickerOption, plan
from proxy_core.launch.settings_files import KeptValues
from proxy_core.routing.model_ids import role_of
from proxy_core.routing.roles import resolve


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
    """The proxy's answer to a GET; the status is 0 where there is none. Blocks for five seconds at most."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", path, headers={"x-understudy-token": token.reveal()})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()


def _part(known: Known, target: str) -> LaunchRole:
    if target == PASSTHROUGH:
        return LaunchRole(PASSTHROUGH)
    model = resolve(target, known)
    provider, facts = known.provider(model.provider), known.model(model.provider, model.name)
    here = provider is not None and (provider.local or provider.engine is Engine.DEMO)
    return LaunchRole(str(model), facts.window, facts.max_output, local=here)
