"""Which name a role's model is tried under: the role's own, or under passthrough a Claude name that is routed there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.services.model_probe.checks import Tried
from proxy_core.catalogue.known import Known
from proxy_core.config.settings import PASSTHROUGH, Role, Settings
from proxy_core.ledger.pricing import tariff
from proxy_core.routing.model_ids import role_id

_NAMES: Final[Mapping[Role, str]] = MappingProxyType(
    {Role.BIG: "claude-sonnet-4-5", Role.OPUS: "claude-opus-4-5", Role.SMALL: "claude-haiku-4-5"}
)


def probe_target(
    role: Role, roles: Mapping[Role, str], known: Known, settings: Settings, *, has_anthropic_key: bool
) -> Tried | None:
    """What to try for ``role``, one of ``roles``; None under passthrough with Claude Code's own login alone.

    ``settings`` have the user's own prices.
    """
    if roles[role] != PASSTHROUGH:
        provider, _, name = roles[role].partition("/")
        return Tried(role_id(role), known.model(provider, name), tariff(provider, name, known, settings))
    asked_for = next((name for played, name in _NAMES.items() if roles.get(played) == PASSTHROUGH), None)
    if asked_for is None or not has_anthropic_key:
        return None
    facts = known.model("anthropic", asked_for)
    return Tried(asked_for, facts, tariff("anthropic", asked_for, known, settings))
