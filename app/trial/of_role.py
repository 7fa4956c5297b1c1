"""Which name a role's model is tried under: the role's own, or under passthrough a Claude name that is routed there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.trial.checks import Tried
from proxy_core.catalogue.known import Known
from proxy_core.config.settings import PASSTHROUGH, Role
from proxy_core.routing.model_ids import role_id

_NAMES: Final[Mapping[Role, str]] = MappingProxyType(
    {Role.BIG: "claude-sonnet-4-5", Role.OPUS: "claude-opus-4-5", Role.SMALL: "claude-haiku-4-5"}
)


def tried_of(
    role: Role, target: str, roles: Mapping[Role, str], known: Known, *, has_anthropic_key: bool
) -> Tried | None:
    """What to try for ``role``, which ``target`` plays; None under passthrough with Claude Code's own login alone."""
    if target != PASSTHROUGH:
        provider, _, name = target.partition("/")
        return Tried(role_id(role), known.model(provider, name))
    asked_for = next((name for played, name in _NAMES.items() if roles.get(played) == PASSTHROUGH), None)
    if asked_for is None or not has_anthropic_key:
        return None
    return Tried(asked_for, known.model("anthropic", asked_for))
